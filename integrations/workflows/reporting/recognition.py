"""Recognition: who wishes it, and what they did. Nobody is named without their own yes.

The yes is one of the person's preferences: no coordinator and no assistant can say it for them. It
is theirs for all their pairs, and may be taken back on the same page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from integrations.language import N_, gettext
from integrations.page_records import Preference
from integrations.ports import Transaction
from integrations.records import JournalEntry, Pair, PersonShown
from integrations.workflows.messages.words import long_date
from integrations.workflows.pair_page.acting import Actor
from integrations.workflows.reporting.history import History, histories_of_person
from integrations.workflows.reporting.hours import tenths_of_hours
from integrations.workflows.reporting.tables import Cell, Table, table
from scheduling.attendance.recognition import Badge, Deeds, deeds_of

BADGES: Mapping[Badge, str] = MappingProxyType(
    {
        Badge.FIRST_MEETING: N_("First meeting"),
        Badge.HALF_WAY: N_("Half of the meetings asked for"),
        Badge.ALL_MEETINGS: N_("All meetings asked for"),
        Badge.FIVE_LED: N_("Five meetings led"),
        Badge.TEN_LED: N_("Ten meetings led"),
        Badge.TEN_HOURS: N_("Ten hours given"),
    }
)
_WISHED = "recognition"
_COLUMNS = (
    ("program", "Program"),
    ("name", "Name"),
    ("held", "Meetings held"),
    ("led", "of them led"),
    ("hours", "Hours together"),
    ("badges", "Badges"),
)
_BADGE_COLUMNS = (("program", "Program"), ("badge", "Badge"), ("reached", "Reached"))


def wishes_recognition(tx: Transaction, person_ids: Iterable[str]) -> frozenset[str]:
    """Those of these people who said yes."""
    found = tx.preferences.many(person_ids)
    return frozenset(key for key, said in found.items() if said.body.get(_WISHED) is True)


def choose_recognition(
    tx: Transaction, actor: Actor, pair: Pair, now: datetime, *, wished: bool
) -> None:
    """Keep somebody's own yes, or take it back.

    Raises:
        NotTheirsError: an assistant asks.
    """
    actor.alone(N_("choose recognition"))
    person_id = actor.person_id
    said = tx.preferences.get(person_id) or Preference(
        person_id=person_id, body={}, set_at=now, set_by=actor.word
    )
    body = {**said.body, _WISHED: wished}
    tx.preferences.put(replace(said, body=body, set_at=now, set_by=actor.word))
    tx.journal.write(
        JournalEntry(
            at=now,
            code="recognition_wished" if wished else "recognition_ended",
            program_id=pair.program_id,
            person_id=person_id,
        )
    )


def recognition_table(tx: Transaction, found: Sequence[History], now: datetime) -> Table:
    """What those did who wish it to be seen, by name; partners are not named.

    Who has not met anybody yet is not either: a nought beside a name recognises nothing.
    """
    everybody = {p.id: p for history in found for p in (history.mentor, history.mentee)}
    wished = wishes_recognition(tx, everybody)
    by_person: dict[tuple[str, str], list[History]] = {}
    for history in found:
        for person in (history.mentor, history.mentee):
            if person.id in wished:
                by_person.setdefault((history.program.id, person.id), []).append(history)
    rows = [
        _row(everybody[person_id], theirs, now)
        for (_, person_id), theirs in sorted(
            by_person.items(), key=lambda each: (each[0][0], everybody[each[0][1]].name, each[0][1])
        )
    ]
    return table("recognition", "Recognition", _COLUMNS, [row for row in rows if row])


def _row(person: PersonShown, found: Sequence[History], now: datetime) -> tuple[Cell, ...] | None:
    deeds = _deeds(person.id, found, now)
    if not deeds.held:
        return None
    return (
        found[0].program.name,
        person.name,
        deeds.held,
        deeds.led,
        tenths_of_hours(deeds.minutes),
        ", ".join(BADGES[badge] for badge in deeds.badges) or None,
    )


def badges_table(tx: Transaction, person_id: str, found: Sequence[History], now: datetime) -> Table:
    """Somebody's badges, program by program; none without their yes."""
    rows: list[tuple[Cell, ...]] = []
    if wishes_recognition(tx, [person_id]):
        by_program: dict[str, list[History]] = {}
        for history in found:
            by_program.setdefault(history.program.id, []).append(history)
        rows = [
            (theirs[0].program.name, BADGES[badge], day)
            for theirs in by_program.values()
            for badge, day in _deeds(person_id, theirs, now).badges.items()
        ]
    return table("badges", "Badges", _BADGE_COLUMNS, rows)


def badges_said(
    tx: Transaction, person_id: str, program_id: str, now: datetime, zone: str
) -> tuple[str, ...]:
    """Somebody's badges of a program in words, for their own page; none without their yes."""
    if not wishes_recognition(tx, [person_id]):
        return ()
    found = [
        history
        for history in histories_of_person(tx, now, person_id, zone)
        if history.program.id == program_id
    ]
    return tuple(
        gettext("%(badge)s, %(day)s", badge=gettext(BADGES[badge]), day=long_date(day))
        for badge, day in _deeds(person_id, found, now).badges.items()
    )


def _deeds(person_id: str, found: Sequence[History], now: datetime) -> Deeds:
    pairs = [(history.progress.required, history.outcomes) for history in found]
    return deeds_of(person_id, pairs, now.date())
