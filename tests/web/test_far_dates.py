"""Every date field of the console given the first and the last days there are: words, no fault.

The fields are those of the forms that pages show, so that a new one is asked, too.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlencode

import httpx

from integrations.page_records import Wish
from integrations.ports import Transaction
from integrations.records import Need, PairState, ProgramState
from integrations.web.access import Who
from integrations.web.app import pages
from tests.support.world import Empty
from tests.web.support import KEYS, ORIGIN, Visitor, coordinator
from tests.workflows.changes.stage import Stage, on_stage

NO_DAYS = ("9999-12-31", "0001-01-01")
"""The ends of the calendar: one zone further, and there is no such date."""
FAR = "2199-12-31"
DAYS = (*NO_DAYS, FAR, "2000-01-01")
A_WHILE = timedelta(minutes=2)
"""After which nobody is told to wait any more."""
_CONSOLE = (Who.COORDINATOR, Who.COORDINATOR_OF_ANY, Who.STAFF_OR_ADMIN)
_FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
_FIELD = re.compile(r"<(input|select|textarea)\b([^>]*)>(?:(.*?)</\1>)?", re.DOTALL)
_OPTION = re.compile(r'<option value="([^"]*)"')
_ISO = re.compile(r"\d{4}-\d\d-\d\d")
_KNOWN = frozenset(
    {
        ("/needs/row/snooze", "until"),
        ("/needs/row/act", "until"),
        ("~/many", "first"),
        ("~/many", "until"),
        ("~/many", "day"),
        ("~/rule/look", "ends_on"),
        ("~/settings", "books_on"),
        ("~/settings/announce", "books_on"),
        ("~/wishes/approve", "starts"),
        ("~/pairs/-/again", "starts"),
        ("~/pairs/-/acts/move", "day"),
        ("~/pairs/-/acts/pause", "first"),
        ("~/pairs/-/acts/pause", "until"),
        ("~/pairs/-/acts/swap_roles", "from"),
        ("~/pairs/-/acts/record", "day"),
    }
)
"""Fields that have to be among those found, lest the test look past them; there may be more."""


@dataclass(frozen=True)
class AForm:
    """A form of a page: where it goes, how, what stands in it, and which fields are dates."""

    path: str
    method: str
    fields: dict[str, str]
    dates: tuple[str, ...]


def forms_of(page: str, text: str) -> Iterator[AForm]:
    """The forms of a page that have a date in them; what has to be filled in is."""
    for attributes, inside in _FORM.findall(text):
        fields: dict[str, str] = {}
        dates = []
        for _, about, within in _FIELD.findall(inside):
            name, kind = _said(about, "name"), _said(about, "type") or ""
            is_left = kind in ("checkbox", "radio") and "checked" not in about
            if not name or (is_left and name != "pair"):
                continue
            options = _OPTION.findall(within)
            stands = _said(about, "value") or (options[-1] if options else html.unescape(within))
            fields[name] = stands or (_FILLED.get(kind, "") if "required" in about else "")
            if kind == "date" or (kind == "hidden" and _ISO.fullmatch(stands)):
                dates.append(name)
        if dates:
            method = (_said(attributes, "method") or "get").lower()
            path = (_said(attributes, "action") or page).partition("?")[0]
            yield AForm(path, method, fields, tuple(dates))


_FILLED = {"time": "11:30", "number": "60", "date": "2027-03-09", "email": "{partner}"}


def _said(attributes: str, name: str) -> str | None:
    found = re.search(rf'(?<![-\w]){name}="([^"]*)"', attributes)
    return html.unescape(found[1]) if found else None


@dataclass
class Console:
    """A coordinator in a world where every form has something to be about."""

    visitor: Visitor
    named: dict[str, str]
    partner: str

    def paths(self) -> list[str]:
        """Every page of the console, and those that only an address with a query opens."""
        found = [
            page.path.format_map(self.named)
            for page in pages()
            if page.who in _CONSOLE
            and set(re.findall(r"\{(\w+)\}", page.path)) <= self.named.keys()
        ]
        return found + [f"/needs/row/act?act={act}" for act in ("pause", "record_meeting")]

    async def opened(self) -> dict[str, httpx.Response]:
        """The answer of each page, and of what a list of pairs leads to."""
        found = {path: await self.visitor.get(path) for path in self.paths()}
        many = f"/programs/{self.named['program']}/many"
        for act in ("pause", "group_session"):
            chosen = {"pair": self.named["pair"], "act": act}
            found[f"{many}?{act}"] = await self.visitor.post(many, chosen)
        await self.visitor.app.clock.sleep(A_WHILE)
        return found

    def known_as(self, path: str) -> str:
        """The path without this world's ids."""
        at = f"/programs/{self.named['program']}"
        return path.replace(at, "~").replace(self.named["pair"], "-")

    async def send(self, form: AForm, name: str, day: str) -> httpx.Response:
        """The answer to the form with that day; where it shows what it would do, to the yes."""
        fields = {key: each.format(partner=self.partner) for key, each in form.fields.items()}
        fields[name] = day
        if "act" in fields and name in ("first", "until"):
            # One form has the fields of every act on many pairs.
            fields["act"] = "pause"
        if form.method == "post":
            return await self.visitor.post(form.path, fields)
        answer = await self.visitor.get(f"{form.path}?{urlencode(fields)}")
        for yes in forms_of(form.path, answer.text):
            if answer.status_code == 200 and yes.method == "post":
                return await self.visitor.post(yes.path, yes.fields)
        return answer


async def _console(stage: Stage) -> Console:
    app = await stage.world.begin(public_url=ORIGIN, signing_keys=KEYS)
    pair_id = await stage.pair_id()

    def fill(tx: Transaction) -> Console:
        pair = tx.pairs.require(pair_id)
        now = app.clock.now()
        tx.needs.raise_once(
            Need(
                id="row",
                key="k",
                pair_id=pair.id,
                code="nothing_on_record",
                ready=("pause", "record_meeting"),
                raised_at=now,
                data={"days": 46},
            )
        )
        (other,) = [one for one in tx.pairs.all() if one.id != pair.id]
        people = tx.participants.many([pair.mentee_id, other.mentor_id])
        asks = people[other.mentor_id]
        tx.wishes.put(
            Wish(
                id="wish",
                program_id=pair.program_id,
                directory_id=asks.directory_id,
                mail=asks.mail,
                name=asks.name,
                role="mentor",
                asked_at=now,
            )
        )
        # The other pair waits, so that there is somebody to be told when it begins.
        tx.pairs.put(replace(other, state=PairState.PLANNED))
        program = tx.programs.require(pair.program_id)
        tx.programs.put(replace(program, state=ProgramState.DRAFT))
        named = {"program": pair.program_id, "pair": pair.id, "need": "row"}
        return Console(Visitor(app), named, people[pair.mentee_id].mail)

    console = await app.store.run(fill)
    console.visitor = await coordinator(app, console.named["program"])
    return console


_NAMES_A_DAY = re.compile(
    r"([Ee]xpected|please give) (dates? (such )?as|a date|a day)|took place|no session on"
)
"""Words about the day."""


def test_no_date_is_too_far_for_any_form_of_the_console(empty: Empty) -> None:
    """The yes to a move to the year 9999 was taken, and the pair had no page any more."""

    async def play(stage: Stage) -> None:
        console = await _console(stage)
        asked, wrong = set(), []
        for page, opened in (await console.opened()).items():
            assert opened.status_code < 500, page
            for form in forms_of(page, opened.text):
                for name in form.dates:
                    asked.add((console.known_as(form.path), name))
                    for day in DAYS:
                        answer = await console.send(form, name, day)
                        said = f"{console.known_as(form.path)} {name}={day}: {answer.status_code}"
                        if answer.status_code >= 500:
                            wrong.append(said)
                        elif day in NO_DAYS and not _NAMES_A_DAY.search(answer.text):
                            wrong.append(f"{said}, no words about the day")
                        elif day == FAR and answer.status_code == 303:
                            wrong.append(f"{said}, taken")
                        await console.visitor.app.clock.sleep(A_WHILE)
        assert not wrong, "\n".join(wrong)
        assert set() == _KNOWN - asked
        after = {page: answer.status_code for page, answer in (await console.opened()).items()}
        assert {page: status for page, status in after.items() if status >= 500} == {}
        await console.visitor.app.close()

    on_stage(empty, play)
