"""Is this installation able to work, and may it do no more than it should?

Each check is a real call that leaves no trace, or a look into the store, and says what would help.
The command line and the health page show the same list.
"""

from integrations.workflows.doctor.checks import Check, Finding
from integrations.workflows.doctor.examine import examine

__all__ = ["Check", "Finding", "examine"]
