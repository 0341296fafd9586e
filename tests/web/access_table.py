"""Who may open and do what, written down by hand: what the plan says, not what the code does.

Every page and act of the product has a row here; a test compares the rows with the product's own
list of pages, so that nobody can add one and forget to say whom it is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Visits(StrEnum):
    """The kinds of people who are signed in."""

    PARTICIPANT = "participant"
    OTHER_PARTICIPANT = "participant of another pair"
    ASSISTANT = "assistant of one of the two"
    COORDINATOR = "coordinator of the program"
    OTHER_COORDINATOR = "coordinator of another program"
    SPONSOR = "sponsor of the program"
    ADMINISTRATOR = "administrator"
    NOBODY = "somebody of the firm without any part"


class Meets(StrEnum):
    """What somebody meets."""

    PAGE = "the page, or what the act leads to"
    NOT_FOR_YOU = "403: a role is missing"
    NOT_FOUND = "404: not told whether there is such a thing"


def _for(*let_in: Visits, others: Meets, **exceptions: Meets) -> Mapping[Visits, Meets]:
    """Those let in, and what everybody else meets; exceptions by the member's name."""
    named = {Visits[name]: meets for name, meets in exceptions.items()}
    return MappingProxyType(
        {one: Meets.PAGE if one in let_in else named.get(one, others) for one in Visits}
    )


EVERYBODY = _for(*Visits, others=Meets.PAGE)
COORDINATORS_OF_ANY = _for(Visits.COORDINATOR, Visits.OTHER_COORDINATOR, others=Meets.NOT_FOR_YOU)
COORDINATOR = _for(Visits.COORDINATOR, others=Meets.NOT_FOUND)
FIGURES = _for(Visits.COORDINATOR, Visits.SPONSOR, others=Meets.NOT_FOUND)
STAFF_AND_ADMINISTRATORS = _for(
    Visits.COORDINATOR,
    Visits.OTHER_COORDINATOR,
    Visits.ADMINISTRATOR,
    others=Meets.NOT_FOR_YOU,
)
ADMINISTRATORS = _for(Visits.ADMINISTRATOR, others=Meets.NOT_FOR_YOU)
PAIR_AND_ASSISTANT = _for(Visits.PARTICIPANT, Visits.ASSISTANT, others=Meets.NOT_FOUND)
# An assistant knows of the pair, so that nothing is told by saying what is not for assistants.
THE_TWO = _for(Visits.PARTICIPANT, others=Meets.NOT_FOUND, ASSISTANT=Meets.NOT_FOR_YOU)

PAGES: Mapping[str, Mapping[Visits, Meets]] = MappingProxyType(
    {
        "GET /": EVERYBODY,
        "GET /help": EVERYBODY,
        "GET /ask": EVERYBODY,
        "POST /ask": EVERYBODY,
        "POST /ask/take-back": EVERYBODY,
        # What is handed over to coordinators; the acts of a row for those of its program alone.
        "GET /needs": COORDINATORS_OF_ANY,
        "GET /needs/{need}/act": COORDINATOR,
        "POST /needs/{need}/act": COORDINATOR,
        "POST /needs/{need}/take": COORDINATOR,
        "POST /needs/{need}/snooze": COORDINATOR,
        "POST /needs/{need}/note": COORDINATOR,
        "POST /needs/{need}/done": COORDINATOR,
        # A pair as its coordinator sees it, and each act: looked at (GET) and done (POST).
        "GET /programs/{program}/pairs/{pair}": COORDINATOR,
        **{
            f"{method} /programs/{{program}}/pairs/{{pair}}/{act}": COORDINATOR
            for method in ("GET", "POST")
            for act in (
                "acts/change_hour",
                "acts/offer_hours",
                "acts/offer_dates",
                "acts/move",
                "acts/skip",
                "acts/pause",
                "acts/resume",
                "acts/swap_roles",
                "acts/cadence",
                "acts/correct",
                "acts/record",
                "acts/book_again",
                "acts/adopt",
                "acts/end",
                "again",
                "identity",
            )
        },
        # Lists across programs: who coordinates none is told that a role is missing.
        "GET /programs": COORDINATORS_OF_ANY,
        # Health is for whoever runs a program or the tenant; it names no person.
        "GET /health": STAFF_AND_ADMINISTRATORS,
        "POST /health/check": STAFF_AND_ADMINISTRATORS,
        "POST /health/take-up": STAFF_AND_ADMINISTRATORS,
        "GET /writing": STAFF_AND_ADMINISTRATORS,
        "POST /writing": STAFF_AND_ADMINISTRATORS,
        "GET /programs/{program}/sponsor": FIGURES,
        # All else of the console is for the coordinators of that program alone.
        **dict.fromkeys(
            (
                "GET /programs/{program}",
                "GET /programs/{program}/pairs",
                "GET /programs/{program}/many",
                "POST /programs/{program}/many",
                "POST /programs/{program}/many/do",
                "GET /programs/{program}/exports",
                "POST /programs/{program}/exports/credit",
                "POST /programs/{program}/exports/hours",
                "GET /programs/{program}/exports/{name}",
                "GET /programs/{program}/journal",
                "GET /programs/{program}/surveys",
                "POST /programs/{program}/surveys/import",
                "POST /programs/{program}/surveys/remove",
                "GET /programs/{program}/surveys/template",
                "GET /programs/{program}/wishes",
                "POST /programs/{program}/wishes/approve",
                "POST /programs/{program}/wishes/decline",
                "GET /programs/{program}/launch",
                "POST /programs/{program}/launch/start",
                "POST /programs/{program}/launch/test",
                "GET /programs/{program}/waves/{wave}",
                "POST /programs/{program}/waves/{wave}/stop",
                "POST /programs/{program}/waves/{wave}/go-on",
                "POST /programs/{program}/waves/{wave}/undo",
                "POST /programs/{program}/waves/{wave}/again",
                "GET /programs/{program}/rule",
                "POST /programs/{program}/rule/look",
                "POST /programs/{program}/rule/edit",
                "POST /programs/{program}/rule/save",
                "GET /programs/{program}/rule/what-if",
                "POST /programs/{program}/rule/what-if/stop",
                "POST /programs/{program}/rule/what-if/go-on",
                "POST /programs/{program}/rule/what-if/again",
                "POST /programs/{program}/rule/what-if/drop",
                "POST /programs/{program}/rule/what-if/save",
                "GET /programs/{program}/import",
                "POST /programs/{program}/import/check",
                "POST /programs/{program}/import/keep",
                "GET /programs/{program}/import/template",
                "GET /programs/{program}/settings",
                "GET /programs/{program}/hours",
                "POST /programs/{program}/hours/ask",
                "POST /programs/{program}/settings/announce",
                "POST /programs/{program}/settings/begin",
                "POST /programs/{program}/settings/close",
                "POST /programs/{program}/settings/words",
                "POST /programs/{program}/settings/evidence",
                "POST /programs/{program}/settings/staff",
                "POST /programs/{program}/settings/staff/remove",
                "GET /programs/{program}/settings/texts/{message}",
                "POST /programs/{program}/settings/texts/{message}/keep",
                "POST /programs/{program}/settings/texts/{message}/preview",
            ),
            COORDINATOR,
        ),
        # A pair's own pages: dates, hours and another time also for the assistant; never goals,
        # aims, pauses, or whether they met.
        "GET /pairs/{pair}": PAIR_AND_ASSISTANT,
        "POST /pairs/{pair}/skip/{session}": PAIR_AND_ASSISTANT,
        "POST /pairs/{pair}/pause": THE_TWO,
        "POST /pairs/{pair}/resume": THE_TWO,
        "POST /pairs/{pair}/pick": THE_TWO,
        "POST /pairs/{pair}/stop": THE_TWO,
        "POST /pairs/{pair}/aim/{session}": THE_TWO,
        "GET /pairs/{pair}/another-time/{session}": PAIR_AND_ASSISTANT,
        "POST /pairs/{pair}/another-time/{session}": PAIR_AND_ASSISTANT,
        "GET /pairs/{pair}/preferences": PAIR_AND_ASSISTANT,
        "POST /pairs/{pair}/preferences": PAIR_AND_ASSISTANT,
        "POST /pairs/{pair}/recognition": THE_TWO,
        "GET /pairs/{pair}/start": THE_TWO,
        "POST /pairs/{pair}/start": THE_TWO,
        "GET /pairs/{pair}/we-met": THE_TWO,
        "POST /pairs/{pair}/we-met": THE_TWO,
        "GET /pairs/{pair}/we-met/{session}": THE_TWO,
        "POST /pairs/{pair}/we-met/{session}": THE_TWO,
    }
)
"""Every page (GET) and act (POST) by the path as the product writes it."""

_PROGRAM, _PAIR, _NEED = (
    "/api/v1/programs/{program}",
    "/api/v1/programs/{program}/pairs/{pair}",
    "/api/v1/needs/{need}",
)
_ACTS = (
    "change-hour",
    "offer-hours",
    "offer-dates",
    "move",
    "skip",
    "pause",
    "resume",
    "swap-roles",
    "cadence",
    "correct",
    "record",
    "book-again",
    "adopt",
    "end",
)
API: Mapping[str, Mapping[Visits, Meets]] = MappingProxyType(
    {
        # Who one is, and the programs one has a part in: of somebody without any, none.
        "GET /api/v1/me": EVERYBODY,
        "GET /api/v1/programs": EVERYBODY,
        "GET /api/v1/wishes": EVERYBODY,
        "POST /api/v1/wishes": EVERYBODY,
        "POST /api/v1/wishes/take-back": EVERYBODY,
        "GET /api/v1/pairs/{pair}": PAIR_AND_ASSISTANT,
        f"GET {_PROGRAM}/sponsor": FIGURES,
        **dict.fromkeys(
            (
                f"GET {_PROGRAM}/overview",
                f"GET {_PROGRAM}/journal",
                f"GET {_PROGRAM}/wishes",
                f"POST {_PROGRAM}/wishes/approve",
                f"POST {_PROGRAM}/wishes/decline",
                f"GET {_PROGRAM}/pairs",
                f"GET {_PAIR}",
                f"GET {_PAIR}/timeline",
                f"GET {_PAIR}/hours",
                f"GET {_PAIR}/existing-series",
                f"GET {_PROGRAM}/rule",
                f"POST {_PROGRAM}/rule/preview",
                f"PUT {_PROGRAM}/rule",
                f"POST {_PROGRAM}/roster/preview",
                f"POST {_PROGRAM}/roster",
                *(f"POST {_PAIR}/{act}{look}" for act in _ACTS for look in ("", "/preview")),
                f"GET {_NEED}",
                f"POST {_NEED}/take",
                f"POST {_NEED}/snooze",
                f"POST {_NEED}/note",
                f"POST {_NEED}/done",
                f"POST {_NEED}/act",
                f"POST {_NEED}/act/preview",
            ),
            COORDINATOR,
        ),
        "GET /api/v1/needs": COORDINATORS_OF_ANY,
        "GET /api/v1/health": STAFF_AND_ADMINISTRATORS,
        "GET /api/v1/writing": STAFF_AND_ADMINISTRATORS,
        "POST /api/v1/writing/stop": STAFF_AND_ADMINISTRATORS,
        "POST /api/v1/writing/go-on": STAFF_AND_ADMINISTRATORS,
    }
)
"""Every endpoint of the JSON API, as the pages beside it."""

WITHOUT_SIGN_IN = frozenset(
    {
        "GET /api/v1/openapi.json",
        "POST /webhooks/graph",
        "GET /met/{token}",
        "POST /met/{token}",
        "GET /pulse/{token}",
        "POST /pulse/{token}",
        "GET /static/{name}",
        "GET /sign-in",
        "GET /sign-in/back",
        "POST /sign-out",
        "GET /signed-out",
        "GET /teams",
        "POST /teams/sign-in",
    }
)
"""What is answered to anybody; each checks for itself whom it has before it."""
