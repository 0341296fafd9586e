"""Experiments with two volunteers: what this tenant does where tenants differ.

Everything made carries a tag, so that whatever a probe leaves behind when it dies is found and
taken out by the next one.
"""

from integrations.workflows.probe.findings import Answer, Question, recommended
from integrations.workflows.probe.run import NobodyAsked, Volunteers, clean_up, probe

__all__ = [
    "Answer",
    "NobodyAsked",
    "Question",
    "Volunteers",
    "clean_up",
    "probe",
    "recommended",
]
