"""The rule editor: faults beside their field, what a change does to each pair, then one yes."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from integrations.ports import Transaction
from integrations.records import PairState, SessionState
from integrations.web.console import rule_form
from integrations.web.forms import Form
from integrations.workflows.booking import launching
from integrations.workflows.changes.case import rule_of
from integrations.workflows.messages.hours import mail_hours
from integrations.workflows.reporting.history import histories_of
from integrations.workflows.rulebook.rules import OfficeHolidays, ProgramRule
from scheduling.rule import SessionKind
from tests.acceptance.oracle import assert_booked_once, remembered, writes
from tests.support.world import Empty
from tests.web.test_launch import HOUR, Desk, at_the_desk, mails_asked


class Fields(HTMLParser):
    """What a browser would send for the forms of a page, by the form's address."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, list[str]]] = {}
        self._form: dict[str, list[str]] = {}
        self._name = ""
        self._area = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        name = known.get("name") or ""
        if tag == "form":
            self._form = self.forms.setdefault(known.get("action") or "", {})
        elif tag == "input" and name:
            ticks = known.get("type") in ("checkbox", "radio")
            if not ticks or "checked" in known:
                self._form.setdefault(name, []).append(known.get("value") or "")
        elif tag == "select":
            self._name = name
        elif tag == "option" and "selected" in known:
            self._form[self._name] = [known.get("value") or ""]
        elif tag == "textarea":
            self._area = name
            self._form[name] = [""]

    def handle_data(self, data: str) -> None:
        if self._area:
            self._form[self._area] = [self._form[self._area][0] + data]

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""


def form_of(text: str, action: str) -> dict[str, list[str]]:
    """The fields of the form with this address, filled in as the page shows them."""
    return Fields(text).forms[action]


def packed_in(text: str) -> str:
    """The rule that the page asks about."""
    found = re.search(r'name="rule" value="([^"]*)"', text)
    assert found is not None
    return html.unescape(found[1])


async def _booked(desk: Desk) -> None:
    await launching.launch(desk.app)
    await desk.worked(3 * HOUR)


def written_first(desk: Desk) -> dict[str, Any]:
    """What the oldest event of the program mailboxes says, as Graph's members."""
    tenant = desk.world.tenant
    boxes = [tenant.directory.user(box.mail) for box in desk.world.firm.program_mailboxes]
    kept = [event for box in boxes for event in tenant.calendars.events_of(box)]
    return min(kept, key=lambda event: event.created).fields


def _everything(tx: Transaction) -> object:
    pairs = tx.pairs.all()
    rule = tx.rules.current(pairs[0].program_id)
    return pairs, tx.sessions.all(), rule, tx.journal.read(), tx.intents.open(), tx.work.all()


def test_the_form_says_the_rule_and_gives_it_back_unchanged() -> None:
    rules = [
        ProgramRule(),
        ProgramRule(
            holidays={
                "Munich": OfficeHolidays(country="DE", region="BY"),
                "New York: midtown": OfficeHolidays(country="US"),
            },
            senior_first_days=3,
        ),
        ProgramRule.from_body(
            {
                "cadence": {
                    "lunch": None,
                    "minimum_held": None,
                    "edge": "PT37M",
                    "weekdays": [1, 3],
                    "blackout_dates": ["2027-12-24", "2027-03-01"],
                    "interval_weeks": 3,
                },
                "ends_on": "2027-12-31",
                "least_share": 0.75,
                "participation": "voluntary",
                "place": "Room 4, ground floor",
                "agenda": ["What Ana: shows", "What is given back"],
                "kinds": {"9": "check_in", "1": "preparation"},
                "limits": {"mail_opens": "09:30", "mail_closes": "16:00"},
            }
        ),
    ]
    for rule in rules:
        values = rule_form.values_of(rule)
        fields: dict[str, list[str]] = {}
        for name, value in values.items():
            if isinstance(value, tuple):
                fields[name] = list(value)
            elif value is True:
                fields[name] = ["yes"]
            elif value is not False:
                fields[name] = [value]
        assert rule_form.rule_in(Form(fields), ProgramRule()) == rule
        assert rule_form.unpacked(rule_form.packed(rule)) == rule


@pytest.mark.acceptance(29)
def test_a_preview_shows_each_pair_cancelling_leaves_all_and_saving_does_as_shown(
    empty: Empty,
) -> None:
    """A preview shows per pair what moves and how many mails go out; cancelling the preview leaves
    everything untouched."""

    async def play(desk: Desk) -> None:
        await _booked(desk)
        page = await desk.visitor.get(f"{desk.path}/rule")
        fields = form_of(page.text, f"{desk.path}/rule/look")
        fields["interval_weeks"], fields["occurrences"] = ["3"], ["6"]
        fields["minimum_held"] = ["5"]
        before, written = await desk.world.read(_everything), len(writes(desk.world))
        mails = len(desk.world.tenant.mail_log)
        shown = await desk.visitor.post(f"{desk.path}/rule/look", fields)
        assert shown.status_code == 200, shown.text
        memory = await remembered(desk.world)
        for pair_id in memory.in_state(PairState.BOOKED):
            pair = memory.pairs[pair_id]
            names = f"{memory.people[pair.mentor_id].name} / {memory.people[pair.mentee_id].name}"
            assert html.escape(names, quote=False) in html.unescape(shown.text)
        asked = mails_asked(shown.text)
        assert asked > 0
        again = await desk.visitor.get(f"{desk.path}/rule")
        assert 'name="interval_weeks" type="text" value="2"' in again.text
        assert await desk.world.read(_everything) == before
        assert len(writes(desk.world)) == written
        edited = await desk.visitor.post(
            f"{desk.path}/rule/edit", form_of(shown.text, f"{desk.path}/rule/edit")
        )
        assert 'name="interval_weeks" type="text" value="3"' in edited.text

        yes = {"rule": packed_in(shown.text), "mails": str(asked - 1)}
        refused = await desk.visitor.post(f"{desk.path}/rule/save", yes)
        assert refused.status_code == 400
        assert f"Expected exactly {asked}" in refused.text
        assert await desk.world.read(_everything) == before
        saved = await desk.visitor.send(f"{desk.path}/rule/save", {**yes, "mails": str(asked)})
        assert "Saved." in saved.text
        await desk.worked(3 * HOUR)
        assert len(desk.world.tenant.mail_log) - mails == asked
        after = await remembered(desk.world)
        for pair_id in after.in_state(PairState.BOOKED):
            live = [s.start for s in after.sessions[pair_id] if s.state is SessionState.SCHEDULED]
            assert len(live) <= 6
        changed = [e for e in after.journal if e.code == "rule_saved"]
        assert [e.data["mails"] for e in changed] == [asked]

    at_the_desk(empty, play, 2)


def test_pairs_not_booked_yet_are_shown_as_they_would_be_placed_and_then_planned_anew(
    empty: Empty,
) -> None:
    async def play(desk: Desk) -> None:
        before = await desk.world.read(_everything)
        page = await desk.visitor.get(f"{desk.path}/rule")
        fields = form_of(page.text, f"{desk.path}/rule/look")
        fields["weekdays"], fields["mails"] = ["1"], ["0"]
        shown = await desk.visitor.post(f"{desk.path}/rule/look", fields)
        assert mails_asked(shown.text) == 0
        assert await desk.world.read(_everything) == before
        yes = {"rule": packed_in(shown.text), "mails": "0"}
        await desk.visitor.send(f"{desk.path}/rule/save", yes)
        await desk.worked(HOUR)
        memory = await remembered(desk.world)
        planned = memory.in_state(PairState.PLANNED)
        said = re.search(r'value">(\d+)</span>\s*<span class="name">pairs placed', shown.text)
        assert said is not None
        assert int(said[1]) == len(planned)
        assert {(memory.pairs[i].series or {})["weekday"] for i in planned} == {1}
        assert writes(desk.world) == []
        await _booked(desk)
        await assert_booked_once(desk.world, planned)

    at_the_desk(empty, play, 6)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"occurrences": "4"}, "occurrences", "dates that cover four months"),
        ({"occurrences": "many"}, "occurrences", "a whole number up to 104"),
        ({"interval_weeks": "0"}, "interval_weeks", "1 to 26"),
        ({"latest_local": "09:15"}, "latest_local", "room for one session"),
        ({"held_minutes": "0"}, "held_minutes", "greater than or equal to 1"),
        ({"holidays": "Munich DE"}, "holidays", "office: country"),
        ({"holidays": "Munich: QQ"}, "holidays", "ISO 3166"),
        ({"blackout_dates": "24.12.2027"}, "blackout_dates", "dates as 2027-12-24"),
        ({"freeze": "1e3"}, "freeze", "a number up to 336"),
        ({"lunch": ["12:00", ""]}, "lunch", "both times, or none"),
        ({"mode": "heavy"}, "mode", "managed"),
        ({"minimum_held": "40"}, "minimum_held", "0 to 9"),
        ({"mail_closes": "08:30"}, "mail_closes", "an hour after 08:00 or later"),
        ({"kinds": "first: training"}, "kinds", "a number and one of meeting, preparation"),
        ({"kinds": "1: training\n1: check-in"}, "kinds", "date 1 once"),
        ({"kinds": "10: training"}, "kinds", "numbers of dates from 1 to 9"),
        ({"kinds": "1: training\n2: training"}, "kinds", "the 8 meetings asked for, not 7"),
        ({"place": "x" * 81}, "place", "at most 80"),
    ],
)
def test_a_fault_stands_beside_its_field_and_what_was_typed_stays(
    empty: Empty, changes: dict[str, str | list[str]], field: str, words: str
) -> None:
    async def play(desk: Desk) -> None:
        page = await desk.visitor.get(f"{desk.path}/rule")
        fields = form_of(page.text, f"{desk.path}/rule/look") | changes
        answer = await desk.visitor.post(f"{desk.path}/rule/look", fields)
        assert answer.status_code == 400
        assert f'href="#{field}"' in answer.text, "the list of faults leads to the field"
        assert words in html.unescape(answer.text)
        again = form_of(answer.text, f"{desk.path}/rule/look")
        wanted = changes[field]
        if field != "mode":
            assert again[field] == ([wanted] if isinstance(wanted, str) else wanted)
        assert (await desk.world.read(_everything))[2].version == 1  # type: ignore[index]

    at_the_desk(empty, play, 2)


def test_place_agenda_kinds_and_mail_hours_are_shown_before_the_yes_and_then_acted_upon(
    empty: Empty,
) -> None:
    def without_a_place(tx: Transaction) -> None:
        for pair in tx.pairs.all():
            tx.pairs.put(replace(pair, place=None))

    async def play(desk: Desk) -> None:
        await desk.app.store.run(without_a_place)
        page = await desk.visitor.get(f"{desk.path}/rule")
        fields = form_of(page.text, f"{desk.path}/rule/look")
        fields |= {
            "place": ["Library"],
            "agenda": ["What the junior shows\n<What> the senior gives back"],
            "kinds": ["2: training"],
            "participation": ["voluntary"],
            "mail_opens": ["09:00"],
        }
        shown = await desk.visitor.post(f"{desk.path}/rule/look", fields)
        said = html.unescape(re.sub(r"<[^>]+>", "|", shown.text))
        for row in ("Place||none||Library", "Dates of another kind||none||2: training"):
            assert row in said
        assert "Mails reach people from||08:00||09:00" in said
        assert "Invitations that were sent keep their words" in said
        yes = {"rule": packed_in(shown.text), "mails": "0"}
        await desk.visitor.send(f"{desk.path}/rule/save", yes)
        await desk.worked(HOUR)
        await _booked(desk)
        memory = await remembered(desk.world)
        (pair_id, *_) = sorted(memory.in_state(PairState.BOOKED))
        event = written_first(desk)
        assert event["location"]["displayName"] == "Library"
        body = event["body"]["content"]
        assert "<li>What the junior shows</li><li>&lt;What&gt; the senior gives back</li>" in body
        assert "date 2: training" in body
        pair, now = memory.pairs[pair_id], desk.app.clock.now()
        history = await desk.world.read(lambda tx: next(iter(histories_of(tx, [pair], now, "UTC"))))
        kinds = [one.outcome.kind for one in history.sessions]
        assert kinds.count(SessionKind.TRAINING) == 1
        assert history.progress.to_come == len(kinds) - 1, "a training is no meeting to come"
        person = memory.people[pair.mentor_id]
        rule = await desk.world.read(lambda tx: rule_of(tx, pair))
        early = datetime(2027, 1, 12, 8, 15, tzinfo=ZoneInfo(person.zone or "UTC"))
        leaves = mail_hours(rule, person.zone or "UTC", person.office, early)
        assert leaves == early.replace(hour=9, minute=0)

    at_the_desk(empty, play, 2)


def test_under_four_months_goes_by_an_explicit_override_alone(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        page = await desk.visitor.get(f"{desk.path}/rule")
        fields = form_of(page.text, f"{desk.path}/rule/look")
        fields |= {"occurrences": ["4"], "minimum_held": ["3"]}
        assert (await desk.visitor.post(f"{desk.path}/rule/look", fields)).status_code == 400
        fields["shorter_than_four_months"] = ["yes"]
        assert (await desk.visitor.post(f"{desk.path}/rule/look", fields)).status_code == 200

    at_the_desk(empty, play, 2)


def test_a_rule_that_was_tampered_with_is_checked_anew(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        for packed in ("", "[]", "{", '{"cadence": {"occurrences": 2}}', '{"surprise": 1}'):
            answer = await desk.visitor.post(
                f"{desk.path}/rule/save", {"rule": packed, "mails": "0"}
            )
            assert answer.status_code == 400
        version = await desk.world.read(lambda tx: tx.rules.current(desk.program).version)
        assert version == 1

    at_the_desk(empty, play, 2)
