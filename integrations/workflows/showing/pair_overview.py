"""Everything a coordinator sees of one pair: who, how it stands, dates with evidence, its story.

Goals are said to exist and no more; what the two wrote is theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from integrations.language import N_, gettext, ngettext, sentence
from integrations.ports import Transaction
from integrations.records import (
    OVER,
    Json,
    Pair,
    PairState,
    Participant,
    Program,
    Session,
    SessionState,
)
from integrations.workflows.app import App
from integrations.workflows.changes.case import Case, load_pair
from integrations.workflows.changes.views import pause_of, slot_of
from integrations.workflows.messages.words import every, kind_name, names_of, regular, when
from integrations.workflows.reporting.history import Judged, histories_of
from integrations.workflows.rulebook.roles import leader_on, mentor_on
from integrations.workflows.rulebook.rules import kind_of
from integrations.workflows.showing.journal_words import Line, instant_of, journal_lines
from integrations.workflows.showing.report import BlockerLine, lines_of_pairs
from integrations.workflows.telling.need_lines import NeedLine, lines_of
from scheduling.attendance.progress import Progress
from scheduling.attendance.pulse import trend_of
from scheduling.attendance.reasons import WORDS as VERDICT_WORDS
from scheduling.attendance.reasons import VerdictCode
from scheduling.changes.check_ins import GuestState
from scheduling.changes.views import Pause
from scheduling.rule import SessionKind

_BECAME = {
    "declined": N_("declined and taken out"),
    "short_notice": N_("declined at short notice"),
    "paused": N_("taken out by a pause"),
    "ended": N_("ended"),
    "in_calendar": N_("cancelled in the organizer's calendar"),
    "left_out": N_("left out"),
    "skipped": N_("left out, to be made up"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonShown:
    """One of the two. ``role`` is that of today, ``trouble`` why nobody can be met there, if so."""

    id: str
    name: str
    mail: str
    role: str
    zone: str
    zone_is_guessed: bool
    office: str | None
    trouble: str | None
    has_goal: bool
    has_confirmed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DateShown:
    """One date. ``why`` are the reasons of its verdict, or of its place, in words."""

    id: str
    start: datetime
    leads: str
    verdict: str | None
    minutes: int | None
    became: str | None
    remarks: tuple[str, ...]
    why: tuple[str, ...]
    is_to_come: bool
    is_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseShown:
    """What one of the two says of their meetings.

    ``said`` are ``(start of the date, score, text)``, latest first. ``trend`` is a
    ``scheduling.attendance.pulse.Trend``, None while it is too early to tell.
    """

    name: str
    said: tuple[tuple[datetime, int, str], ...]
    trend: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairShown:
    """A pair as its coordinator sees it; times are those of ``zone``."""

    pair: Pair
    program: Program
    names: str
    zone: str
    other_zone: str | None
    people: tuple[PersonShown, ...]
    rhythm: str
    place: str
    hour: str | None
    has_own_cadence: bool
    pause: Pause | None
    swaps: tuple[date, ...]
    progress: Progress
    dates: tuple[DateShown, ...]
    pulses: tuple[PulseShown, ...]
    blockers: tuple[BlockerLine, ...]
    needs: tuple[NeedLine, ...]
    lines: tuple[Line, ...]
    is_whole_story: bool
    predecessor: tuple[str, str] | None
    successors: tuple[tuple[str, str], ...]

    @property
    def to_come(self) -> tuple[DateShown, ...]:
        """Dates that stand ahead, soonest first."""
        return tuple(one for one in self.dates if one.is_to_come)

    @property
    def unconfirmed(self) -> tuple[str, ...]:
        """The names of those who have not confirmed the start page."""
        return tuple(person.name for person in self.people if not person.has_confirmed)

    @property
    def is_unconfirmed(self) -> bool:
        """Whether the pair was booked though not both of the two have confirmed."""
        return self.pair.state is PairState.BOOKED and bool(self.unconfirmed)

    @property
    def behind(self) -> tuple[DateShown, ...]:
        """Dates that are over or were taken out, latest first."""
        return tuple(one for one in reversed(self.dates) if not one.is_to_come)

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it."""
        return self.pair.state in OVER


def overview_of_pair(
    tx: Transaction, app: App, pair_id: str, now: datetime, *, most_lines: int = 60
) -> PairShown:
    """The pair as the store has it; of its story the newest ``most_lines``, newest first."""
    default_zone = app.options.zone
    case = load_pair(tx, pair_id, default_zone=default_zone)
    pair = case.pair
    history = next(iter(histories_of(tx, [pair], now, default_zone)))
    zone = str(history.zone)
    lines = journal_lines(tx, pair_id=pair_id)
    others = {case.zone_of(person) for person in case.people} - {zone}
    needs = [need for need in tx.needs.open([pair_id]) if need.outcome is None]
    slot = slot_of(pair.series)
    return PairShown(
        pair=pair,
        program=case.program,
        names=names_of(case.mentor, case.mentee),
        zone=zone,
        other_zone=min(others, default=None),
        people=tuple(_people(tx, case, now.astimezone(history.zone).date())),
        rhythm=gettext(
            "%(every)s, %(minutes)s minutes",
            every=every(case.rule.cadence.interval_weeks),
            minutes=case.rule.cadence.duration_minutes,
        ),
        place=case.rule.place_of(pair.place),
        hour=regular(slot, zone) if slot else None,
        has_own_cadence=(pair.series or {}).get("cadence") is not None,
        pause=pause_of(pair.pause),
        swaps=tuple(date.fromisoformat(day) for day in pair.swaps),
        progress=history.progress,
        dates=_with_guests(tx, pair_id, _dates(case, history.sessions, history.zone, now)),
        pulses=tuple(_pulses(tx, case)),
        blockers=lines_of_pairs(tx, [pair])[0].blockers,
        needs=tuple(lines_of(tx, needs, now, None, default_zone)),
        lines=tuple(reversed(lines[-most_lines:])),
        is_whole_story=len(lines) <= most_lines,
        predecessor=_pair_named(tx, pair.predecessor_id),
        successors=_successors(tx, pair),
    )


def _people(tx: Transaction, case: Case, today: date) -> Iterable[PersonShown]:
    pair, mentor = case.pair, mentor_on(case.pair, today)
    for person in case.people:
        key = f"{pair.id}/{person.id}"
        yield PersonShown(
            id=person.id,
            name=person.name,
            mail=person.mail,
            role="mentor" if person.id == mentor else "mentee",
            zone=case.zone_of(person),
            zone_is_guessed=person.zone_is_guessed or person.zone is None,
            office=person.office,
            trouble=_trouble(person),
            has_goal=tx.goals.get(key) is not None,
            has_confirmed=tx.confirmations.get(key) is not None,
        )


def _trouble(person: Participant) -> str | None:
    if person.gone:
        return gettext("not with the firm any more")
    if not person.enabled:
        return gettext("the account is switched off")
    return gettext("a guest: the calendar cannot be read") if person.guest else None


# --- dates ---------------------------------------------------------------------------------


def _dates(
    case: Case, judged: Sequence[Judged], zone: ZoneInfo, now: datetime
) -> tuple[DateShown, ...]:
    by_id = {one.session.id: one for one in judged}
    shown = [
        _date(case, session, by_id.get(session.id), zone, now)
        for session in case.sessions
        if session.state is not SessionState.SKIPPED
    ]
    return tuple(sorted(shown, key=lambda one: (one.start, one.id)))


def _with_guests(
    tx: Transaction, pair_id: str, dates: Sequence[DateShown]
) -> tuple[DateShown, ...]:
    """The dates, and of check-ins who else is invited."""
    guests = {
        kept.session_id: (gettext("%(mail)s is invited", mail=kept.address),)
        for kept in tx.check_ins.of_pairs([pair_id])[pair_id]
        if kept.state is GuestState.INVITED
    }
    return tuple(replace(date, remarks=(*date.remarks, *guests.get(date.id, ()))) for date in dates)


def _date(
    case: Case, session: Session, judged: Judged | None, zone: ZoneInfo, now: datetime
) -> DateShown:
    stands = session.state in (SessionState.SCHEDULED, SessionState.PLANNED)
    kept = judged.in_force if judged else None
    day = session.start.astimezone(zone).date()
    leader = leader_on(case.pair, day, session.window, mixed=case.program.mixed)
    names = {person.id: person.name for person in case.people}
    verdict = judged.outcome.verdict if judged else None
    kind = kind_of(case.rule, session)
    return DateShown(
        id=session.id,
        start=session.start,
        leads=names[leader],
        verdict=verdict.value if verdict is not None else None,
        minutes=kept.minutes if kept else None,
        became=None if stands else gettext(_BECAME.get(session.cause or "", N_("taken out"))),
        remarks=tuple(_remarks(session, kind)),
        why=_why(kept.reasons if kept else (), names, zone.key),
        is_to_come=stands and session.start > now,
        is_over=stands and session.end <= now,
    )


def _remarks(session: Session, kind: SessionKind) -> Iterable[str]:
    if kind is not SessionKind.MEETING:
        yield kind_name(kind)
    if session.state is SessionState.PLANNED:
        yield gettext("planned, not booked yet")
    if session.make_up:
        yield gettext("a make-up")
    if session.group_title is not None:
        yield gettext("group session: %(title)s", title=session.group_title)
    elif session.ad_hoc:
        yield gettext("recorded afterwards")
    if session.moved_by_person:
        yield gettext("chosen by a person")
    elif session.moves:
        yield ngettext("moved once", "moved %(num)s times", session.moves)
    elif session.moved:
        yield gettext("at another hour than usual")
    if session.declines:
        yield ngettext("declined once", "declined %(num)s times", session.declines)


def _why(reasons: Iterable[Json], names: Mapping[str, str], zone: str) -> tuple[str, ...]:
    """What a verdict rests on, in words; people by their names."""
    return tuple(
        sentence(
            VERDICT_WORDS[VerdictCode(reason["code"])],
            _Facts({name: _fact(value, names, zone) for name, value in reason.items()}),
        )
        for reason in reasons
    )


def _fact(value: object, names: Mapping[str, str], zone: str) -> object:
    if not isinstance(value, str):
        return value
    at = instant_of(value)
    return names.get(value, value) if at is None else when(at, zone)


class _Facts(dict[str, object]):
    """Facts by name; one that an older verdict does not have is left open."""

    def __missing__(self, name: str) -> str:
        return "…"


def _pulses(tx: Transaction, case: Case) -> Iterable[PulseShown]:
    """Each side by itself; nobody where neither ever answered."""
    kept = tx.pulses.of_pairs([case.pair.id])[case.pair.id]
    starts = {session.id: session.start for session in case.sessions}
    for person in case.people if kept else ():
        mine = [pulse for pulse in kept if pulse.person_id == person.id]
        trend = trend_of([pulse.score for pulse in mine])
        yield PulseShown(
            name=person.name,
            said=tuple((starts[p.session_id], p.score, p.text) for p in reversed(mine)),
            trend=trend.value if trend is not None else None,
        )


# --- what belongs to it ---------------------------------------------------------------------


def _pair_named(tx: Transaction, pair_id: str | None) -> tuple[str, str] | None:
    pair = tx.pairs.get(pair_id) if pair_id else None
    if pair is None:
        return None
    people = tx.participants.many([pair.mentor_id, pair.mentee_id])
    return pair.id, names_of(people[pair.mentor_id], people[pair.mentee_id])


def _successors(tx: Transaction, pair: Pair) -> tuple[tuple[str, str], ...]:
    theirs = tx.pairs.of_people([pair.mentor_id, pair.mentee_id])
    found = (_pair_named(tx, one.id) for one in theirs if one.predecessor_id == pair.id)
    return tuple(one for one in found if one is not None)
