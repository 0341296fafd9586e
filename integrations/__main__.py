"""``python -m integrations`` is ``tandem``, where the command is not installed."""

from integrations.cli import main

main()
