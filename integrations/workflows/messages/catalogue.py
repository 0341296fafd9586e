"""Every message: who gets it, when, how, what limits it, and the fields its text may name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class Channel(StrEnum):
    """How a message reaches somebody."""

    MAIL = "mail from the program mailbox"
    INVITATION = "body of the invitation"
    COMMENT = "comment of a cancellation"
    ROW = "row of *Needs you*"

    @property
    def is_html(self) -> bool:
        """Whether its text is HTML; the others are plain text."""
        return self in (Channel.MAIL, Channel.INVITATION)

    @property
    def has_subject(self) -> bool:
        """Whether its text begins with a subject."""
        return self.is_html


class Cap(StrEnum):
    """What holds a message back."""

    WEEKLY = "two a week, mail hours"
    NONE = "none"
    DAILY = "one a day"


@dataclass(frozen=True, slots=True)
class Field:
    """A name that texts may use; ``empty`` stands for it where nothing is known."""

    meaning: str
    example: Any
    optional: bool = False
    empty: Any = None


FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        "names": Field("the two family names", "Rivera / Stone"),
        "mentor": Field("the name of the one who leads", "Ana Rivera"),
        "mentee": Field("the name of the other one", "James Stone"),
        "you": Field("the name of the reader", "Ana Rivera"),
        "other": Field("the name of the reader's partner", "James Stone"),
        "program": Field("the program's name", "Perspectives 2027"),
        "contact": Field(
            "name, phone and mail of the person to turn to",
            "Mira Holm, +1 212 555 0100, mira.holm@firm.example",
        ),
        "sponsor": Field("in whose name the program is announced", "Elena Marsh", True),
        "page": Field("link to the pair's page", "https://tandem.firm.example/pairs/p1"),
        "resources": Field(
            "link to good ways to start", "https://intranet.firm.example/starts", True
        ),
        "agenda": Field(
            "what the program proposes to talk about, one line each",
            ("What one shows", "What the other gives back"),
            True,
            (),
        ),
        "kinds": Field(
            "which dates are no meetings, one each",
            ("date 1: preparation", "date 9: check-in"),
            True,
            (),
        ),
        "voluntary": Field("whether taking part is voluntary", True),
        "length": Field("how long each date is", "an hour"),
        "every": Field("how often the two meet", "every other week"),
        "weeks": Field("for how many weeks", 16),
        "books_on": Field("the date from which invitations go out", "18 January 2027", True),
        "hours": Field(
            "hours with their zones, one each",
            (
                "Tuesdays 10:00 New York (15:00 London), from 12 January 2027",
                "Thursdays 09:00 New York (14:00 London), from 14 January 2027",
            ),
        ),
        "own_hours": Field(
            "the working hours Tandem goes by, with their zone",
            "Mondays to Fridays 09:00 to 17:30 New York",
        ),
        "when": Field(
            "the date the message is about, with its zones",
            "Tuesday 9 February 2027, 10:00 New York (15:00 London)",
        ),
        "to": Field(
            "the hour proposed, with its zones",
            "Thursday 11 February 2027, 14:00 New York (19:00 London)",
        ),
        "freeze_hours": Field("how many hours before a date nothing is moved unasked", 24),
        "from_day": Field("the day from which it is so", "2 April 2027"),
        "last_day": Field("the last day of the pause", "2 April 2027"),
        "resumes_on": Field("the date from which the hour goes on", "3 April 2027", True),
        "next": Field(
            "the next date, with its zones",
            "Tuesday 6 April 2027, 10:00 New York (15:00 London)",
            True,
        ),
        "rows": Field(
            "one line for each new row",
            ("Rivera / Stone: the date of 9 February needs you. Ready: pause.",),
        ),
        "waiting": Field("how many older rows are still open", 2, True, 0),
        "console": Field("link to the list", "https://tandem.firm.example/needs-you", True),
        "words": Field(
            "the reason of a row as a sentence",
            "The date was offered at two hours and neither suited",
        ),
        "session": Field(
            "the date of a row with its zone, where it is about one",
            "Tuesday 9 February 2027, 10:00 New York",
            True,
        ),
        "leaves_at": Field(
            "when that date is taken out unless somebody acts",
            "Monday 8 February 2027, 10:00 New York",
            True,
        ),
        "free": Field(
            "hours free for both, with their zone",
            ("Wednesday 10 February 2027, 16:00 New York",),
            True,
            (),
        ),
        "acts": Field("the acts that are ready", ("offer five hours", "pause until …")),
        "held": Field("how many meetings are on record", 2),
        "hours_together": Field("hours of the meetings on record", "7.5", True),
        "possible": Field("how many can still take place", 7),
        "minimum": Field("how many are asked for", 8, True),
        "since": Field("the last date on record", "9 February 2027", True),
        "known": Field(
            "what is known of the dates since then",
            ("23 February 2027: moved twice", "9 March 2027: no report yet"),
            True,
            (),
        ),
        "days": Field("for how many days nothing is on record", 45),
        "evidence": Field("how it is found out who met: teams, self_report or off", "teams"),
        "question": Field(
            "the reader's own link to the question, good for seven days",
            "https://tandem.firm.example/met/8c1f.k2Jd",
        ),
        "until": Field("the day before which the time reported on lies", "8 February 2027"),
        "pairs": Field(
            "a row for each pair: `names`, `held`, `required`, `short`, `unknown`, `possible`,"
            " `gap_days`, `forecast`",
            (
                {
                    "names": "Rivera / Stone",
                    "held": 2,
                    "required": 8,
                    "short": 1,
                    "unknown": 0,
                    "possible": 7,
                    "gap_days": 21,
                    "forecast": "on course",
                },
            ),
        ),
        "more": Field("how many pairs more there are than rows", 12, True, 0),
        "totals": Field("what was counted, with its number", (("held", 31), ("short", 4))),
        "objectives": Field(
            "the program's objectives with their figures",
            ("Four of five meet: 83 (target 80)",),
            True,
            (),
        ),
        "paired_with": Field("the name of whom the reader is paired with", "James Stone", True),
        "zone_place": Field("the city that stands for the series' zone", "New York"),
        "weekday": Field("the weekday of the series", "Tuesday"),
        "start": Field("the hour of the series in its zone", "10:00"),
        "first_date": Field("the first date", "12 January 2027"),
        "last_date": Field("the last date", "4 May 2027"),
        "other_zone_start": Field("that hour in the other zone, on the first date", "15:00", True),
        "other_zone_place": Field("the city that stands for the other zone", "London", True),
        "mixed": Field("whether the two take turns in leading", True),
        "moved": Field("how many dates lie at another hour", 2),
        "skipped": Field("how many dates have no common hour", 1),
        "join": Field(
            "the link by which the two meet on Teams",
            "https://teams.microsoft.com/l/meetup-join/19%3ameeting_ab12",
            True,
        ),
        "place": Field("where to meet in person, if it is set", "Library, 4th floor", True),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageKind:
    """What holds for every message of a name.

    ``fields`` are those its text may name, ``must`` those it has to. ``urgent`` mails go out at
    any hour and are tried until they are certainly sent. ``links`` is how many it may hold.
    """

    recipient: str
    trigger: str
    channel: Channel
    cap: Cap
    fields: tuple[str, ...]
    must: tuple[str, ...] = ()
    urgent: bool = False
    links: int = 1


_PAIR = ("names", "mentor", "mentee", "you", "other", "program", "contact", "page")
_BOTH = "each of the two"
_CONTACT = "the program's contact"
_ROW = ("names", "words", "session", "leaves_at", "free", "acts", "held", "possible", "minimum")


def _mail(recipient: str, trigger: str, *fields: str, **over: Any) -> MessageKind:
    must = ("contact", *(f for f in fields if f in ("when", "to", "hours", "last_day", "from_day")))
    return MessageKind(
        **{
            "recipient": recipient,
            "trigger": trigger,
            "channel": Channel.MAIL,
            "cap": Cap.WEEKLY,
            "fields": (*_PAIR, *fields),
            "must": must,
            **over,
        }
    )


_OF_A_WISH: Mapping[str, Any] = MappingProxyType(
    {
        "recipient": "whoever asked for a pairing",
        "channel": Channel.MAIL,
        "cap": Cap.WEEKLY,
        "must": ("program", "contact"),
        "links": 0,
    }
)


def _comment(trigger: str, *fields: str, recipient: str = "both") -> MessageKind:
    return MessageKind(
        recipient=recipient,
        trigger=trigger,
        channel=Channel.COMMENT,
        cap=Cap.NONE,
        fields=fields,
        must=fields,
        links=0,
    )


def _row(trigger: str, *fields: str) -> MessageKind:
    return MessageKind(
        recipient=_CONTACT,
        trigger=trigger,
        channel=Channel.ROW,
        cap=Cap.NONE,
        fields=(*_ROW, *fields),
        must=("acts",),
        links=0,
    )


def _report(trigger: str) -> MessageKind:
    return MessageKind(
        recipient=_CONTACT,
        trigger=trigger,
        channel=Channel.MAIL,
        cap=Cap.DAILY,
        fields=("program", "until", "pairs", "more", "totals", "objectives", "console"),
        must=("pairs",),
    )


MESSAGES: Mapping[str, MessageKind] = MappingProxyType(
    {
        "announcement": _mail(
            _BOTH,
            "five working days before a program books",
            *("sponsor", "length", "every", "weeks", "books_on", "voluntary"),
        ),
        "hours_question": _mail(
            "who has not said their working hours, once a program",
            "a coordinator asks for them before booking (`tandem program ask-hours`)",
            "own_hours",
        ),
        "offered_hours": _mail(
            "whoever may pick",
            "light mode, senior first, a declined series, a partner outside the firm",
            "hours",
        ),
        "offered_dates": _mail(
            "who proposed a time that cannot be",
            "a proposal that is not possible, or a coordinator's offer",
            *("when", "hours"),
        ),
        "invitation": MessageKind(
            recipient="both",
            trigger="the series is booked",
            channel=Channel.INVITATION,
            cap=Cap.NONE,
            fields=(
                *("names", "mentor", "mentee", "length", "every", "weekday", "start", "zone_place"),
                *("other_zone_start", "other_zone_place", "first_date", "last_date", "mixed"),
                *(
                    "moved",
                    "skipped",
                    "place",
                    "page",
                    "contact",
                    "resources",
                    "program",
                    "evidence",
                    "agenda",
                    "kinds",
                    "voluntary",
                ),
            ),
            must=("contact", "start", "zone_place", "first_date", "last_date", "page"),
            links=2,
        ),
        "single_invitation": MessageKind(
            recipient="both",
            trigger="a date is booked apart from the series: made up, or in place of another",
            channel=Channel.INVITATION,
            cap=Cap.NONE,
            fields=(
                *("names", "mentor", "mentee", "length", "when", "place"),
                *("page", "contact", "program"),
                "agenda",
            ),
            must=("contact", "when", "page"),
        ),
        "check_in_invitation": MessageKind(
            recipient=_CONTACT,
            trigger="two weeks before a check-in, where the program's rule invites its contact",
            channel=Channel.INVITATION,
            cap=Cap.NONE,
            fields=("names", "mentor", "mentee", "when", "place", "join", "program"),
            must=("mentor", "mentee", "when", "join"),
        ),
        "hour_is_off": _mail(
            "the one who did not decline",
            "a date is declined inside the freeze",
            "when",
            cap=Cap.NONE,
            urgent=True,
        ),
        "proposal": _mail(
            "the one who is asked",
            "a proposed time only needs the other's consent",
            *("when", "to"),
        ),
        "your_appointment": _mail(
            "the one whose calendar changed, nobody else",
            "an appointment over a date inside the freeze",
            *("when", "freeze_hours"),
        ),
        "paused": _mail(_BOTH, "a pause begins", *("last_day", "resumes_on", "next")),
        "resumed": _mail(_BOTH, "a pause is over", "next"),
        "roles_swapped": _mail(_BOTH, "a coordinator swaps who mentors whom", "from_day"),
        "withdrawn": _mail(_BOTH, "the pair ends, in the same words for both"),
        "did_you_meet": _mail(
            "whoever can tell",
            "a date is over and nothing tells whether the two met",
            *("when", "question"),
            must=("contact", "when", "question"),
        ),
        "pulse": _mail(
            "each of the two by themselves",
            "a meeting was held, where the program's rule asks how meetings were",
            *("when", "question"),
            must=("contact", "when", "question"),
        ),
        "thanks": _mail(
            "whoever is mentored",
            "a milestone is reached, where the program's rule asks for thanks",
            "held",
            must=("contact", "held"),
        ),
        "wish_approved": MessageKind(
            **_OF_A_WISH,
            trigger="a coordinator approves a wish for a pairing",
            fields=("program", "contact", "paired_with"),
        ),
        "wish_declined": MessageKind(
            **_OF_A_WISH,
            trigger="a coordinator says not now to a wish for a pairing",
            fields=("program", "contact"),
        ),
        "closing": _mail(_BOTH, "the last date is over", *("held", "hours_together")),
        "needs_you": MessageKind(
            recipient=_CONTACT,
            trigger="08:00 in the program's zone, only if something is new",
            channel=Channel.MAIL,
            cap=Cap.DAILY,
            fields=("rows", "waiting", "console"),
            must=("rows",),
        ),
        "weekly_report": _report("08:00 of a week's first working day, once there is a verdict"),
        "monthly_report": _report("08:00 of a month's first working day, once there is a verdict"),
        "row": _row("whatever needs a coordinator and has no text of its own"),
        "row_date": _row("a date that was declined twice, has no other hour or was moved twice"),
        "row_series": _row("somebody declined the whole series"),
        "row_gap": _row("no meeting on record for 45 days", *("days", "since", "known", "next")),
        "cancelled_declined": _comment("a declined date is taken out before it begins"),
        "cancelled_short_notice": _comment("a date is declined inside the freeze, for good"),
        "cancelled_new_hour": _comment(
            "a date is declined inside the freeze and a new hour follows"
        ),
        "cancelled_paused": _comment("a date lies inside a pause", "resumes_on"),
        "cancelled_ended": _comment("later dates end, with the program or for another series"),
        "cancelled_left_out": _comment("a coordinator or the pair leaves a date out"),
        "cancelled_no_common_hour": _comment("a date has no common hour when the series begins"),
        "cancelled_replaced": _comment("a single event takes the place of the date"),
        "cancelled_series_replaced": _comment("another series takes the place of this one"),
        "cancelled_withdrawn": _comment("the pair ends"),
        "cancelled_check_in": _comment(
            "a check-in is off, stands in another event, or has another contact",
            recipient=_CONTACT,
        ),
    }
)


def title_of(name: str) -> str:
    """The name of a message as people read it: a message of the catalogue of words."""
    return name.replace("_", " ")
