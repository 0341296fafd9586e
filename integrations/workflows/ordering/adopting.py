"""Series the two of a pair have already: looked for while a coordinator waits, and named."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from integrations.errors import Fault, FaultsError, GraphError, NoPermitError
from integrations.language import N_, gettext, ngettext
from integrations.workflows.app import App
from integrations.workflows.changes.case import load_case
from integrations.workflows.changes.existing_series import series_of_the_two
from integrations.workflows.changes.views import pair_view
from integrations.workflows.messages.words import clock, every, place_of, short_date, weekdays_name
from integrations.workflows.pair_page.another_time import CannotBeReadError
from scheduling.cadence import zone_info
from scheduling.changes.adoption import adopted
from scheduling.changes.reasons import WORDS, ChangeCode
from scheduling.changes.views import ExistingSeries

_BETWEEN = "~"


@dataclass(frozen=True, slots=True)
class SeriesNamed:
    """A series by the program mailbox it stands in and its event."""

    mailbox_id: str
    event_id: str

    @property
    def key(self) -> str:
        """Both as one word, which ``series_named`` reads."""
        return f"{self.mailbox_id}{_BETWEEN}{self.event_id}"


@dataclass(frozen=True, slots=True)
class ExistingShown:
    """A series that was found, in words; ``refusal`` says why it cannot be adopted, if so."""

    key: str
    words: str
    refusal: str | None

    @property
    def id(self) -> str:
        """A short name of it for the command line, the same at every look."""
        return sha256(self.key.encode()).hexdigest()[:8]


def series_named(key: str) -> SeriesNamed:
    """The series that a form names. Raises FaultsError."""
    mailbox_id, between, event_id = key.partition(_BETWEEN)
    if not (mailbox_id and between and event_id):
        wrong = Fault("series", N_("one of the series shown"), key[:40])
        raise FaultsError([wrong], remedy=N_("Choose one of the series shown."))
    return SeriesNamed(mailbox_id, event_id)


async def series_to_adopt(app: App, pair_id: str) -> list[ExistingShown]:
    """Every series with dates to come that a program mailbox has and that invites both.

    Raises:
        CannotBeReadError: a program mailbox cannot be read now.
    """
    now, zone = app.clock.now(), app.options.zone
    case = await app.store.run(lambda tx: load_case(tx, pair_id, now, default_zone=zone))
    try:
        found = await series_of_the_two(app, case)
    except (GraphError, NoPermitError) as error:
        raise CannotBeReadError(pair_id) from error
    view = pair_view(case)
    shown = []
    for one in (read.seen for read in found):
        code = adopted(view, one, now).reason.code
        refusal = None if code is ChangeCode.ADOPTED else gettext(WORDS[code])
        shown.append(
            ExistingShown(SeriesNamed(one.organizer, one.event_id).key, _words(one), refusal)
        )
    return shown


def _words(series: ExistingSeries) -> str:
    """``Tuesdays 10:00 London, every two weeks: 6 dates from 12 Jan 2027``."""
    hour = gettext(
        "%(weekdays)s %(clock)s %(place)s",
        weekdays=weekdays_name(series.weekday),
        clock=clock(series.start),
        place=place_of(series.zone),
    )
    rhythm = gettext("another rhythm")
    if series.interval_weeks is not None:
        rhythm = every(series.interval_weeks)
    starts = [span.start for _, span in series.dates]
    if not starts:
        return gettext("%(hour)s, %(rhythm)s: no dates to come", hour=hour, rhythm=rhythm)
    first = min(starts).astimezone(zone_info(series.zone)).date()
    return ngettext(
        "%(hour)s, %(rhythm)s: %(num)s date from %(first)s",
        "%(hour)s, %(rhythm)s: %(num)s dates from %(first)s",
        len(starts),
        hour=hour,
        rhythm=rhythm,
        first=short_date(first),
    )
