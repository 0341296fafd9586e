"""Laws that hold for every evidence, however odd."""

from dataclasses import replace
from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from scheduling.attendance.evidence import (
    Correction,
    Evidence,
    EvidenceMode,
    Flag,
    Occasion,
    Presence,
    PresenceKind,
    Report,
    Said,
    Statement,
    VerdictKind,
)
from scheduling.attendance.presence import seen_in
from scheduling.attendance.reports import assigned
from scheduling.attendance.verdict import Judgement, judge
from scheduling.timespan import TimeSpan
from tests.scheduling.attendance.builders import ANA, END, JAMES, LONDON, USUAL, minutes, occasion

WEEK = 7 * 24 * 60
spans = st.builds(
    lambda first, length: minutes(first, first + length),
    st.one_of(st.integers(-20, 70), st.integers(-3000, 3000)),
    st.one_of(st.integers(1, 60), st.sampled_from([0.5, 600, 3000])),
)
presences = st.builds(
    Presence,
    st.sampled_from([ANA, ANA, JAMES, JAMES, None, "somebody"]),
    st.sampled_from(PresenceKind),
    st.lists(spans, max_size=3).map(tuple),
)
reports = st.builds(
    Report,
    st.uuids().map(str),
    spans,
    st.lists(presences, max_size=4).map(tuple),
    st.sets(st.sampled_from(Flag)).map(lambda flags: tuple(sorted(flags))),
)
some_reports = st.lists(reports, max_size=4)
moments = st.integers(-120, 60 * 24 * 20).map(lambda m: END + timedelta(minutes=m))
statements = st.builds(
    Statement,
    st.sampled_from([ANA, JAMES, "somebody"]),
    st.sampled_from(Said),
    moments,
    st.none() | spans,
    st.booleans(),
)
corrections = st.builds(
    Correction,
    st.sampled_from([VerdictKind.HELD, VerdictKind.SHORT]),
    st.none() | st.integers(0, 90),
    moments,
)
evidences = st.builds(
    Evidence,
    st.sampled_from(EvidenceMode),
    some_reports.map(tuple),
    st.lists(statements, max_size=3).map(tuple),
    st.none() | st.none() | corrections,
    st.booleans(),
    st.none() | st.none() | st.integers(0, 60),
)
occasions = st.booleans().map(lambda in_person: occasion(in_person=in_person))


def _judged(about: Occasion, evidence: Evidence, now: object = None) -> Judgement:
    return judge(about, evidence, USUAL, now or END + timedelta(days=2), LONDON)  # type: ignore[arg-type]


@given(found=some_reports, another=spans, place=st.integers(0), whose=st.integers(0))
def test_another_interval_never_lowers_minutes_together(
    found: list[Report], another: TimeSpan, place: int, whose: int
) -> None:
    before = seen_in(occasion(), found, USUAL.slack)
    for number, report in enumerate(found):
        if report.presences and number == place % len(found):
            chosen = whose % len(report.presences)
            grown = tuple(
                replace(p, spans=(*p.spans, another)) if i == chosen else p
                for i, p in enumerate(report.presences)
            )
            more = [*found[:number], replace(report, presences=grown), *found[number + 1 :]]
            after = seen_in(occasion(), more, USUAL.slack)
            assert after.minutes >= before.minutes
            assert after.possible >= before.possible


@given(found=some_reports, extra=reports)
def test_another_report_never_lowers_minutes_together(found: list[Report], extra: Report) -> None:
    before, after = (seen_in(occasion(), r, USUAL.slack) for r in (found, [*found, extra]))
    assert after.minutes >= before.minutes
    assert after.possible >= before.possible


@given(found=some_reports)
def test_minutes_together_are_within_those_of_each_and_of_what_is_possible(
    found: list[Report],
) -> None:
    seen = seen_in(occasion(), found, USUAL.slack)
    assert 0 <= seen.minutes <= min(seen.alone)
    assert seen.minutes <= seen.possible <= (USUAL.slack * 2).seconds // 60 + 60


@given(about=occasions, evidence=evidences, now=moments, chance=st.randoms(use_true_random=False))
def test_the_order_of_reports_records_and_words_does_not_matter(
    about: Occasion, evidence: Evidence, now: object, chance: Random
) -> None:
    def shuffled(items: tuple[object, ...]) -> tuple:  # type: ignore[type-arg]
        return tuple(chance.sample(items, len(items)))

    mixed = evidence._replace(
        reports=tuple(
            replace(
                r,
                presences=shuffled(tuple(replace(p, spans=shuffled(p.spans)) for p in r.presences)),
                flags=shuffled(r.flags),
            )
            for r in shuffled(evidence.reports)
        ),
        statements=shuffled(evidence.statements),
    )
    assert _judged(about, mixed, now) == _judged(about, evidence, now)


@given(about=occasions, evidence=evidences, now=moments)
def test_the_order_of_the_two_does_not_matter(
    about: Occasion, evidence: Evidence, now: object
) -> None:
    turned = replace(about, mentor=about.mentee, mentee=about.mentor)
    assert _judged(turned, evidence, now) == _judged(about, evidence, now)


@given(about=occasions, evidence=evidences, now=moments)
def test_a_merged_report_gives_the_merged_verdict(
    about: Occasion, evidence: Evidence, now: object
) -> None:
    parts = evidence.reports
    if not parts:
        return
    whole = Report(
        "whole",
        TimeSpan(min(r.span.start for r in parts), max(r.span.end for r in parts)),
        tuple(p for r in parts for p in r.presences),
        tuple(sorted({flag for r in parts for flag in r.flags})),
    )
    merged = _judged(about, evidence._replace(reports=(whole,)), now)
    assert merged == _judged(about, evidence, now)


@given(about=occasions, evidence=evidences, now=moments)
def test_nothing_absurd_is_credited_and_nothing_crashes(
    about: Occasion, evidence: Evidence, now: object
) -> None:
    found = _judged(about, evidence, now)
    assert 0 <= found.minutes_together <= 8 * 60
    assert found.ask <= {ANA, JAMES}
    assert all(reason.words for reason in found.reasons)
    if found.counts and evidence.correction is None:
        assert found.minutes_together >= USUAL.held_minutes


@given(about=occasions, evidence=evidences, now=moments, part=st.floats(0, 0.9999))
def test_the_clock_alone_changes_nothing_before_it_is_looked_at_again(
    about: Occasion, evidence: Evidence, now: object, part: float
) -> None:
    found = _judged(about, evidence, now)
    ahead = timedelta(days=60)
    if found.look_again_at is not None:
        assert found.look_again_at > now  # type: ignore[operator]
        ahead = found.look_again_at - now  # type: ignore[operator]
    assert _judged(about, evidence, now + ahead * part) == found  # type: ignore[operator]


@given(about=occasions, evidence=evidences, now=moments)
def test_looking_again_comes_to_an_end(about: Occasion, evidence: Evidence, now: object) -> None:
    found = _judged(about, evidence, now)
    for _ in range(8):
        if found.look_again_at is None:
            break
        found = _judged(about, evidence, found.look_again_at)
    assert found.look_again_at is None
    assert found.verdict is not VerdictKind.PENDING
    assert found.ask == frozenset()


@given(found=some_reports, chance=st.randoms(use_true_random=False))
def test_each_report_belongs_to_one_session_or_to_none(found: list[Report], chance: Random) -> None:
    dates = [occasion(weeks) for weeks in (-1, 0, 1)]
    sorted_out = assigned(dates, found, USUAL.slack)
    everywhere = [*sorted_out.unmatched, *(r for rs in sorted_out.by_session.values() for r in rs)]
    assert sorted(r.id for r in everywhere) == sorted(r.id for r in found)
    mixed = assigned(
        chance.sample(dates, 3), [*chance.sample(found, len(found)), *found], USUAL.slack
    )
    assert mixed == sorted_out
    for date in dates:
        reach = TimeSpan(date.span.start - USUAL.slack, date.span.end + USUAL.slack)
        assert all(r.span.overlaps(reach) for r in sorted_out.by_session[date.session_id])
        assert not any(r.span.overlaps(reach) for r in sorted_out.unmatched)


@given(found=some_reports, offsets=st.lists(st.integers(-600, 600), min_size=1, max_size=4))
def test_the_session_a_report_overlaps_most_has_it(found: list[Report], offsets: list[int]) -> None:
    """Against all sessions, one by one, in place of the search."""
    dates = [
        Occasion(f"d{n}", minutes(offset, offset + 60), ANA, JAMES)
        for n, offset in enumerate(sorted(offsets))
    ]
    sorted_out = assigned(dates, found, USUAL.slack)
    for report in found:
        near = [
            d
            for d in dates
            if report.span.overlaps(TimeSpan(d.span.start - USUAL.slack, d.span.end + USUAL.slack))
        ]
        # Of equals the first: max() keeps it.
        best = max(near, key=lambda d: _overlaps(d, report), default=None)
        if best is None:
            assert report in sorted_out.unmatched
        else:
            assert report in sorted_out.by_session[best.session_id]


def _overlaps(date: Occasion, report: Report) -> tuple[timedelta, timedelta]:
    start, end = date.span.start, date.span.end
    slack = USUAL.slack
    return (
        min(end, report.span.end) - max(start, report.span.start),
        min(end + slack, report.span.end) - max(start - slack, report.span.start),
    )
