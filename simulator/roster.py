"""Writes the roster of an invented firm, as its program office would hand it over."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import cycle

from simulator.firm_staff import ASSISTANT
from simulator.people import Firm, FirmPair, FirmPerson

COLUMNS = (
    "mentor_mail",
    "mentee_mail",
    "program",
    "start_date",
    "pair_id",
    "office",
    "practice_group",
    "mentor_practice_group",
    "mentee_practice_group",
    "timekeeper",
    "assistants",
    "focus",
    "place",
    "note",
)
PROGRAM = "Reverse Mentoring 2027"

_FOCUS = (
    "Generative AI in document review",
    "Clients on short video",
    "Working without e-mail",
    "What trainees expect",
    "Data protection in practice",
    "Legal tech start-ups",
    "Inclusion in the team",
)
_FIRST_TIMEKEEPER = 10_001


def roster_csv(firm: Firm, program: str = PROGRAM) -> str:
    """One line for each pair under a header, in the order of the firm's pairs.

    Commas, lines end with CR LF (RFC 4180), dates are ISO 8601. ``timekeeper`` is the mentor's
    number in the firm's time recording; ``assistants`` are the mentee's, separated by spaces.
    ``note`` tells the hours part-timers really work, which no mailbox publishes.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(_lines(firm, program))
    return text.getvalue()


def _lines(firm: Firm, program: str) -> Iterator[dict[str, str]]:
    by_id = {person.id: person for person in firm.people}
    numbers = {person.id: number for number, person in enumerate(firm.people, _FIRST_TIMEKEEPER)}
    assistant_of, group_of = _assistants(firm), _groups(firm)
    for pair, focus in zip(firm.pairs, cycle(_FOCUS), strict=False):
        mentor, mentee = by_id[pair.mentor], by_id[pair.mentee]
        yield {
            "mentor_mail": mentor.mail,
            "mentee_mail": mentee.mail,
            "program": program,
            "start_date": pair.start_date.isoformat(),
            "pair_id": pair.id,
            "office": pair.office,
            "practice_group": pair.practice_group,
            "mentor_practice_group": group_of[pair.mentor],
            "mentee_practice_group": group_of[pair.mentee],
            "timekeeper": str(numbers[mentor.id]),
            "assistants": assistant_of.get(mentee.id, ""),
            "focus": focus,
            "place": _place(pair, mentor, mentee),
            "note": "; ".join(filter(None, (_part_time(mentor), _part_time(mentee)))),
        }


def _assistants(firm: Firm) -> dict[str, str]:
    """Assistant's mail by senior's id: those of an office share its seniors in turn."""
    found: dict[str, str] = {}
    for office in firm.offices:
        staff = [person for person in firm.people if person.office == office]
        mails = [person.mail for person in staff if person.title == ASSISTANT]
        seniors = [person.id for person in staff if person.senior]
        if mails:
            found.update(zip(seniors, cycle(mails), strict=False))
    return found


def _groups(firm: Firm) -> dict[str, str]:
    """Practice group by person's id, as their first pair names it.

    A mentor's is the pair's, and so is that of two mentees of three; the third is of another.
    """
    names = sorted({pair.practice_group for pair in firm.pairs})
    found: dict[str, str] = {}
    for number, pair in enumerate(firm.pairs):
        found.setdefault(pair.mentor, pair.practice_group)
        other = names[(names.index(pair.practice_group) + (number % 3 == 2)) % len(names)]
        found.setdefault(pair.mentee, other)
    return found


def _place(pair: FirmPair, mentor: FirmPerson, mentee: FirmPerson) -> str:
    """Teams, but every fourth pair of one office meets in a room there."""
    if mentor.office != mentee.office or int(pair.id[1:]) % 4:
        return "Teams"
    return f"{pair.office}, meeting room {1 + int(pair.id[1:]) % 9}"


def _part_time(person: FirmPerson) -> str:
    hours = ", ".join(
        f"{day[:3].capitalize()} {begin:%H:%M}-{finish:%H:%M}"
        for day, (begin, finish) in person.hours_by_weekday.items()
    )
    return f"{person.name} works {hours}" if hours else ""
