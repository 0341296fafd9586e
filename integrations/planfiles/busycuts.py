"""Takes the ``busy`` lists out of a file before it is decoded, and decodes them apart.

A large problem is nearly all busy entries; decoded at once they take ten times the
room of the file. Cut out, they stand in memory a few people at a time.
"""

import re
from collections.abc import Iterator, Sequence

from integrations.planfiles.busytimes import busy_tables
from integrations.planfiles.errors import MalformedJSONError
from integrations.planfiles.members import Node, decoded
from scheduling.people import BusyTable

# A quote without a backslash before it opens or closes a string, and only after an opening one
# comes a letter: this is a member's name and nothing else. What the brackets then hold is used
# only if it decodes, and no JSON list is the beginning of another one.
_BUSY = re.compile(rb'(?<!\\)"busy"\s*+:\s*+(\[\s*+(?:\[[^\[\]]*+\]\s*+,?+\s*+)*+\])')
_PEOPLE_AT_ONCE = 32


class CutElsewhereError(Exception):
    """What was cut out is not one list for each person: the file is to be read whole.

    It is not JSON, or has further members of that name, or a list that is missing or
    holds something else.
    """


class BusyCuts:
    """A file's bytes in two: its ``busy`` lists, and the rest with a number for each."""

    def __init__(self, content: bytes) -> None:
        self._content = memoryview(content)
        self._spans = [found.span(1) for found in _BUSY.finditer(content)]

    def rest(self) -> Node:
        """The document with the number of its list, from 0, as every ``busy`` member.

        Raises:
            CutElsewhereError: the rest is not JSON.
        """
        return _decoded(b"".join(self._rest()))

    def _rest(self) -> Iterator[bytes | memoryview]:
        begin = 0
        for number, (start, end) in enumerate(self._spans):
            yield self._content[begin:start]
            yield b"%d " % number
            begin = end
        yield self._content[begin:]

    def tables(self, people: Sequence[Node]) -> list[BusyTable]:
        """The calendars of the people of the rest.

        Raises:
            CutElsewhereError: the lists are not those of these people, one each in order.
            PlanFileError: an entry is not a start, an end and a status.
        """
        numbers = [person.mapping().get("busy") for person in people]
        if numbers != list(range(len(self._spans))):
            raise CutElsewhereError
        tables: list[BusyTable] = []
        for first in range(0, len(people), _PEOPLE_AT_ONCE):
            spans = self._spans[first : first + _PEOPLE_AT_ONCE]
            lists = [
                Node(_decoded(self._content[start:end]).value, f"{person.path}.busy")
                for (start, end), person in zip(spans, people[first:], strict=False)
            ]
            tables += busy_tables(lists)
        return tables


def _decoded(content: bytes | memoryview) -> Node:
    try:
        return decoded(content)
    except MalformedJSONError:
        raise CutElsewhereError from None
