"""The verdict on one session, as a table of what is known of it."""

from datetime import UTC, datetime, timedelta

import pytest

from scheduling.attendance.evidence import (
    Correction,
    Evidence,
    EvidenceKind,
    EvidenceMode,
    Flag,
    Occasion,
    Said,
    VerdictKind,
)
from scheduling.attendance.reasons import VerdictCode
from scheduling.attendance.reports import assigned
from scheduling.attendance.thresholds import Thresholds, WorkingDays
from scheduling.attendance.verdict import judge
from tests.scheduling.attendance.builders import (
    ANA,
    DAY,
    END,
    HOUR,
    JAMES,
    LATER,
    START,
    USUAL,
    codes,
    judged,
    minutes,
    occasion,
    report,
    says,
    there,
    together,
)

SELF = EvidenceMode.SELF_REPORT
BOTH = frozenset({ANA, JAMES})
FIVE_WORKING_DAYS = datetime(2027, 3, 30, 12, tzinfo=UTC)
"""Five working days after the usual statement (13:00 in London), over the clock change there."""


@pytest.mark.acceptance(34)
@pytest.mark.parametrize(
    ("held_minutes", "verdict"), [(45, VerdictKind.SHORT), (40, VerdictKind.HELD)]
)
def test_both_eighteen_minutes_late_is_a_matter_of_the_minutes_together(
    held_minutes: int, verdict: VerdictKind
) -> None:
    found = judged(together(18, 60), thresholds=Thresholds(held_minutes=held_minutes))
    assert (found.verdict, found.minutes_together) == (verdict, 42)
    assert found.kind is EvidenceKind.TEAMS
    assert found.reasons[1].facts == {"minutes": 18}
    assert codes(found) == [VerdictCode.TOGETHER, VerdictCode.LATE_START]


@pytest.mark.acceptance(34)
def test_being_late_alone_is_never_a_no_show() -> None:
    found = judged(report(there(ANA, (0, 60)), there(JAMES, (59, 60))))
    assert found.verdict is VerdictKind.SHORT
    assert found.minutes_together == 1


@pytest.mark.acceptance(35)
@pytest.mark.parametrize("kind", ["phone", "guest", "anonymous"])
def test_somebody_unidentified_is_asked_about_and_not_guessed(kind: str) -> None:
    found = judged(report(there(ANA, (0, 60)), there(None, (2, 60), kind=kind)))
    assert found.verdict is VerdictKind.TO_CONFIRM
    assert found.minutes_together == 0
    assert found.ask == {JAMES}
    assert found.look_again_at == END + 7 * DAY
    assert codes(found) == [VerdictCode.ONLY_ONE_CAME, VerdictCode.UNIDENTIFIED_PRESENCE]


@pytest.mark.acceptance(35)
def test_who_was_there_by_phone_says_so_and_it_is_held_at_once() -> None:
    seen = report(there(ANA, (0, 60)), there(None, (2, 60), kind="phone"))
    found = judged(seen, said=[says(JAMES)])
    assert (found.verdict, found.minutes_together) == (VerdictKind.HELD, 58)
    assert found.kind is EvidenceKind.SELF_REPORTED
    assert VerdictCode.UNIDENTIFIED_CONFIRMED in codes(found)


def test_the_word_of_the_one_who_was_seen_does_not_make_the_caller_the_other() -> None:
    seen = report(there(ANA, (0, 60)), there(None, (2, 60), kind="phone"))
    found = judged(seen, said=[says(ANA)])
    assert found.verdict is VerdictKind.PENDING
    assert found.ask == {JAMES}


def test_who_was_not_the_caller_says_so_and_it_is_not_held() -> None:
    seen = report(there(ANA, (0, 60)), there(None, (2, 60), kind="phone"))
    found = judged(seen, said=[says(JAMES, Said.NOT_MET)])
    assert found.verdict is VerdictKind.NOT_HELD
    assert VerdictCode.UNIDENTIFIED_DENIED in codes(found)


def test_a_caller_too_short_to_matter_changes_nothing() -> None:
    found = judged(together(0, 50), report(there(None, (3, 5), kind="phone")))
    assert found.verdict is VerdictKind.HELD
    assert found.ask == frozenset()


def test_somebody_else_of_the_firm_counts_for_nothing() -> None:
    found = judged(report(there(ANA, (0, 60)), there(None, (0, 60))), now=END + 2 * DAY)
    assert found.verdict is VerdictKind.NOT_HELD
    assert codes(found) == [VerdictCode.ONLY_ONE_CAME, VerdictCode.SOMEBODY_ELSE]


@pytest.mark.acceptance(36)
def test_met_in_person_is_held_once_the_other_agrees() -> None:
    alone = judged(said=[says(ANA, in_person=True)], now=LATER + DAY)
    assert alone.verdict is VerdictKind.PENDING
    assert alone.ask == {JAMES}
    agreed = judged(said=[says(ANA, in_person=True), says(JAMES)], now=LATER + DAY)
    assert agreed.verdict is VerdictKind.HELD
    assert agreed.kind is EvidenceKind.SELF_REPORTED
    assert codes(agreed) == [VerdictCode.BOTH_SAY_MET, VerdictCode.IN_PERSON]


@pytest.mark.acceptance(36)
def test_met_in_person_is_held_after_five_working_days_without_objection() -> None:
    before = judged(said=[says(ANA)], now=FIVE_WORKING_DAYS - timedelta(minutes=1))
    assert before.verdict is VerdictKind.PENDING
    assert before.look_again_at == FIVE_WORKING_DAYS
    after = judged(said=[says(ANA)], now=FIVE_WORKING_DAYS)
    assert (after.verdict, after.minutes_together) == (VerdictKind.HELD, 60)
    assert after.kind is EvidenceKind.SELF_REPORTED


@pytest.mark.acceptance(36)
@pytest.mark.parametrize("said", [Said.OBJECTS, Said.NOT_MET])
def test_an_objection_makes_it_disputed_however_late(said: Said) -> None:
    words = [says(ANA), says(JAMES, said, FIVE_WORKING_DAYS + DAY)]
    assert judged(said=words, now=FIVE_WORKING_DAYS + DAY).verdict is VerdictKind.DISPUTED


def test_closed_days_of_the_other_one_do_not_use_up_their_days() -> None:
    closed = {JAMES: WorkingDays("Europe/London", closed={START.date() + 3 * DAY})}
    found = judge(
        occasion(), Evidence(SELF, statements=(says(ANA),)), USUAL, FIVE_WORKING_DAYS, closed
    )
    assert found.look_again_at == FIVE_WORKING_DAYS + DAY


@pytest.mark.acceptance(37)
def test_a_meeting_restarted_twice_is_one_and_the_one_before_is_not_in_it() -> None:
    dates = [occasion(0), occasion(1)]
    week = 7 * 24 * 60
    earlier = together(0, 50, name="before")
    three = [
        together(week + 0, week + 10),
        together(week + 12, week + 37),
        together(week + 40, week + 55),
    ]
    found = assigned(dates, [three[2], earlier, three[0], three[1]], USUAL.slack)
    assert found.by_session == {"p.0": (earlier,), "p.1": tuple(three)}
    verdict = judged(*found.by_session["p.1"], about=dates[1], now=LATER + 7 * DAY)
    assert (verdict.verdict, verdict.minutes_together) == (VerdictKind.HELD, 50)
    assert verdict.reasons[-1].facts == {"times": 3}


@pytest.mark.acceptance(38)
@pytest.mark.parametrize(
    ("after", "verdict", "ask"),
    [
        pytest.param(timedelta(hours=1), VerdictKind.PENDING, frozenset(), id="an hour"),
        pytest.param(timedelta(hours=23), VerdictKind.PENDING, frozenset(), id="not yet a day"),
        pytest.param(timedelta(hours=24), VerdictKind.PENDING, BOTH, id="a day: both are asked"),
        pytest.param(timedelta(days=7, hours=23), VerdictKind.PENDING, BOTH, id="still asked"),
        pytest.param(timedelta(days=8), VerdictKind.UNKNOWN, frozenset(), id="nobody said"),
    ],
)
def test_no_report_is_waited_for_then_asked_about_then_unknown(
    after: timedelta, verdict: VerdictKind, ask: frozenset[str]
) -> None:
    found = judged(now=END + after)
    assert (found.verdict, found.ask) == (verdict, ask)
    assert VerdictCode.NO_REPORT in codes(found)


@pytest.mark.acceptance(38)
def test_a_report_on_day_three_corrects_the_verdict_whatever_was_said() -> None:
    now = END + 3 * DAY
    assert judged(now=now).verdict is VerdictKind.PENDING
    assert judged(together(0, 50), now=now).verdict is VerdictKind.HELD
    late = judged(together(0, 50), said=[says(ANA, Said.NOT_MET)], now=now)
    assert late.verdict is VerdictKind.HELD
    assert VerdictCode.TEAMS_CONTRADICTED in codes(late)


@pytest.mark.acceptance(38)
def test_a_meeting_that_still_runs_is_not_judged() -> None:
    begun = together(0, 20)
    now = END - timedelta(seconds=1)
    running = judged(begun, now=now)
    assert (running.verdict, running.look_again_at) == (VerdictKind.PENDING, END)
    just_ended = judged(begun, now=END)
    assert just_ended.verdict is VerdictKind.PENDING
    assert codes(just_ended)[-1] is VerdictCode.MAY_GO_ON
    assert judged(begun, now=END + HOUR).verdict is VerdictKind.SHORT


def test_two_who_contradict_teams_are_for_a_coordinator_to_settle() -> None:
    said = [says(ANA, Said.NOT_MET), says(JAMES, Said.NOT_MET)]
    assert judged(together(0, 50), said=said).verdict is VerdictKind.DISPUTED
    assert judged(said=said).verdict is VerdictKind.NOT_HELD


def test_a_report_of_one_alone_waits_a_day_then_asks_both() -> None:
    alone = report(there(ANA, (0, 15)))
    waits = judged(alone, now=END + 23 * HOUR)
    assert (waits.verdict, waits.look_again_at) == (VerdictKind.PENDING, END + DAY)
    asks = judged(alone, now=END + DAY)
    assert (asks.verdict, asks.ask) == (VerdictKind.NOT_HELD, BOTH)
    assert asks.reasons[0].facts == {"person": ANA}
    assert asks.look_again_at == END + 8 * DAY
    assert judged(alone, now=END + 8 * DAY).ask == frozenset()


def test_two_who_never_overlap_were_not_together() -> None:
    found = judged(report(there(ANA, (0, 30)), there(JAMES, (30, 60))), now=END + DAY)
    assert found.verdict is VerdictKind.NOT_HELD
    assert codes(found) == [VerdictCode.NEVER_TOGETHER]


def test_two_devices_count_once() -> None:
    found = judged(report(there(ANA, (0, 30), (10, 40)), there(JAMES, (0, 60), (0, 60))))
    assert found.minutes_together == 40
    assert VerdictCode.SEVERAL_DEVICES in codes(found)


def test_hidden_or_test_joins_the_day_before_are_no_evidence() -> None:
    """A report of the day before belongs to no date."""
    day_before = together(-24 * 60, -24 * 60 + 50)
    assert assigned([occasion()], [day_before], USUAL.slack).unmatched == (day_before,)
    assert judged(day_before).minutes_together == 0


@pytest.mark.parametrize("mode", [EvidenceMode.SELF_REPORT, EvidenceMode.OFF])
def test_reports_count_where_people_were_told_alone(mode: EvidenceMode) -> None:
    assert judged(together(0, 60), mode=mode).verdict is not VerdictKind.HELD


def test_self_report_asks_both_on_their_next_working_morning() -> None:
    friday = Occasion("f", minutes(0, 60, START + 3 * DAY), ANA, JAMES)
    monday = datetime(2027, 3, 29, 7, tzinfo=UTC)
    before = judged(about=friday, mode=SELF, now=START + 4 * DAY)
    assert (before.ask, before.look_again_at) == (frozenset(), monday)
    asked = judged(about=friday, mode=SELF, now=monday)
    assert (asked.verdict, asked.ask) == (VerdictKind.PENDING, BOTH)
    over = judged(about=friday, mode=SELF, now=monday + 7 * DAY)
    assert over.verdict is VerdictKind.UNKNOWN
    assert codes(over) == [VerdictCode.NOBODY_SAID]


def test_each_is_asked_on_a_morning_of_their_own() -> None:
    days = {ANA: WorkingDays("Asia/Tokyo"), JAMES: WorkingDays("America/Los_Angeles")}
    evidence = Evidence(SELF)
    tokyo = datetime(2027, 3, 23, 23, tzinfo=UTC)
    assert judge(occasion(), evidence, USUAL, tokyo, days).ask == {ANA}
    assert judge(occasion(), evidence, USUAL, tokyo + 16 * HOUR, days).ask == BOTH


def test_without_evidence_nobody_is_asked() -> None:
    found = judged(mode=EvidenceMode.OFF, now=END + 30 * DAY)
    assert (found.verdict, found.ask, found.look_again_at) == (
        VerdictKind.UNKNOWN,
        frozenset(),
        None,
    )


def test_refused_reports_are_never_not_held() -> None:
    alone = report(there(ANA, (0, 60)))
    for day in (1, 3, 6):
        assert judged(alone, blocked=True, now=END + day * DAY).verdict is VerdictKind.PENDING
        assert judged(blocked=True, now=END + day * DAY).ask == frozenset()
    assert judged(blocked=True, now=END + 7 * DAY).ask == BOTH
    assert judged(blocked=True, now=END + 14 * DAY).verdict is VerdictKind.UNKNOWN


def test_a_date_in_person_expects_nobody_online() -> None:
    about = occasion(in_person=True)
    one = report(there(ANA, (0, 5)))
    for reports in ([], [one]):
        found = judged(*reports, about=about, now=END + 2 * DAY)
        assert (found.verdict, found.ask) == (VerdictKind.PENDING, BOTH)


def test_a_meeting_elsewhere_is_as_long_as_they_say() -> None:
    lunch = minutes(120, 150)
    now = LATER + HOUR
    found = judged(said=[says(ANA, at=now, span=lunch), says(JAMES, at=now)], mode=SELF, now=now)
    assert (found.verdict, found.minutes_together) == (VerdictKind.SHORT, 30)
    assert codes(found)[-1] is VerdictCode.ELSEWHERE


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(says(ANA, at=LATER, span=minutes(0, 9 * 60)), id="not over, nine hours"),
        pytest.param(says(ANA, at=LATER + DAY, span=minutes(0, 9 * 60)), id="nine hours"),
        pytest.param(says(ANA, at=LATER, span=minutes(600, 660)), id="a time to come"),
        pytest.param(says(ANA, at=START - HOUR), id="before the hour"),
        pytest.param(
            says(ANA, span=minutes(0, 60, START - 70 * DAY)), id="ten weeks before the date"
        ),
    ],
)
def test_an_absurd_statement_is_named_and_not_counted(statement: object) -> None:
    found = judged(said=[statement], mode=SELF, now=END + 30 * DAY)  # type: ignore[list-item]
    assert found.verdict is VerdictKind.UNKNOWN
    assert found.minutes_together == 0
    assert codes(found)[-1] is VerdictCode.ABSURD_TIMES


def test_what_others_say_is_no_evidence() -> None:
    assert judged(said=[says("assistant"), says("x")], mode=SELF).verdict is VerdictKind.PENDING


def test_who_changes_their_mind_is_believed_the_last_time() -> None:
    said = [says(ANA, Said.NOT_MET, LATER), says(ANA, Said.MET, LATER + HOUR), says(JAMES)]
    assert judged(said=said, mode=SELF, now=LATER + DAY).verdict is VerdictKind.HELD


def test_one_denial_alone_is_open_to_the_other_for_five_working_days() -> None:
    said = [says(ANA, Said.NOT_MET)]
    waits = judged(said=said, mode=SELF, now=FIVE_WORKING_DAYS - HOUR)
    assert waits.verdict is VerdictKind.PENDING
    assert waits.ask == {JAMES}
    over = judged(said=said, mode=SELF, now=FIVE_WORKING_DAYS)
    assert (over.verdict, over.ask) == (VerdictKind.NOT_HELD, frozenset())


def test_short_by_teams_is_held_if_both_say_they_went_on_elsewhere() -> None:
    found = judged(together(0, 20), said=[says(ANA), says(JAMES)])
    assert (found.verdict, found.kind) == (VerdictKind.HELD, EvidenceKind.SELF_REPORTED)


@pytest.mark.parametrize(
    ("correction", "minutes_together"),
    [
        pytest.param(Correction(VerdictKind.HELD, None, LATER), 60, id="the planned length"),
        pytest.param(Correction(VerdictKind.HELD, 50, LATER), 50, id="as told"),
        pytest.param(Correction(VerdictKind.SHORT, None, LATER), 0, id="nobody knows"),
        pytest.param(Correction(VerdictKind.NOT_HELD, None, LATER), 0, id="none"),
    ],
)
def test_a_correction_outranks_everything(correction: Correction, minutes_together: int) -> None:
    said = [says(ANA, Said.NOT_MET), says(JAMES)]
    found = judged(said=said, mode=SELF, correction=correction)
    assert (found.verdict, found.kind) == (correction.verdict, EvidenceKind.CORRECTED)
    assert found.minutes_together == minutes_together
    assert found.ask == frozenset()


@pytest.mark.parametrize(
    ("verdict", "minutes_told"),
    [
        (VerdictKind.PENDING, None),
        (VerdictKind.DISPUTED, None),
        (VerdictKind.HELD, -1),
        (VerdictKind.HELD, 1441),
        (VerdictKind.NOT_HELD, 5),
    ],
)
def test_nonsense_is_no_correction(verdict: VerdictKind, minutes_told: int | None) -> None:
    with pytest.raises(ValueError, match=r"nobody corrects|cannot be meant|not held, yet"):
        Correction(verdict, minutes_told, LATER)


def test_the_minutes_outlive_the_intervals() -> None:
    measured = judged(together(0, 50), now=END + 40 * DAY)
    reduced = judged(minutes_kept=50, now=END + 40 * DAY)
    assert (reduced.verdict, reduced.minutes_together, reduced.kind) == (
        measured.verdict,
        measured.minutes_together,
        measured.kind,
    )


def test_absurd_times_are_no_evidence_that_there_was_no_meeting() -> None:
    """The documentation's own example has intervals half a year away from their report."""
    odd = report(there(ANA, (0, 60)), flags=[Flag.ABSURD_TIMES])
    found = judged(odd, now=END + 2 * DAY)
    assert (found.verdict, found.ask) == (VerdictKind.PENDING, BOTH)


def test_a_stay_of_days_is_not_credited() -> None:
    forever = report(there(ANA, (0, 3 * 24 * 60)), there(JAMES, (0, 3 * 24 * 60)))
    found = judged(forever, now=END + 4 * DAY)
    assert found.minutes_together == 0
    assert VerdictCode.ABSURD_TIMES in codes(found)
    assert found.verdict is VerdictKind.PENDING


def test_every_verdict_says_whether_it_counts() -> None:
    held = judged(together(0, 50))
    assert held.counts is True
    assert judged(together(0, 20)).counts is False
    assert judged(report(there(ANA, (0, 5))), now=END + DAY).counts is False
    assert judged().counts is None
    assert judged(now=END + 30 * DAY).counts is None


def test_the_reasons_are_plain_sentences() -> None:
    found = judged(report(there(ANA, (18, 60)), there(JAMES, (18, 45), (50, 60))))
    assert [reason.words for reason in found.reasons] == [
        "the two were in the meeting together for 37 minutes",
        "they were together from 18 minutes after the start",
    ]
