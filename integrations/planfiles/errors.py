"""Errors of reading files: what is wrong, and where."""

from integrations.errors import IntegrationError


class PlanFileError(IntegrationError):
    """A file that does not say what its format asks for.

    ``where`` is a JSON path (``$.people[3].tz``) or a file and line (``jo.ics:12``).
    """

    def __init__(self, where: str, problem: str) -> None:
        self.where, self.problem = where, problem
        super().__init__(f"{where}: {problem}")


class MalformedJSONError(PlanFileError):
    """A file that is not JSON in UTF-8; ``where`` is the line and column."""
