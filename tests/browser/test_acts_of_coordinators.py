"""Each act of the coordinators' pages, clicked: on a phone without script, and on a desk with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, Response, expect

from integrations.page_records import StaffRole, TriedRule, TryState, Wish
from integrations.ports import Transaction
from integrations.records import Need, Pair, PairState, ProgramState, Work, WorkState
from integrations.web.access import Who
from integrations.web.app import pages
from integrations.workflows.enrolment.enrol import program_id
from integrations.workflows.rulebook.rule_trials import KIND
from tests.browser.browsing import DESKTOP, NARROW, Visitors, Window
from tests.browser.firm import ServedFirm, another_pair, served

_ELSEWHERE = {"/programs/{program}/pairs/{pair}/again": "tests/browser/test_keeping_pairs.py"}
"""An act that nothing in this firm calls for, and the test that plays it through."""
_ACTS = {
    act.path: re.compile(re.sub(r"\{\w+\}", "[^/]+", act.path))
    for page in pages()
    if page.who in (Who.COORDINATOR, Who.STAFF_OR_ADMIN)
    for act in page.acts
}
ASKED_AT = datetime(2027, 3, 1, tzinfo=UTC)
FAR_AWAY = datetime(2099, 1, 1, tzinfo=UTC)
_LAST = "the last one"
_JOINING = "pair-that-joins"
_TIMES = 4
_LOOKS = 100
WINTER, SPRING, SUMMER, AUTUMN = "Winter", "Spring", "Summer", "Autumn"


@pytest.fixture
def firm(firm_at_the_office: Path, tmp_path: Path) -> Iterator[ServedFirm]:
    """A firm after some meetings, in office hours; somebody asks for a pairing.

    Beside its program stand four that were never begun, and work that was put aside.
    """
    with served(firm_at_the_office, tmp_path / "firm", poll_seconds=1) as one:
        one.read(_two_wish)
        one.read(_three_rows)
        one.read(_programs_in_draft)
        one.read(lambda tx: tx.work.put(_PUT_ASIDE))
        yield one


@pytest.fixture
def visitors(browser: Browser, firm: ServedFirm) -> Iterator[Visitors]:
    """Windows of this firm's people."""
    people = Visitors(browser, firm)
    yield people
    people.close()


_PUT_ASIDE = Work(
    id="put-aside",
    kind="try_rule",
    subject="gone",
    due_at=ASKED_AT,
    state=WorkState.POISON,
    attempts=8,
    last_error="unreachable",
)


def _programs_in_draft(tx: Transaction) -> None:
    """Programs in draft with the same rule and the same coordinator, and nobody in them."""
    (program,) = tx.programs.all()
    rule = tx.rules.current(program.id)
    for name in (WINTER, SPRING, SUMMER, AUTUMN):
        new = program_id(name)
        tx.programs.add(replace(program, id=new, name=name, state=ProgramState.DRAFT))
        tx.rules.add(replace(rule, id=f"rule-of-{name}", program_id=new, version=1))
        for member in tx.staff.of_program(program.id):
            if member.role is StaffRole.COORDINATOR:
                tx.staff.add(replace(member, program_id=new))


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

    def mails(self) -> str:
        """The number of mails that is asked for on this page."""
        words = self.page.get_by_role("main").text_content() or ""
        found = re.findall(r"causes ([\d,]+) mails", words)
        assert found, f"{self.page.url}: {words[:1500]}"
        return str(found[-1]).replace(",", "")

    def until(self, path: str, words: str) -> None:
        """Look at a page again until the worker beside it has come so far."""
        for _ in range(_LOOKS):
            self.open(path)
            if words in self.page.get_by_role("main").inner_html():
                return
            self.page.wait_for_timeout(200)
        raise AssertionError(f"{words}: {self.page.get_by_role('main').inner_text()[:1500]}")

    def reads(self, words: str) -> None:
        """What was done is said, or what is to be read stands there."""
        expect(self.page.get_by_role("main")).to_contain_text(re.compile(words))


@pytest.fixture
def pairs(firm: ServedFirm) -> list[Pair]:
    """The firm's booked pairs before anything was done."""
    found = firm.read(lambda tx: tx.pairs.in_state(PairState.BOOKED))
    return sorted(found, key=lambda one: one.id)


@pytest.mark.parametrize(
    ("script", "width"), [(False, NARROW), (True, DESKTOP)], ids=["phone, no script", "desk"]
)
def test_each_act_of_the_console_is_done_by_clicking_alone(
    visitors: Visitors,
    firm: ServedFirm,
    pairs: list[Pair],
    tmp_path: Path,
    script: bool,
    width: tuple[int, int],
) -> None:
    window = visitors.signed_in_as(firm.staff("coordinator"), script=script, width=width)
    one = Coordinator(window, firm, pairs[0].program_id)
    window.page.on("request", one.note)
    roster = tmp_path / "late.csv"
    roster.write_text(another_pair(firm))
    _needs(one)
    _dates(one, pairs[0])
    _pairs_own(one, pairs[1])
    _told(one, pairs[4], "cadence", {"minutes": "45"})
    _known_elsewhere(one, pairs[5])
    _gone(one, pairs[5])
    _standing(one, pairs[6])
    _many(one, pairs[2:4])
    _rule(one)
    _trial(one)
    _settings(one)
    _surveys(one, tmp_path)
    _wishes(one)
    _roster(one, roster)
    _files(one)
    _whole(one)
    _winter(one, tmp_path)
    _spring(one, tmp_path)
    _autumn(one)
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
        with one.page.expect_response(_answers_a_form) as answered:
            yes.click()
        if answered.value.status == HTTPStatus.SEE_OTHER:
            break
        # Meanwhile it has come to cause more mails than were shown: it is shown again.
    expect(one.page).to_have_url(re.compile(f"/pairs/{pair.id}$"))
    expect(one.page.get_by_role("status").first).to_be_visible()


def _answers_a_form(answer: Response) -> bool:
    return answer.request.method == "POST"


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


def _known_elsewhere(one: Coordinator, pair: Pair) -> None:
    """Another account is one of the two."""
    one.open(f"~/pairs/{pair.id}/identity")
    one.send("/identity", {"person": pair.mentee_id, "mail": "second.account@elsewhere.example"})
    one.reads("what that account attended counts from now on")


def _gone(one: Coordinator, pair: Pair) -> None:
    """Somebody took the whole series out of the calendars; a new one is booked."""
    series = one.firm.read(lambda tx: tx.bookings.of_pair(pair.id))[-1]
    one.firm.control.tell("/organizer/cancel", {"item": series.event_id})
    one.firm.read(lambda tx: tx.work.schedule("reconcile_pair", pair.id, one.firm.now()))
    one.until(f"~/pairs/{pair.id}", "/acts/book_again")
    _told(one, pair, "book_again")


def _standing(one: Coordinator, pair: Pair) -> None:
    """Two have a series already when they join a program, which is the program's from then on."""
    one.firm.read(lambda tx: _enrolled_with_a_series(tx, pair))
    one.program = program_id(SUMMER)
    _told(one, replace(pair, id=_JOINING), "adopt", {"series": _LAST})
    one.program = pair.program_id


def _enrolled_with_a_series(tx: Transaction, pair: Pair) -> None:
    for booking in tx.bookings.of_pair(pair.id):
        tx.bookings.remove(f"{pair.id}/{booking.generation}")
    tx.pairs.put(replace(pair, state=PairState.WITHDRAWN))
    blank = replace(pair, id=_JOINING, state=PairState.ENROLLED, series=None, booked_at=None)
    tx.pairs.add(replace(blank, program_id=program_id(SUMMER), generation=1, planned_at=None))


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
    one.open("~/rule")
    one.send("/rule/look", {"gap_days": "50"})
    one.send("/rule/save", {"mails": one.mails()})
    one.reads("Saved")


def _trial(one: Coordinator) -> None:
    """A rule tried on all pairs: stopped, let go on, begun again, saved; another one dropped."""
    at = "~/rule/what-if"
    one.firm.read(lambda tx: _tried(tx, one.program, before=True))
    one.open(at)
    one.send("/what-if/stop")
    one.send("/what-if/go-on")
    one.until(at, "Another rule is in force by now")
    one.send("/what-if/again")
    one.until(at, "Type the number of mails")
    one.send("/what-if/save", {"mails": one.mails()})
    one.reads("Saved")
    one.firm.read(lambda tx: _tried(tx, one.program, before=False))
    one.open(at)
    one.send("/what-if/drop")
    assert one.firm.read(lambda tx: tx.tried_rules.get(one.program)) is None


def _tried(tx: Transaction, program: str, *, before: bool) -> None:
    """As a program of hundreds of pairs has it: asked for, and no worker has come to it yet."""
    rule, work = tx.rules.current(program), tx.work.take_up(KIND, program, FAR_AWAY)
    body = {**rule.body, "limits": {**rule.body["limits"], "gap_days": 52}}
    trial = TriedRule(
        program_id=program,
        id="trial",
        rule=body,
        version=rule.version - before,
        pairs=len(tx.pairs.all()),
        state=TryState.RUNNING,
        begun_at=ASKED_AT,
        begun_by="coordinator",
        work_id=work.id,
    )
    tx.tried_rules.forget(program)
    tx.tried_rules.add(trial)


def _enrolled(one: Coordinator, name: str, folder: Path) -> None:
    """A program in draft gets its first pair, which is planned."""
    one.program = program_id(name)
    roster = folder / f"{name}.csv"
    roster.write_text(another_pair(one.firm, name))
    one.open("~/import")
    one.send("/import/check", {"roster": str(roster)})
    one.send("/import/keep")
    one.reads("1 pairs enrolled")
    one.until("~/launch", "Start this wave")


def _winter(one: Coordinator, folder: Path) -> None:
    """A program launched without a word: tested, begun, stopped, let go on, undone, begun anew."""
    _enrolled(one, WINTER, folder)
    one.open("~/launch")
    one.send("/launch/test")
    one.open("/writing")
    one.send("/writing")
    # While nothing is written, the wave waits before its first pair.
    one.open("~/launch")
    one.send("/launch/start", {"mails": one.mails()})
    wave = urlsplit(one.page.url).path
    one.send("/stop")
    one.send("/go-on")
    one.open("/writing")
    one.send("/writing")
    one.until(wave, "1 of 1 pairs booked")
    one.send("/undo", {"mails": one.mails()})
    one.until(wave, "Enrol the ended pairs anew")
    one.send("/again")
    one.reads("1 pairs are enrolled anew")


def _say_no_hours(tx: Transaction) -> None:
    """The mailboxes of the two in spring tell no hours of theirs."""
    (pair,) = tx.pairs.in_state(PairState.PLANNED, program_id=program_id(SPRING))
    for person in tx.participants.many([pair.mentor_id, pair.mentee_id]).values():
        tx.participants.put(replace(person, hours_source=None))


def _spring(one: Coordinator, folder: Path) -> None:
    """A program whose people are asked for their hours, and told when it begins."""
    _enrolled(one, SPRING, folder)
    one.firm.read(_say_no_hours)
    one.open("~/hours")
    one.send("/hours/ask", {"mails": one.mails()})
    one.reads("Nobody is to be asked")
    one.open("~/settings")
    one.send("/settings/announce", {"mails": one.mails(), "begins": "yes"})
    one.reads("it begins by itself")
    one.send("/settings/begin")
    one.reads("Nothing starts by itself")


def _autumn(one: Coordinator) -> None:
    """A program that is given up before anybody is in it."""
    one.program = program_id(AUTUMN)
    one.open("~/settings")
    one.send("/close")
    one.reads("Take it up again")


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
    one.open("/health")
    one.send("/health/take-up")
    one.reads("Taken up again: 1 pieces of work")
    one.open("/writing")
    one.send("/writing")
    one.reads("stopped")
    one.open("/writing")
    one.send("/writing")
    expect(one.page.get_by_role("status").first).to_be_visible()
