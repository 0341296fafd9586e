"""Who met comes back as it was written, and is found by pair, session and state."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from integrations.attendance_records import (
    CheckInInvitation,
    CorrectionNote,
    CreditLine,
    Delivery,
    KeptCorrection,
    KeptPulse,
    KeptReport,
    KeptStatement,
    KeptVerdict,
    Link,
    VerdictShown,
)
from integrations.ports import Store, Transaction
from integrations.records import Program
from scheduling.changes.check_ins import GuestState
from tests.support.stores import MINUTE, NOW, enrol, pair, person, session

REPORT = KeptReport(
    id="r1",
    pair_id="p1",
    meeting_id="meeting",
    start=NOW,
    end=NOW + timedelta(hours=1),
    fetched_at=NOW + timedelta(hours=2),
    session_id="p1.0",
    presences=({"person": "mia", "kind": "member", "spans": [["a", "b"]]},),
    flags=("absurd_times",),
)
VERDICT = KeptVerdict(
    session_id="p1.0",
    version=1,
    pair_id="p1",
    verdict="pending",
    minutes=0,
    kind=None,
    digest="d",
    at=NOW,
    reasons=({"code": "no_report"},),
)
LINK = Link(
    id="random",
    person_id="mia",
    session_id="p1.0",
    purpose="did_you_meet",
    issued_at=NOW,
    expires_at=NOW + timedelta(days=7),
)


def known(tx: Transaction) -> None:
    """Two pairs with a session each."""
    enrol(tx)
    tx.pairs.add(pair("p2", mentor_id="sam", mentee_id="mia"))
    tx.sessions.put_many([session("p1.0"), session("p2.0", pair_id="p2")])


async def test_programs_people_and_sessions_keep_what_attendance_adds(store: Store) -> None:
    evidence = {"mode": "teams", "offices": {"Paris": "off"}, "told_at": "2026-01-01"}
    program = Program(id="prog", name="Reverse", zone="Europe/London", evidence=evidence)
    moved_out = person("mia", known_as=({"id": "guest", "mail": "mia@else.example"},))
    met = session("p1.9", verdict="held", meeting_id="meeting", ad_hoc=True, group_title="Lunch")
    told = pair("p1", evidence_readable=True)

    def write(tx: Transaction) -> None:
        known(tx)
        tx.programs.put(program)
        tx.participants.put(moved_out)
        tx.sessions.put(met)
        tx.pairs.put(told)

    await store.run(write)
    assert await store.run(lambda tx: tx.programs.require("prog")) == program
    assert await store.run(lambda tx: tx.participants.require("mia")) == moved_out
    assert await store.run(lambda tx: tx.sessions.require("p1.9")) == met
    assert await store.run(lambda tx: tx.pairs.require("p1")) == told


async def test_reports_come_back_by_pair_oldest_first_and_undated_last(store: Store) -> None:
    undated = replace(REPORT, id="a", start=None, end=None, session_id=None)
    earlier = replace(REPORT, id="z", start=NOW - MINUTE)

    def write(tx: Transaction) -> None:
        known(tx)
        tx.reports.put_many([undated, REPORT, earlier])

    await store.run(write)
    found = await store.run(lambda tx: tx.reports.of_pairs(["p1", "p2"]))
    assert found == {"p1": [earlier, REPORT, undated], "p2": []}


async def test_whole_reports_are_to_be_reduced_by_their_end_or_when_read(store: Store) -> None:
    reduced = replace(REPORT, id="done", presences=(), reduced_at=NOW)
    fresh = replace(REPORT, id="fresh", end=NOW + timedelta(days=999))

    def write(tx: Transaction) -> None:
        known(tx)
        tx.reports.put_many([fresh, reduced, REPORT])

    await store.run(write)
    ended = NOW + timedelta(hours=1)
    assert await store.run(lambda tx: tx.reports.whole(ended)) == []
    assert await store.run(lambda tx: tx.reports.whole(ended + MINUTE)) == [REPORT]
    read = REPORT.fetched_at + MINUTE
    assert await store.run(lambda tx: tx.reports.whole(read)) == [fresh, REPORT]
    assert await store.run(lambda tx: tx.reports.whole(read, limit=1)) == [fresh]
    assert await store.run(lambda tx: tx.reports.whole(read, after="fresh")) == [REPORT]


async def test_statements_and_corrections_come_back_by_session_oldest_first(store: Store) -> None:
    said = KeptStatement(
        id="b",
        session_id="p1.0",
        person_id="mia",
        said="met",
        at=NOW,
        via="link",
        start=NOW - 60 * MINUTE,
        end=NOW,
        in_person=True,
    )
    later = replace(said, id="a", said="not_met", at=NOW + MINUTE, start=None, end=None)
    corrected = KeptCorrection(
        id="c", session_id="p1.0", verdict="held", at=NOW, given_by="coordinator", minutes=50
    )

    def write(tx: Transaction) -> None:
        known(tx)
        tx.statements.put_many([later, said])
        tx.corrections.put(corrected)
        tx.correction_notes.put(CorrectionNote(correction_id="c", text="saw them at lunch"))

    await store.run(write)
    ids = ["p1.0", "p2.0"]
    assert await store.run(lambda tx: tx.statements.of_sessions(ids)) == {
        "p1.0": [said, later],
        "p2.0": [],
    }
    assert await store.run(lambda tx: tx.corrections.of_sessions(ids)) == {
        "p1.0": [corrected],
        "p2.0": [],
    }
    note = await store.run(lambda tx: tx.correction_notes.require("c"))
    assert note.text == "saw them at lunch"


async def test_what_people_said_of_meetings_comes_by_pair_oldest_first(store: Store) -> None:
    first = KeptPulse(
        id="z", pair_id="p1", session_id="p1.0", person_id="mia", score=2, at=NOW, text="short"
    )
    later = replace(first, id="a", score=5, at=NOW + MINUTE, text="")

    def write(tx: Transaction) -> None:
        known(tx)
        tx.pulses.put_many([later, first])

    await store.run(write)
    found = await store.run(lambda tx: tx.pulses.of_pairs(["p1", "p2"]))
    assert found == {"p1": [first, later], "p2": []}


async def test_invitations_to_check_ins_come_by_pair_and_those_that_stand_to_come(
    store: Store,
) -> None:
    first = CheckInInvitation(
        session_id="p1.0",
        pair_id="p1",
        program_id="prog",
        mailbox_id="box",
        address="mira@firm.example",
        event_id="event",
        of_event="1",
        start=NOW,
        end=NOW + timedelta(hours=1),
    )
    other = replace(first, session_id="p2.0", pair_id="p2", start=NOW + MINUTE)
    off = replace(other, state=GuestState.CALLED_OFF, number=2)

    def write(tx: Transaction) -> None:
        known(tx)
        tx.check_ins.put_many([other, first])

    await store.run(write)
    assert await store.run(lambda tx: tx.check_ins.ahead(NOW - MINUTE)) == [first, other]
    assert await store.run(lambda tx: tx.check_ins.ahead(NOW)) == [other]
    await store.run(lambda tx: tx.check_ins.put(off))
    assert await store.run(lambda tx: tx.check_ins.ahead(NOW - MINUTE)) == [first]
    found = await store.run(lambda tx: tx.check_ins.of_pairs(["p1", "p2", "p3"]))
    assert found == {"p1": [first], "p2": [off], "p3": []}


def _shown(verdict: KeptVerdict) -> VerdictShown:
    return VerdictShown(*(getattr(verdict, name) for name in VerdictShown._fields))


async def test_the_highest_version_of_a_verdict_is_in_force(store: Store) -> None:
    held = replace(VERDICT, version=2, verdict="held", minutes=50, kind="teams")
    tenth = replace(held, version=10, digest="later")

    def write(tx: Transaction) -> None:
        known(tx)
        tx.verdicts.put_many([tenth, VERDICT, held])
        tx.verdicts.put(replace(VERDICT, session_id="p2.0", pair_id="p2"))

    await store.run(write)
    assert await store.run(lambda tx: tx.verdicts.in_force(["p1", "p3"])) == {"p1.0": tenth}
    assert await store.run(lambda tx: tx.verdicts.of_session("p1.0")) == [VERDICT, held, tenth]
    shown = await store.run(lambda tx: tx.verdicts.shown_of_pairs(["p1", "p3"]))
    assert shown == {"p1": [_shown(each) for each in (VERDICT, held, tenth)], "p3": []}
    assert await store.run(lambda tx: tx.verdicts.require(held.key)) == held


async def test_a_version_of_a_verdict_is_never_written_twice(store: Store) -> None:
    def write(tx: Transaction) -> None:
        known(tx)
        tx.verdicts.add(VERDICT)
        tx.verdicts.add(replace(VERDICT, verdict="held"))

    with pytest.raises(ValueError, match=r"p1\.0/1"):
        await store.run(write)


async def test_a_link_is_used_once(store: Store) -> None:
    def write(tx: Transaction) -> None:
        known(tx)
        tx.links.add(LINK)

    await store.run(write)
    assert await store.run(lambda tx: tx.links.use("random", NOW + MINUTE))
    assert not await store.run(lambda tx: tx.links.use("random", NOW + 2 * MINUTE))
    assert not await store.run(lambda tx: tx.links.use("no such", NOW))
    used = replace(LINK, used_at=NOW + MINUTE)
    assert await store.run(lambda tx: tx.links.of_sessions(["p1.0"])) == {"p1.0": [used]}


async def test_exported_lines_come_back_in_the_order_of_their_export(store: Store) -> None:
    line = CreditLine(
        id="z",
        pair_id="p1",
        session_id="p1.0",
        person_id="mia",
        version=1,
        day=date(2026, 3, 30),
        code="MENT-1",
        tenths=10,
        exported_at=NOW,
        narrative="Mentoring program",
    )
    back = replace(line, id="a", tenths=-10, version=2, corrects="z", exported_at=NOW + MINUTE)

    def write(tx: Transaction) -> None:
        known(tx)
        tx.credit_lines.put_many([back, line])

    await store.run(write)
    found = await store.run(lambda tx: tx.credit_lines.of_pairs(["p1", "p2"]))
    assert found == {"p1": [line, back], "p2": []}


async def test_a_verdict_is_undelivered_until_it_stands_among_the_deliveries(store: Store) -> None:
    second = replace(VERDICT, version=2, at=NOW + MINUTE)

    def write(tx: Transaction) -> None:
        known(tx)
        tx.verdicts.put_many([second, VERDICT])

    await store.run(write)
    assert await store.run(lambda tx: tx.verdicts.undelivered()) == [VERDICT, second]
    waiting = Delivery(session_id="p1.0", version=1, due_at=NOW + MINUTE)
    await store.run(lambda tx: tx.deliveries.add(waiting))
    assert await store.run(lambda tx: tx.verdicts.undelivered()) == [second]
    assert await store.run(lambda tx: tx.deliveries.next_due_at()) == NOW + MINUTE
    assert await store.run(lambda tx: tx.deliveries.due(NOW)) == []
    assert await store.run(lambda tx: tx.deliveries.due(NOW + MINUTE)) == [waiting]
    sent = replace(waiting, state="sent", attempts=1, sent_at=NOW + MINUTE)
    await store.run(lambda tx: tx.deliveries.put(sent))
    assert await store.run(lambda tx: tx.deliveries.due(NOW + MINUTE)) == []
    assert await store.run(lambda tx: tx.deliveries.next_due_at()) is None
    assert await store.run(lambda tx: tx.deliveries.require("p1.0/1")) == sent
