"""What the JSON API answers. Instants are UTC, dates are local days of the zone beside them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import Field

from integrations.api_client.shapes import Answer, Mails


class ProgramRef(Answer):
    """A program."""

    id: str
    name: str
    zone: str = Field(description="IANA zone of the program's days and hours.")
    state: str = Field(description="`draft`, `announced`, `running` or `closed`.")


class Programs(Answer):
    """Programs, by id."""

    items: list[ProgramRef]
    next: str | None = Field(description="Cursor of what comes after, null at the end.")


class Me(Answer):
    """Who the token stands for, and what they are to Tandem at this moment."""

    id: str = Field(description="Object id in the directory.")
    is_administrator: bool
    coordinates: list[str] = Field(description="Ids of programs.")
    sponsors: list[str] = Field(description="Ids of programs.")
    pairs: list[str] = Field(description="Ids of pairs that they are one of the two of.")
    writing_stopped: bool = Field(description="Whether nothing is written for now.")


class RuleAnswer(Answer):
    """The rule in force."""

    version: int
    rule: dict[str, Any] = Field(description="Its members as `tandem program rule` shows them.")


class PairListed(Answer):
    """One pair of a list: who they are and how the pair stands."""

    id: str
    program: str
    state: str
    risk: str = Field(description="`on_track`, `at_risk`, `blocked` or `over`.")
    mentor: str
    mentee: str
    office: str | None
    practice_group: str | None
    roster_id: str | None
    held: int
    required: int
    planned: int
    still_possible: int
    longest_gap_days: int
    forecast: str | None
    next_start: datetime | None
    last_met: date | None
    needs: int = Field(description="Open rows of *Needs you*.")
    blocker: str | None = Field(description="Code of what holds the pair up.")
    as_of: datetime = Field(description="When this was worked out.")


class PairsListed(Answer):
    """A stretch of the pairs asked for."""

    items: list[PairListed]
    next: str | None = Field(description="Cursor of what comes after, null at the end.")


class Person(Answer):
    """One of the two."""

    id: str
    name: str
    mail: str
    role: str = Field(description="Of today: `mentor` or `mentee`.")
    zone: str
    office: str | None
    trouble: str | None = Field(description="Why nobody can be met there, in words.")
    has_confirmed: bool


class PairDate(Answer):
    """One date, with what became of it and why."""

    id: str
    start: datetime
    leads: str = Field(description="Name of who leads.")
    verdict: str | None
    minutes: int | None = Field(description="Minutes together, where known.")
    became: str | None = Field(description="Why it does not stand any more, in words.")
    remarks: list[str]
    why: list[str] = Field(description="Reasons of the verdict, in words.")
    is_to_come: bool


class PairProgress(Answer):
    """Where a pair stands; `planned` is the sum of the other counts of dates."""

    required: int
    planned: int
    held: int
    short: int
    not_held: int
    to_confirm: int
    pending: int
    unknown: int
    disputed: int
    to_come: int
    longest_gap_days: int
    forecast: str


class BlockerShown(Answer):
    """What holds something up, and what would help."""

    code: str
    words: str
    remedies: list[str]


class PauseShown(Answer):
    """Local days without dates, both included."""

    first: date
    last: date


class PulseGiven(Answer):
    """What one of the two said a meeting was, in confidence."""

    date: datetime = Field(description="Start of the meeting.")
    score: int = Field(ge=1, le=5)
    text: str


class PulseSide(Answer):
    """What one of the two said, newest first; the other one never sees it."""

    name: str
    given: list[PulseGiven]
    trend: str | None = Field(
        description="`rising`, `steady` or `falling`; null with fewer than four answers."
    )


class PairAnswer(Answer):
    """Everything a coordinator sees of one pair. What the two wrote for themselves is not in it."""

    id: str
    program: str
    names: str
    state: str
    zone: str
    rhythm: str
    place: str
    hour: str | None = Field(description="The regular hour in words.")
    pause: PauseShown | None
    people: list[Person]
    progress: PairProgress
    dates: list[PairDate]
    blockers: list[BlockerShown]
    needs: list[str] = Field(description="Ids of open rows of *Needs you*.")
    pulses: list[PulseSide] = Field(
        default=[], description="Each side by itself; empty where neither ever answered."
    )


class OwnDate(Answer):
    """A date as one of the two, or their assistant, sees it."""

    id: str
    start: datetime
    minutes: int
    leads: str
    place: str
    became: str | None = Field(description="In words; what took place only the two see.")


class OwnPair(Answer):
    """A pair as one of the two, or their assistant, sees it."""

    id: str
    program: str
    mentor: str
    mentee: str
    zone: str
    rhythm: str
    coming: list[OwnDate]
    past: list[OwnDate]
    pause: PauseShown | None


class JournalLine(Answer):
    """What was decided, done or left alone, and why."""

    seq: int = Field(description="Number in the journal; later lines have higher ones.")
    at: datetime
    code: str
    words: str
    pair: str | None
    date: str | None = Field(description="The date it is about, in words.")


class JournalPage(Answer):
    """A stretch of the journal, newest first."""

    items: list[JournalLine]
    next: str | None = Field(description="Cursor of what is older, null at the beginning.")


class ReadyActShown(Answer):
    """An act that a row offers."""

    act: str
    words: str


class NeedAnswer(Answer):
    """Something that waits for a coordinator."""

    id: str
    code: str
    program: str
    pair: str
    date: str | None = Field(description="Id of the date it is about.")
    names: str
    words: str
    raised_at: datetime
    ready: list[ReadyActShown]
    is_mine: bool = Field(description="Whether the caller took it.")
    is_taken: bool
    snoozed_until: datetime | None
    note: str | None


class NeedsPage(Answer):
    """A stretch of *Needs you*, oldest first."""

    items: list[NeedAnswer]
    next: str | None = Field(description="Cursor of what comes after, null at the end.")


class WishAnswer(Answer):
    """Somebody asks for a pairing."""

    id: str
    program: str
    mail: str
    name: str
    role: str = Field(description="What they would be: `mentor` or `mentee`.")
    partner: str | None = Field(description="Address of whom they name; null on the waiting list.")
    state: str = Field(description="`waiting`, `approved`, `declined` or `taken_back`.")
    asked_at: datetime
    settled_at: datetime | None
    pair: str | None = Field(description="Id of the pair that came of it.")


class OwnWishes(Answer):
    """One's own wishes, newest first, and programs in which one may ask."""

    programs: list[ProgramRef]
    items: list[WishAnswer]


class WishesPage(Answer):
    """A stretch of the wishes that wait, oldest first."""

    items: list[WishAnswer]
    next: str | None = Field(description="Cursor of what comes after, null at the end.")


class WishApproved(Answer):
    """The pair that came of a wish."""

    wish: str
    pair: str


class WishStands(Answer):
    """How a wish stands."""

    wish: str
    state: str


class WeekFigures(Answer):
    """What became of the dates of one week."""

    monday: date
    held: int
    not_held: int
    not_known: int
    to_come: int


class OverviewAnswer(Answer):
    """A program at a glance."""

    program: str
    pairs: int
    by_risk: dict[str, int]
    forecasts: dict[str, int]
    held: int
    required: int
    needs: int
    live: int
    begun: int
    half: int
    whole: int
    weeks: list[WeekFigures]


class SponsorAnswer(Answer):
    """Figures of a program without a name. Of fewer than five pairs nothing is told."""

    program: str
    counted_at: datetime
    pairs: int | None = Field(description="null of a program with fewer than five pairs.")
    fewest: int = Field(description="So many pairs a group needs to be told of.")
    whole: dict[str, Any] | None
    groups: dict[str, list[dict[str, Any]]] = Field(
        description="By what the groups are of. A withheld group has no figures."
    )
    objectives: list[dict[str, Any]]
    pulse: dict[str, Any] | None = Field(
        default=None,
        description="Mean of how meetings were, with `pairs` and `answers`; null of too few.",
    )
    surveys: list[dict[str, Any]] = Field(
        default=[], description="Means before and after, by question and group of people."
    )


class MailboxHealth(Answer):
    """A program mailbox, by its id."""

    id: str
    pairs: int
    calls: int
    open_to_new: bool
    waits_until: datetime | None
    subscribed_until: datetime | None
    blockers: list[str]


class WorkHealth(Answer):
    """One kind of work."""

    kind: str
    open: int
    due: int
    late: int
    put_aside: int
    next_at: datetime | None


class BlockerHealth(Answer):
    """What holds something up, and how often."""

    code: str
    words: str
    remedy: str
    stops: bool
    count: int
    since: datetime


class HealthAnswer(Answer):
    """How the installation is. It names nobody."""

    at: datetime
    is_well: bool
    read_only: bool
    writing_stopped: bool
    calendars_read_at: datetime | None
    mailboxes: list[MailboxHealth]
    work: list[WorkHealth]
    blockers: list[BlockerHealth]


class WritingAnswer(Answer):
    """Whether anything is written."""

    stopped: bool
    read_only: bool = Field(description="Switched off in the settings.")


class CausedMails(Answer):
    """Mails of one kind to one of the two about one date."""

    to: str
    what: str
    date: datetime | None
    at: datetime = Field(description="They go then at the earliest.")
    count: int


class Hour(Answer):
    """A regular hour that suits both."""

    key: str = Field(description="What `change-hour` takes.")
    words: str


class Hours(Answer):
    """Regular hours that suit both of a pair as calendars are now."""

    items: list[Hour]


class SeriesFound(Answer):
    """A series that the two have already in a program mailbox."""

    key: str = Field(description="What `adopt` takes.")
    words: str
    refusal: str | None = Field(description="Why it cannot be adopted; null where it can.")


class FoundSeries(Answer):
    """Series that the two have already, as program mailboxes are now."""

    items: list[SeriesFound]


class Preview(Answer):
    """What an act would do; nothing is done yet. `mails` is to be named to have it done."""

    mails: Mails
    caused: list[CausedMails]
    decided: list[str]
    waits_until: datetime | None
    is_certain: bool = Field(
        description="False where calendars cannot be read: more may come of it."
    )


class DoneLine(Answer):
    """A line of the journal that an act led to."""

    seq: int
    at: datetime
    code: str


class Done(Answer):
    """What came of an act by now. It names nobody; the journal has the words."""

    pair: str
    lines: list[DoneLine]
    waits: list[str] = Field(description="Why something of it has to wait, if it has.")


class NeedChanged(Answer):
    """A row that was changed."""

    need: str
    change: str


class RulePairPreview(Answer):
    """What a changed rule does to one pair."""

    pair: str
    dates_before: int
    dates_after: int | None = Field(description="null while a calendar cannot be read.")
    changed: int
    mails: Mails
    why: str


class RulePreview(Answer):
    """What a changed rule comes to; nothing is saved. `mails` is to be named to save it."""

    mails: Mails
    changed: int
    unknown: int = Field(description="Pairs of which nothing can be told now.")
    pairs: list[RulePairPreview]


class RuleSaved(Answer):
    """The rule that is in force now."""

    program: str
    version: int


class RosterRowShown(Answer):
    """What one row of a roster does."""

    row: int
    mentor: str
    mentee: str
    change: str = Field(description="`added`, or `known` of a pair that the program has.")


class RosterPreview(Answer):
    """What importing a roster would do; nothing is kept. Importing mails nobody."""

    rows: list[RosterRowShown]
    added: int
    known: int


class RosterImported(Answer):
    """What an import did."""

    added: int
    updated: int
    unchanged: int
    people: int
    blocked: int = Field(description="People who need somebody's help first.")
