"""The console's pages about a program: what they say, what they let out, what they never show."""

from __future__ import annotations

import asyncio
import io
import re
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NoReturn

import openpyxl  # type: ignore[import-untyped]
import pytest

from integrations.bootstrap import Surroundings, build_app
from integrations.page_records import Confirmation, StaffRole
from integrations.ports import Transaction
from integrations.records import PairState
from integrations.web.console import exports
from integrations.workflows.acting import NotYet
from integrations.workflows.app import App
from integrations.workflows.reporting import sheets
from integrations.workflows.reporting.exports import file_of
from integrations.workflows.showing import standings
from integrations.workflows.standing_work import DueAgain
from tests.support.world import START, Empty
from tests.web.console_firm import Console, at_the_console
from tests.web.support import KEYS, ORIGIN, Visitor, coordinator, signed_in, staff


async def hourly_look(app: App) -> None:
    """What the standing work does at its next look."""
    try:
        await standings.refresh_standings(app, None, "firm")  # type: ignore[arg-type]
    except DueAgain as done:
        await app.store.run(done.keep)
    except NotYet:
        raise AssertionError("what was seen is not kept") from None


def rows_of(html: str) -> list[str]:
    """The text of each row of the tables' bodies, tags taken out."""
    bodies = "".join(re.findall(r"<tbody>(.*?)</tbody>", html, re.DOTALL))
    rows = re.findall(r"<tr>(.*?)</tr>", bodies, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]


def test_the_overview_tells_how_pairs_stand_and_what_became_of_each_week(empty: Empty) -> None:
    async def play(console: Console) -> None:
        await hourly_look(console.app)
        page = await console.page()
        figures = re.findall(
            r'class="value">([\d,]+)</span>\s*<span class="name">(.*?)</span>\s*(?:<|$)',
            page,
            re.DOTALL,
        )
        said = {re.sub(r"<[^>]+>", "", name).strip(): int(value) for value, name in figures}
        assert said == {
            "on track": 2,
            "at risk": 3,
            "blocked": 1,
            "meetings held": 3,
            "need you": 1,
        }
        weeks = [row for row in rows_of(page) if re.match(r"\d+ \w+ 20", row)]
        assert weeks[0] == "23 Nov 2026 2 1 0"
        assert weeks[1] == "30 Nov 2026 0 0 0"
        assert weeks[2] == "7 Dec 2026 1 1 1"

    at_the_console(empty, play)


def test_milestones_count_the_pairs_that_have_held_so_much(empty: Empty) -> None:
    async def play(console: Console) -> None:
        await hourly_look(console.app)
        found = await console.app.store.run(lambda tx: tx.standings.all())
        held = [each.held for each in found if each.state is PairState.BOOKED]
        assert 0 < sum(count > 0 for count in held) < len(held)
        page = await console.page()
        section = page.partition('id="milestones"')[2]
        said = re.findall(r'<li><span>(.*?)</span><span class="number">(\d+)</span>', section)
        assert said == [
            ("a first meeting", str(sum(count > 0 for count in held))),
            ("half of what is required", "0"),
            ("all that is required", "0"),
        ]

    at_the_console(empty, play)


def test_a_pair_that_changes_is_shown_as_it_is_without_waiting_for_the_hour(empty: Empty) -> None:
    async def play(console: Console) -> None:
        await hourly_look(console.app)
        pair = console.pairs[0]
        path = f"/programs/{console.program.id}/many"
        chosen = {"pair": [pair.id], "act": "end"}
        looked = await console.visitor.post(path, chosen)
        mails = re.search(r'name="mails" value="(\d+)"', looked.text)
        assert mails is not None
        shown = await console.visitor.send(f"{path}/do", {**chosen, "mails": mails[1]})
        assert "1 pair is being ended" in shown.text
        kept = await console.app.store.run(lambda tx: tx.pairs.require(pair.id))
        assert kept.withdrawn
        about = await console.app.store.run(lambda tx: tx.standings.require(pair.id))
        assert about.updated_at == console.app.clock.now()

    at_the_console(empty, play)


def test_a_bulk_act_says_what_it_does_and_does_nothing_before_its_yes(empty: Empty) -> None:
    async def play(console: Console) -> None:
        path = f"/programs/{console.program.id}/many"
        chosen = {"pair": [console.pairs[0].id, console.pairs[3].id], "act": "pause"}
        unclear = await console.visitor.post(path, chosen)
        assert unclear.status_code == 400
        assert 'id="until-fault"' in unclear.text
        looked = await console.visitor.post(path, {**chosen, "until": "2027-02-20"})
        booked, enrolled = sorted(rows_of(looked.text), key=lambda row: "stays as it is" in row)
        assert booked.startswith(re.sub(r"\w+ (\S+) / \w+ (\S+)", r"\1 / \2", console.names(0)))
        assert "stays as it is" in enrolled
        # Fewer mails confirmed than it causes: it is shown again, and nobody was told.
        again = await console.visitor.post(
            f"{path}/do", {**chosen, "until": "2027-02-20", "mails": "1"}
        )
        assert (again.status_code, "Nothing has happened yet" in again.text) == (200, True)
        pairs = await console.app.store.run(lambda tx: tx.pairs.all())
        assert not any(pair.pause for pair in pairs)

    at_the_console(empty, play)


def test_a_group_session_is_recorded_for_the_chosen_pairs_that_it_counts_for(
    empty: Empty,
) -> None:
    async def play(console: Console) -> None:
        def count_two(tx: Transaction) -> None:
            for rule in tx.rules.all():
                tx.rules.put(replace(rule, body={**rule.body, "group_sessions": 2}))

        await console.app.store.run(count_two)
        day = f"{console.app.clock.now().date() - timedelta(days=1)}"
        path = f"/programs/{console.program.id}/many"
        pairs = [console.pairs[0].id, console.pairs[1].id]
        chosen = {"pair": pairs, "act": "group_session"}
        asked = await console.visitor.post(path, {**chosen, "day": day, "start": "noon"})
        assert (asked.status_code, 'id="minutes-fault"' in asked.text) == (400, True)
        assert re.search(r"On the clock of \w+", asked.text)
        told = {**chosen, "title": "Practice group lunch", "start": "12:00", "minutes": "60"}
        looked = await console.visitor.post(path, {**told, "day": day})
        assert "record a group session" in looked.text
        assert not await console.app.store.run(_group_sessions)
        done = await console.visitor.send(f"{path}/do", {**told, "day": day, "mails": "0"})
        assert "The group session is on record for 2 pairs." in done.text
        kept = await console.app.store.run(_group_sessions)
        assert kept == dict.fromkeys(pairs, "Practice group lunch")
        again = await console.visitor.post(path, {**told, "day": day})
        assert again.text.count("a meeting of that time is on record already") == 2
        assert "Practice group lunch" in await console.page(f"/pairs/{pairs[0]}")

    at_the_console(empty, play)


def _group_sessions(tx: Transaction) -> dict[str, str]:
    return {s.pair_id: s.group_title for s in tx.sessions.all() if s.group_title is not None}


def test_pairs_are_searched_filtered_and_each_emptiness_is_explained(empty: Empty) -> None:
    async def play(console: Console) -> None:
        one = console.names(2).split(" / ")[0]
        assert [row.split(" / ")[0] for row in rows_of(await console.page(f"/pairs?q={one}"))] == [
            one
        ]
        blocked = rows_of(await console.page("/pairs?risk=blocked"))
        assert len(blocked) == 1
        assert "there is no Exchange Online mailbox" in blocked[0]
        assert "No pair is like that" in await console.page("/pairs?q=nobody+is+called+this")
        assert len(rows_of(await console.page("/pairs?risk=tall&sort=shoe+size&from=minus"))) == 6
        # Where somebody was is not there any more: the list begins anew.
        assert "1 to 6 of 6 pairs" in await console.page("/pairs?from=50")

    at_the_console(empty, play)


def test_a_part_of_the_list_is_the_list_alone(empty: Empty) -> None:
    async def play(console: Console) -> None:
        part = await console.page("/pairs?part=list&state=booked", **{"hx-request": "true"})
        assert "<html" not in part
        assert len(rows_of(part)) == 3
        # Addresses in it lead to pages, not to parts of them.
        assert "part=" not in part

    at_the_console(empty, play)


def test_a_program_without_pairs_says_what_comes_first(empty: Empty) -> None:
    async def play(console: Console) -> None:
        def alone(tx: Transaction) -> None:
            tx.programs.put(type(console.program)(id="new", name="New one", zone="UTC"))

        await console.app.store.run(alone)
        await staff(console.app, "new", "coordinator")
        for path in ("", "/pairs"):
            page = await console.visitor.get(f"/programs/new{path}")
            assert "No pairs yet" in page.text, path
        assert "Nothing yet" in (await console.visitor.get("/programs/new/journal")).text
        assert "Nothing to show yet" in (await console.visitor.get("/programs/new/sponsor")).text
        both = await console.visitor.get("/programs")
        assert [name in both.text for name in ("New one", console.program.name)] == [True, True]

    at_the_console(empty, play, firm=2, lived=False)


def test_a_large_program_has_its_sponsors_figures_counted_beforehand(
    empty: Empty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "COUNTED_AT_ONCE", 5)

    async def play(console: Console) -> None:
        now = console.app.clock.now()
        live = await console.page("/sponsor")
        assert "Counted at" not in live
        earlier = now - timedelta(minutes=20)
        await console.app.store.run(lambda tx: sheets.keep_sheets(tx, earlier, "UTC"))
        monkeypatch.setattr(sheets, "histories", _not_read)
        kept = await console.page("/sponsor")
        assert "Counted at" in kept
        assert rows_of(kept) == rows_of(live)
        assert ">38 %<" in kept

    at_the_console(empty, play)


def _not_read(*_: object) -> NoReturn:
    raise AssertionError("every pair's history is read for a page")


def test_booked_pairs_that_not_both_confirmed_are_flagged_and_found(empty: Empty) -> None:
    async def play(console: Console) -> None:
        def confirm(tx: Transaction) -> None:
            one, two = console.pairs[0], console.pairs[1]
            for pair, person in ((one, one.mentor_id), (one, one.mentee_id), (two, two.mentor_id)):
                tx.confirmations.put(Confirmation(pair_id=pair.id, person_id=person, at=START))

        await console.app.store.run(confirm)
        rows = rows_of(await console.page("/pairs"))
        flags = {row: "start page" in row for row in rows if " booked" in row}
        confirmed = [row for row, is_flagged in flags.items() if not is_flagged]
        assert [console.names(0) in row for row in confirmed] == [True]
        assert any("confirmed by one" in row and console.names(1) in row for row in rows)
        found = rows_of(await console.page("/pairs?unconfirmed=yes"))
        assert found
        assert len(found) == len(flags) - 1
        assert not any(console.names(0) in row for row in found)

    at_the_console(empty, play)


def test_the_sponsor_sees_figures_and_neither_a_name_nor_a_small_group(empty: Empty) -> None:
    async def play(console: Console) -> None:
        sponsor = await signed_in(console.app, "sponsor", name="Sponsor")
        await staff(console.app, console.program.id, "sponsor", StaffRole.SPONSOR)
        path = f"/programs/{console.program.id}"
        page = (await sponsor.get(f"{path}/sponsor")).text
        assert ">38 %<" in page
        people = await console.app.store.run(lambda tx: tx.participants.all())
        assert not [person.name for person in people if person.name.split()[-1] in page]
        weeks = re.compile(r"\d+ \w+ 20")
        assert not [row for row in rows_of(page) if not weeks.match(row)], "no group has a row"
        assert page.count("Withheld, fewer than five: ") == 2
        german = (await sponsor.get(f"{path}/sponsor", **{"Accept-Language": "de"})).text
        assert "Nach Büro" in german
        assert "Zurückgehalten, weniger als fünf: " in german
        assert "fewer than five" not in german
        assert (await sponsor.get(f"{path}/pairs")).status_code == 404

    at_the_console(empty, play)


def test_every_export_leaves_as_the_file_it_says(empty: Empty) -> None:
    async def play(console: Console) -> None:
        at = f"/programs/{console.program.id}/exports"
        csv = await console.visitor.get(f"{at}/sessions.csv")
        assert csv.headers["content-type"] == "text/csv; charset=utf-8"
        assert csv.headers["content-disposition"].endswith("-sessions-2027-01-04.csv")
        assert csv.content.count(b"\r\n") == 1 + 8
        book = openpyxl.load_workbook(
            io.BytesIO((await console.visitor.get(f"{at}/pairs.xlsx")).content), read_only=True
        )
        assert len(list(book.worksheets[0].rows)) == 1 + 6
        totals = (await console.visitor.get(f"{at}/totals.json")).json()
        counts = {row["what"]: row["count"] for row in totals["totals"]}
        assert (counts["pairs"], counts["held"]) == (6, 3)
        assert (await console.visitor.get(f"{at}/everything.csv")).status_code == 404
        assert (await console.visitor.get(f"{at}/pairs.exe")).status_code == 404

    at_the_console(empty, play)


def test_hours_are_those_of_somebody_of_the_program(empty: Empty) -> None:
    async def play(console: Console) -> None:
        at = f"/programs/{console.program.id}/exports/hours"
        mentor = await console.app.store.run(
            lambda tx: tx.participants.require(console.pairs[0].mentor_id)
        )
        sent = await console.visitor.post(at, {"person": mentor.mail, "form": "csv"})
        assert sent.headers["content-disposition"].endswith("hours-2027-01-04.csv")
        stranger = await console.visitor.post(at, {"person": "nobody@firm.example"})
        assert stranger.status_code == 400
        assert 'aria-describedby="person-fault' in stranger.text

    at_the_console(empty, play)


def test_the_journal_is_in_words_newest_first_and_can_be_of_one_pair(empty: Empty) -> None:
    async def play(console: Console) -> None:
        whole = rows_of(await console.page("/journal"))
        assert len(whole) == 12
        assert whole[0].endswith("Booked")
        assert whole[-1].endswith("Enrolled")
        one = console.pairs[1].id
        assert len(rows_of(await console.page(f"/journal?pair={one}"))) == 2
        assert "No such pair" in await console.page("/journal?pair=another")
        assert len(rows_of(await console.page("/journal?before=4"))) == 3

    at_the_console(empty, play)


def _put_one_aside(tx: Transaction) -> None:
    work = tx.work.schedule("reconcile_pair", tx.pairs.all()[0].id, START)
    tx.work.poison(work.id, "LookupError")


def test_health_names_what_holds_up_with_its_remedy_and_nobody(empty: Empty) -> None:
    async def play(console: Console) -> None:
        admin = await signed_in(console.app, "admin", name="Ada", administrator=True)
        page = (await admin.get("/health")).text
        assert "There is no Exchange Online mailbox" in page
        assert "Ask IT for an Exchange Online licence" in page
        people = await console.app.store.run(lambda tx: tx.participants.all())
        assert not [p.name for p in people if p.name in page or p.mail in page]
        assert "They were not checked yet" in page
        assert "put aside" not in page.split("</table>")[-1]
        await console.app.store.run(_put_one_aside)
        assert "Take up what was put aside" in (await admin.get("/health")).text
        assert "Taken up again: 1 pieces" in (await admin.send("/health/take-up")).text
        assert "Take up what was put aside" not in (await admin.get("/health")).text
        checked = await admin.send("/health/check")
        assert "Permissions were checked" in checked.text
        assert "created with a Teams link, lobby open, deleted again" in checked.text
        part = await admin.get("/health?part=live", **{"hx-request": "true"})
        assert "<html" not in part.text
        assert 'id="live"' in part.text

    at_the_console(empty, play)


def test_every_page_says_when_calendars_were_last_read_and_in_words_if_long_ago(
    empty: Empty,
) -> None:
    async def play(console: Console) -> None:
        assert "Calendars were not read yet" in await console.page("/exports")
        now = console.app.clock.now()

        def read(tx: Transaction, hours: float) -> None:
            at = (now - timedelta(hours=hours)).isoformat()
            tx.switches.set("watched", f'{{"near_at": "{at}"}}')

        await console.app.store.run(lambda tx: read(tx, 2))
        assert "Calendars were last read two hours ago" not in await console.page("/exports")
        await console.app.store.run(lambda tx: read(tx, 3.5))
        assert "Calendars were last read three hours ago" in await console.page("/exports")
        await console.app.store.run(lambda tx: read(tx, 49))
        assert "Calendars were last read two days ago" in await console.page("/journal")

    at_the_console(empty, play, firm=2, lived=False)


def test_a_night_works_out_every_pair_again_because_days_have_passed(empty: Empty) -> None:
    async def play(console: Console) -> None:
        await hourly_look(console.app)
        first = await console.app.store.run(lambda tx: tx.standings.all())
        assert {s.pair_id for s in first} == {pair.id for pair in console.pairs}
        assert {s.state for s in first} == {PairState.BOOKED, PairState.ENROLLED}

        def a_day_ago(tx: Transaction) -> None:
            made = console.app.clock.now() - timedelta(days=2)
            tx.switches.set(standings.ALL_AT, made.isoformat())
            tx.standings.put_many([s for s in first if s.pair_id == "none"])
            for old in first:
                tx.standings.remove(old.pair_id)

        await console.app.store.run(a_day_ago)
        await hourly_look(console.app)
        assert await console.app.store.run(lambda tx: tx.standings.all()) == first

    at_the_console(empty, play, firm=4)


def test_other_pages_answer_while_a_large_file_is_being_written(
    empty: Empty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a real loop with threads, as in production: one that waited would answer nobody."""
    others_answered, begun = threading.Event(), threading.Event()
    firm: list[Console] = []

    def slow(*given: Any) -> bytes:
        begun.set()
        assert others_answered.wait(30), "nobody was answered while the file was written"
        return file_of(*given)

    async def keep(console: Console) -> None:
        firm.append(console)
        await console.app.close()

    async def meanwhile(visitor: Visitor, program: str) -> None:
        await asyncio.to_thread(begun.wait, 30)
        for path in (program, f"{program}/pairs"):
            assert (await visitor.get(path)).status_code == 200
        others_answered.set()

    async def play() -> None:
        [console] = firm
        settings = console.world.settings(public_url=ORIGIN, signing_keys=KEYS)
        around = Surroundings(clock=Stopped(), transport=console.world.transport)
        app = await build_app(settings, around).open()
        visitor = await coordinator(app, console.program.id)
        program = f"/programs/{console.program.id}"
        answer, _ = await asyncio.gather(
            visitor.get(f"{program}/exports/pairs.csv"), meanwhile(visitor, program)
        )
        assert answer.status_code == 200
        assert len(answer.text.splitlines()) > len(console.pairs)
        await app.close()

    at_the_console(empty, keep)
    monkeypatch.setattr(exports, "file_of", slow)
    asyncio.run(play())


class Stopped:
    """A clock that stands."""

    def now(self) -> datetime:
        """When the firm begins."""
        return START

    async def sleep(self, length: timedelta) -> None:
        """Nobody waits here."""
        raise AssertionError(f"somebody waits for {length}")
