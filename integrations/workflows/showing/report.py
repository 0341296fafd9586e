"""What became of every pair, as data for tables and JSON, and as words for coordinators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from types import MappingProxyType
from zoneinfo import ZoneInfo

from integrations.blockers import BLOCKERS
from integrations.language import N_, gettext, ngettext, sentence
from integrations.ports import Transaction
from integrations.records import (
    Blocker,
    BlockerScope,
    Json,
    Pair,
    PairState,
    Participant,
    Session,
    SessionState,
)
from integrations.workflows.doctor import Check
from integrations.workflows.messages.words import (
    clock,
    every,
    place_of,
    short_date,
    weekday_name,
    weekdays_name,
)
from integrations.workflows.operating.checkup import last_check
from scheduling.reasons import REMEDIES, Reason, ReasonCode
from scheduling.rule import WEEKDAYS

_SCOPES: Mapping[BlockerScope, str] = MappingProxyType(
    {
        BlockerScope.FIRM: N_("firm"),
        BlockerScope.MAILBOX: N_("mailbox"),
        BlockerScope.PAIR: N_("pair"),
        BlockerScope.PERSON: N_("person"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DateLine:
    """A date that is not on the series slot. ``at`` is its local time in the series' zone, None
    where the date was taken out."""

    window: int
    instead_of: str
    at: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockerLine:
    """What holds something up, in words."""

    code: str
    who: str
    words: str
    remedies: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairLine:
    """One pair as a coordinator sees it."""

    id: str
    roster_id: str | None
    mentor: str
    mentee: str
    state: str
    slot: str | None
    dates: int
    off_slot: tuple[DateLine, ...]
    blockers: tuple[BlockerLine, ...]

    def to_json(self) -> Json:
        """The line as JSON data."""
        return asdict(self)


def pair_lines(tx: Transaction, program_id: str | None = None) -> list[PairLine]:
    """Every pair, in the order of the roster's ids."""
    return lines_of_pairs(tx, (p for p in tx.pairs.all() if program_id in (None, p.program_id)))


def lines_of_pairs(tx: Transaction, some: Iterable[Pair]) -> list[PairLine]:
    """These pairs, in the order of the roster's ids."""
    pairs = list(some)
    people = tx.participants.many({i for p in pairs for i in (p.mentor_id, p.mentee_id)})
    sessions = tx.sessions.of_pairs([pair.id for pair in pairs])
    blockers: dict[tuple[BlockerScope, str], list[Blocker]] = {}
    for blocker in tx.blockers.open():
        blockers.setdefault((blocker.scope, blocker.subject_id), []).append(blocker)
    pairs.sort(key=lambda p: (p.roster_id or "", p.id))
    return [_pair_line(pair, people, sessions[pair.id], blockers) for pair in pairs]


def _pair_line(
    pair: Pair,
    people: Mapping[str, Participant],
    sessions: Sequence[Session],
    blockers: Mapping[tuple[BlockerScope, str], Sequence[Blocker]],
) -> PairLine:
    concerning = [
        *blockers.get((BlockerScope.PAIR, pair.id), ()),
        *blockers.get((BlockerScope.PERSON, pair.mentor_id), ()),
        *blockers.get((BlockerScope.PERSON, pair.mentee_id), ()),
        *blockers.get((BlockerScope.MAILBOX, pair.mailbox_id or ""), ()),
    ]
    names = {person.id: person.name for person in people.values()}
    return PairLine(
        id=pair.id,
        roster_id=pair.roster_id,
        mentor=people[pair.mentor_id].name,
        mentee=people[pair.mentee_id].name,
        state=pair.state.value,
        slot=slot_words(pair.series) if pair.series else None,
        dates=sum(session.state is not SessionState.SKIPPED for session in sessions),
        off_slot=tuple(_date_lines(pair, sessions, people)),
        blockers=tuple(_blocker_line(blocker, names) for blocker in concerning),
    )


def other_blockers(tx: Transaction) -> list[BlockerLine]:
    """Open blockers that stand with no pair: the firm's, and those of mailboxes without pairs."""
    pairs = tx.pairs.all()
    shown = {
        subject
        for pair in pairs
        for subject in (pair.id, pair.mentor_id, pair.mentee_id, pair.mailbox_id)
    }
    others = [blocker for blocker in tx.blockers.open() if blocker.subject_id not in shown]
    people = tx.participants.many({blocker.subject_id for blocker in others})
    names = {person.id: person.name for person in people.values()}
    names |= {mailbox.id: mailbox.address for mailbox in tx.mailboxes.all()}
    return [_blocker_line(blocker, names) for blocker in others]


def slot_words(series: Json) -> str:
    """The series slot: "Tuesdays 10:00 New York, every other week from 12 Jan 2027"."""
    first = date.fromisoformat(series["first_date"])
    return gettext(
        "%(weekdays)s %(clock)s %(place)s, %(every)s from %(date)s",
        weekdays=weekdays_name(series["weekday"]),
        clock=clock(time.fromisoformat(series["start"])),
        place=place_of(series["zone"]),
        every=every(series["interval_weeks"]),
        date=short_date(first),
    )


def _date_lines(
    pair: Pair, sessions: Sequence[Session], people: Mapping[str, Participant]
) -> list[DateLine]:
    zone = ZoneInfo(pair.series["zone"]) if pair.series else ZoneInfo("UTC")
    names = {person.id: person.name for person in people.values()}
    elsewhere = {
        one.id: place_of(one.zone) for one in people.values() if one.zone not in (None, zone.key)
    }
    return [
        DateLine(
            window=session.window,
            instead_of=_local(session.series_start, zone),
            at=None if session.state is SessionState.SKIPPED else _local(session.start, zone),
            why=reason_words(session.reason, names, elsewhere),
        )
        for session in sessions
        if session.moved or session.state is SessionState.SKIPPED
    ]


def _local(at: datetime, zone: ZoneInfo) -> str:
    return _day_and_clock(at.astimezone(zone))


def _day_and_clock(local: datetime) -> str:
    return f"{_day(local)} {local:%H:%M}"


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def reason_words(
    reason: Json | None, names: Mapping[str, str], elsewhere: Mapping[str, str]
) -> str:
    """A stored reason as a sentence for the command line, people by name.

    A reason tells hours on the clock of its person. ``elsewhere`` has the place of everybody whose
    clock is not the one of the dates beside it; to their hours it is added.
    """
    if reason is None:
        return "changed after booking; the journal says why"
    place = elsewhere.get(str(reason["facts"].get("person")))
    named = _named(reason["facts"], names)
    facts = {name: _as_read(name, fact, place) for name, fact in named.items()}
    return Reason(ReasonCode(reason["code"]), facts).words


def _as_read(name: str, fact: str | int, place: str | None) -> str | int:
    """A day, or a day with its hour on somebody's clock, as the dates beside it are written."""
    if name == "local":
        shown = _day_and_clock(datetime.fromisoformat(str(fact)))
        return f"{shown} {place}" if place else shown
    if name == "date":
        return _day(date.fromisoformat(str(fact)))
    return fact


def _named(facts: Json, names: Mapping[str, str]) -> Json:
    return {key: names.get(str(value), value) for key, value in facts.items()}


def _blocker_line(blocker: Blocker, names: Mapping[str, str]) -> BlockerLine:
    kind = BLOCKERS[blocker.code]
    remedies = [_remedy_words(remedy, names) for remedy in blocker.data.get("remedies", ())]
    return BlockerLine(
        code=blocker.code,
        who=names.get(blocker.subject_id) or gettext(_SCOPES[blocker.scope]),
        words=gettext(kind.words),
        remedies=tuple(remedies) or (gettext(kind.remedy),),
    )


def _remedy_words(remedy: Json, names: Mapping[str, str]) -> str:
    """A stored remedy with what it gains, people by name."""
    facts = _named(remedy["facts"], names)
    if "weekday" in facts:
        facts["weekday"] = weekday_name(WEEKDAYS.index(facts["weekday"]))
    return ngettext(
        "%(remedy)s: +%(num)s date",
        "%(remedy)s: +%(num)s dates",
        remedy["gain"],
        remedy=sentence(REMEDIES[remedy["code"]], facts),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How everything stands: pairs, what else is in the way, work by kind and state, mails.

    ``not_well`` is what doctor found not well ``checked_at``; None if it has not looked yet.
    """

    pairs: list[PairLine]
    blockers: list[BlockerLine]
    work: dict[str, int]
    mails: dict[str, int]
    checked_at: datetime | None
    not_well: list[Check]


def standing(tx: Transaction, program_id: str | None = None) -> Standing:
    """How everything stands, with the pairs of one program or of all."""
    checked = last_check(tx)
    return Standing(
        pairs=pair_lines(tx, program_id),
        blockers=other_blockers(tx),
        work={f"{kind}, {state}": n for (kind, state), n in tx.work.count().items()},
        mails=mails_by_kind(tx),
        checked_at=checked.at if checked else None,
        not_well=[c for c in checked.checks if not c.is_well] if checked else [],
    )


def mails_by_kind(tx: Transaction) -> dict[str, int]:
    """Mails the journal announced, by kind."""
    counts: dict[str, int] = {}
    for entry in tx.journal.read(code="mail"):
        counts[entry.data["kind"]] = counts.get(entry.data["kind"], 0) + 1
    return dict(sorted(counts.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class IntendedWrite:
    """A write that booking would make, and the mails it would cause. ``at`` is in UTC."""

    kind: str
    pair_id: str
    at: datetime
    mails: int
    mail_kind: str


def intended_writes(pair_id: str, sessions: Sequence[Session]) -> list[IntendedWrite]:
    """Every write that booking this pair as planned takes, in order."""
    if not sessions:
        return []
    writes = [
        IntendedWrite(
            kind="create series",
            pair_id=pair_id,
            at=sessions[0].series_start,
            mails=2,
            mail_kind="invitation",
        )
    ]
    for session in sessions:
        if session.state is SessionState.SKIPPED:
            kind, mail_kind, at = "take out date", "cancellation", session.series_start
        elif session.moved:
            kind, mail_kind, at = "move date", "update", session.start
        else:
            continue
        writes.append(
            IntendedWrite(kind=kind, pair_id=pair_id, at=at, mails=2, mail_kind=mail_kind)
        )
    return writes


def all_intended_writes(tx: Transaction, program_id: str | None = None) -> list[IntendedWrite]:
    """Every write that booking the planned pairs takes, of one program or of all."""
    pairs = tx.pairs.in_state(PairState.PLANNED, program_id=program_id)
    sessions = tx.sessions.of_pairs([pair.id for pair in pairs])
    return [write for pair in pairs for write in intended_writes(pair.id, sessions[pair.id])]
