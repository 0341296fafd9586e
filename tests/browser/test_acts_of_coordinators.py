"""Each act of the coordinators' pages, clicked in a browser that runs no script, on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from integrations.page_records import Wish
from integrations.ports import Transaction
from integrations.records import Need, Pair, PairState
from integrations.web.access import Who
from integrations.web.app import pages
from tests.browser.browsing import NARROW, Visitors, Window
from tests.browser.firm import ServedFirm, another_pair, served

_TRIAL, _LIFE = "tests/web/test_rule_trial.py", "tests/web/test_program_life.py"
_RUNNING, _KEEPING = "tests/browser/test_running_programs.py", "tests/browser/test_keeping_pairs.py"
_PAIR = "tests/web/test_coordinators_pair.py"
_ELSEWHERE = {
    "/programs/{program}/pairs/{pair}/again": _KEEPING,
    "/programs/{program}/pairs/{pair}/acts/book_again": _PAIR,
    "/programs/{program}/pairs/{pair}/acts/adopt": _PAIR,
    "/programs/{program}/pairs/{pair}/identity": _KEEPING,
    "/health/take-up": "tests/web/test_notices.py",
    "/programs/{program}/rule/save": _RUNNING,
    "/programs/{program}/rule/what-if/stop": _TRIAL,
    "/programs/{program}/rule/what-if/go-on": _TRIAL,
    "/programs/{program}/rule/what-if/again": _TRIAL,
    "/programs/{program}/rule/what-if/drop": _TRIAL,
    "/programs/{program}/rule/what-if/save": _TRIAL,
    "/programs/{program}/hours/ask": "tests/web/test_console_pages.py",
    "/programs/{program}/settings/announce": _LIFE,
    "/programs/{program}/settings/begin": _LIFE,
    "/programs/{program}/settings/close": _LIFE,
    "/programs/{program}/launch/start": _RUNNING,
    "/programs/{program}/launch/test": "tests/web/test_launch.py",
    "/programs/{program}/waves/{wave}/undo": _RUNNING,
    "/programs/{program}/waves/{wave}/stop": "tests/web/test_launch.py",
    "/programs/{program}/waves/{wave}/go-on": "tests/web/test_launch.py",
    "/programs/{program}/waves/{wave}/again": "tests/web/test_launch.py",
}
"""Acts that this firm has no use for at this moment, and the tests that play them through."""
_ACTS = {
    act.path: re.compile(re.sub(r"\{\w+\}", "[^/]+", act.path))
    for page in pages()
    if page.who in (Who.COORDINATOR, Who.STAFF_OR_ADMIN)
    for act in page.acts
}
ASKED_AT = datetime(2027, 3, 1, tzinfo=UTC)
_LAST = "the last one"
_TIMES = 4


@pytest.fixture(scope="module")
def firm(
    firm_at_the_office: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServedFirm]:
    """This module's firm, after some meetings, in office hours; somebody asks for a pairing."""
    folder = tmp_path_factory.mktemp("console-acts") / "firm"
    with served(firm_at_the_office, folder, poll_seconds=1) as one:
        one.read(_two_wish)
        one.read(_three_rows)
        yield one


def _two_wish(tx: Transaction) -> None:
    pairs = sorted(tx.pairs.in_state(PairState.BOOKED), key=lambda pair: pair.id)
    mentees = tx.participants.many([pair.mentee_id for pair in pairs])
    for pair in pairs[-2:]:
        one = mentees[pair.mentee_id]
        wish = Wish(
            id=f"wish-{one.id}",
            program_id=pair.program_id,
            directory_id=one.directory_id,
            mail=one.mail,
            name=one.name,
            role="mentee",
            asked_at=ASKED_AT,
        )
        tx.wishes.put(wish)


def _three_rows(tx: Transaction) -> None:
    """Rows that nothing but a coordinator closes."""
    pairs = sorted(tx.pairs.in_state(PairState.BOOKED), key=lambda pair: pair.id)
    for pair in pairs[2:5]:
        tx.needs.raise_once(
            Need(
                id=f"need-{pair.id}",
                key="low_pulse::",
                pair_id=pair.id,
                code="low_pulse",
                ready=("pause", "talk"),
                raised_at=ASKED_AT,
            )
        )


@dataclass
class Coordinator:
    """Somebody at the console, and every form they have sent."""

    window: Window
    firm: ServedFirm
    program: str
    sent: set[str] = field(default_factory=set)

    @property
    def page(self) -> Page:
        """What they look at."""
        return self.window.page

    def note(self, request: Request) -> None:
        """Remember a form that was sent, as the list of pages names it."""
        path = urlsplit(request.url).path
        if request.method == "POST":
            self.sent |= {name for name, like in _ACTS.items() if like.fullmatch(path)}

    def open(self, path: str) -> None:
        """One of the program's pages, or any that begins with a slash of its own."""
        assert self.window.open(path.replace("~", f"/programs/{self.program}")) == 200, path

    def form(self, ends: str) -> Locator:
        """The first form whose address ends so, with all that hid it unfolded."""
        form = self.page.get_by_role("main").locator(f"form[method=post][action$='{ends}']").first
        while (hidden := form.locator("xpath=ancestor::details[not(@open)]")).count():
            hidden.first.locator("summary").first.click()
        return form

    def send(self, ends: str, given: Mapping[str, str] | None = None, button: int = 0) -> None:
        """Fill a form in by what its fields are called, and press one of its buttons."""
        form = self.form(ends)
        for name, value in (given or {}).items():
            one = form.locator(f"[name='{name}']").first
            match one.evaluate("one => one.type || one.tagName"):
                case "select-one":
                    one.select_option(value)
                case "checkbox":
                    one.check()
                case "radio":
                    form.locator(f"[name='{name}'][value='{value}']").check()
                case "file":
                    one.set_input_files(value)
                case _:
                    one.fill(value)
        form.locator("button").nth(button).click()

    def reads(self, words: str) -> None:
        """What was done is said, or what is to be read stands there."""
        expect(self.page.get_by_role("main")).to_contain_text(re.compile(words))


@pytest.fixture(scope="module")
def pairs(firm: ServedFirm) -> list[Pair]:
    """The firm's booked pairs before anything was done."""
    found = firm.read(lambda tx: tx.pairs.in_state(PairState.BOOKED))
    return sorted(found, key=lambda one: one.id)


def test_each_act_of_the_console_is_done_by_clicking_alone(
    visitors: Visitors, firm: ServedFirm, pairs: list[Pair], tmp_path: Path
) -> None:
    window = visitors.signed_in_as(firm.staff("coordinator"), script=False, width=NARROW)
    one = Coordinator(window, firm, pairs[0].program_id)
    window.page.on("request", one.note)
    roster = tmp_path / "late.csv"
    roster.write_text(another_pair(firm))
    _needs(one)
    _dates(one, pairs[0])
    _pairs_own(one, pairs[1])
    _told(one, pairs[4], "cadence", {"minutes": "45"})
    _many(one, pairs[2:4])
    _rule(one)
    _settings(one)
    _surveys(one, tmp_path)
    _wishes(one)
    _roster(one, roster)
    _files(one)
    _whole(one)
    assert sorted(set(_ACTS) - _ELSEWHERE.keys() - one.sent) == []
    assert sorted(one.sent & _ELSEWHERE.keys()) == []
    # The list was left without the last day of the pause: that is asked for with a 400.
    assert [told for told in window.complaints if "status of 400" not in told] == []
    assert not window.scrolls_sideways()


def _needs(one: Coordinator) -> None:
    """A row taken, noted, put off; another one done; a third one acted on."""
    one.open("/needs")
    rows = one.page.locator("form[action$='/take']").count()
    assert rows >= 3
    one.send("/take")
    one.send("/note", {"note": "Rang her; she is in a trial until Friday"})
    one.reads("she is in a trial until Friday")
    until = (one.firm.now() + timedelta(days=3)).date().isoformat()
    one.send("/snooze", {"until": until})
    expect(one.page.locator("form[action$='/take']")).to_have_count(rows - 1)
    one.send("/done")
    expect(one.page.locator("form[action$='/done']")).to_have_count(rows - 2)
    one.page.locator("a[href*='/act?act=pause']").first.click()
    one.page.locator("[name=until]").first.fill(until)
    one.page.get_by_role("button", name="Show what it does").click()
    one.send("/act")
    one.reads("Needs you|pause")


def _told(one: Coordinator, pair: Pair, act: str, given: Mapping[str, str] | None = None) -> None:
    """One act of a pair: filled in, looked at, and done."""
    at = f"~/pairs/{pair.id}/acts/{act}"
    one.open(at)
    if given is not None:
        form = one.page.locator(f"form[method=get][action$='/acts/{act}']")
        for name, value in given.items():
            asked = form.locator(f"[name='{name}']").first
            if value == _LAST:
                last = asked.locator("option").last.get_attribute("value")
                asked.select_option(last)
            elif asked.evaluate("one => one.tagName") == "SELECT":
                asked.select_option(value)
            else:
                asked.fill(value)
        form.get_by_role("button").click()
    yes = one.page.locator(f"form[method=post][action$='/acts/{act}'] button")
    for _ in range(_TIMES):
        expect(yes, f"{act}: {one.page.get_by_role('main').inner_text()[:600]}").to_have_count(1)
        yes.click()
        if one.page.url.endswith(f"/pairs/{pair.id}"):
            break
        # Meanwhile it has come to cause more mails than were shown: it is shown again.
    expect(one.page).to_have_url(re.compile(f"/pairs/{pair.id}$"))
    expect(one.page.get_by_role("status").first).to_be_visible()


def _dates(one: Coordinator, pair: Pair) -> None:
    """Single dates: offered, moved, left out, corrected; a meeting of another day."""
    day = one.firm.now() - timedelta(days=4)
    _told(one, pair, "offer_dates", {"session": _LAST})
    _told(one, pair, "skip", {"session": _LAST})
    to = (one.firm.now() + timedelta(days=8)).date().isoformat()
    _told(one, pair, "move", {"session": _LAST, "day": to, "at": "11:30"})
    _told(one, pair, "correct", {"session": _LAST, "verdict": "held"})
    meeting = {"day": day.date().isoformat(), "at": "12:00", "minutes": "60"}
    _told(one, pair, "record", meeting)
    # The pair is booked anew after it.
    _told(one, pair, "change_hour", {"hour": _LAST})


def _pairs_own(one: Coordinator, pair: Pair) -> None:
    """The pair as a whole: hours, roles, how often, a pause and its end, and the end."""
    now = one.firm.now()
    _told(one, pair, "offer_hours")
    _told(one, pair, "swap_roles", {"from": (now + timedelta(days=20)).date().isoformat()})
    _told(one, pair, "pause", {"until": (now + timedelta(days=30)).date().isoformat()})
    _told(one, pair, "resume")
    _told(one, pair, "end")


def _many(one: Coordinator, some: list[Pair]) -> None:
    """Two pairs at once: looked at first, then done."""
    one.open("~/pairs")
    for pair in some:
        one.page.locator(f"input[name=pair][value='{pair.id}']").check()
    one.page.locator("select[name=act]").select_option("pause")
    one.page.locator("form[action$='/many'] button").first.click()
    until = (one.firm.now() + timedelta(days=9)).date().isoformat()
    one.send("/many", {"until": until})
    one.reads("Nothing has happened yet")
    one.send("/many/do")
    one.reads("2 pairs are being paused")


def _rule(one: Coordinator) -> None:
    """Looked at, gone back to, looked at again, and dropped."""
    one.open("~/rule")
    one.send("/rule/look", {"held_minutes": "40"})
    one.reads("40")
    one.send("/rule/edit")
    one.send("/rule/look", {"interval_weeks": "3"})
    one.reads("3")


def _settings(one: Coordinator) -> None:
    """Words, who met is known how, staff, a text."""
    one.open("~/settings")
    one.send(
        "/settings/words", {"contact_name": "Ines Okafor", "contact_phone": "+44 20 7946 0000"}
    )
    one.reads("Kept|kept")
    one.send("/settings/evidence", {"mode": "self_report", "people_told": "yes"})
    one.send("/settings/staff", {"mail": one.firm.staff("sponsor"), "role": "coordinator"})
    one.open("~/settings")
    removed = one.page.locator("form[action$='/staff/remove']")
    before = removed.count()
    removed.last.locator("button").click()
    expect(one.page.locator("form[action$='/staff/remove']")).to_have_count(before - 1)
    one.open("~/settings/texts/closing")
    words = "It was good to have the two of you with us."
    text = f"Subject: {{{{ names }}}}\n\n<p>{words}</p> {{{{ contact }}}}"
    one.send("/preview", {"text": text})
    one.reads(words)
    one.send("/preview", {"text": text}, button=1)
    expect(one.page.get_by_role("status").first).to_contain_text("It is sent from now on")
    one.open("~/settings/texts/closing")
    expect(one.page.locator("textarea[name=text]")).to_have_value(re.compile(words))


def _surveys(one: Coordinator, folder: Path) -> None:
    """Scores brought in, and their question taken out again."""
    scores = folder / "scores.csv"
    scores.write_text("question,moment,score,answers\nI feel heard,before,3,9\n")
    one.open("~/surveys")
    one.send("/surveys/import", {"scores": str(scores)})
    one.reads("1 scores imported")
    taken_out = one.page.locator("form[action$='/surveys/remove']")
    before = taken_out.count()
    one.send("/surveys/remove")
    expect(one.page.locator("form[action$='/surveys/remove']")).to_have_count(before - 1)


def _wishes(one: Coordinator) -> None:
    """One who asks for a pairing is put off, another one paired."""
    one.open("~/wishes")
    one.send("/wishes/decline")
    one.send("/wishes/approve", {"partner": one.firm.staff("coordinator")})


def _roster(one: Coordinator, roster: Path) -> None:
    """A roster checked and kept."""
    one.open("~/import")
    one.send("/import/check", {"roster": str(roster)})
    one.send("/import/keep")
    one.reads("1 pairs enrolled")


def _files(one: Coordinator) -> None:
    """Files: time credit, and one person's hours."""
    one.open("~/exports")
    with one.page.expect_download() as kept:
        one.send("/exports/credit")
    assert kept.value.suggested_filename.endswith(".csv")
    mail = one.firm.read(lambda tx: tx.participants.all()[0].mail)
    with one.page.expect_download() as kept:
        one.send("/exports/hours", {"person": mail})
    assert kept.value.suggested_filename.endswith(".csv")


def _whole(one: Coordinator) -> None:
    """The check of the whole installation; all writing stopped and let go on."""
    one.open("/health")
    one.send("/health/check")
    one.open("/writing")
    one.send("/writing")
    one.reads("stopped")
    one.open("/writing")
    one.send("/writing")
    expect(one.page.get_by_role("status").first).to_be_visible()
