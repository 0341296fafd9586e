"""A program's settings: announcing, words, texts, evidence and staff, each journalled with who."""

from __future__ import annotations

import html
import re

import pytest

from integrations.page_records import StaffRole
from integrations.records import PairState, ProgramState
from integrations.workflows.messages.texts import own_texts, usual_text
from tests.acceptance.oracle import remembered
from tests.support.world import Empty
from tests.web.support import signed_in
from tests.web.test_launch import HOUR, Desk, at_the_desk, mails_asked

PAIRS = 3


def test_announcing_is_counted_confirmed_by_its_mails_and_starts_nothing(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        page = await desk.visitor.get(f"{desk.path}/settings")
        asked = mails_asked(page.text)
        assert asked == 2 * PAIRS
        day = re.search(r'type="hidden" name="books_on" value="([\d-]+)"', page.text)
        assert day is not None
        said = {"books_on": day[1], "mails": str(asked - 1)}
        refused = await desk.visitor.post(f"{desk.path}/settings/announce", said)
        assert refused.status_code == 400
        early = await desk.visitor.post(
            f"{desk.path}/settings/announce", {"books_on": "2027-01-05", "mails": str(asked)}
        )
        assert early.status_code == 400
        assert "Expected a date from" in early.text
        told = await desk.visitor.send(
            f"{desk.path}/settings/announce", {**said, "mails": str(asked)}
        )
        assert f"Announced: {asked} mails" in told.text
        await desk.worked(3 * HOUR)
        assert len(desk.world.tenant.mail_log) == asked
        launch = await desk.visitor.get(f"{desk.path}/launch")
        assert "is announced to be booked from" in launch.text
        assert "Start this wave" not in launch.text
        memory = await remembered(desk.world)
        assert memory.in_state(PairState.BOOKED) == set()
        (program,) = await desk.world.read(lambda tx: tx.programs.all())
        assert program.state is ProgramState.ANNOUNCED

    at_the_desk(empty, play, PAIRS)


def test_staff_are_looked_up_added_removed_and_lose_access_at_once(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        people = desk.world.firm.people
        other = people[0]
        nobody = await desk.visitor.post(
            f"{desk.path}/settings/staff", {"mail": "nobody@firm.example", "role": "coordinator"}
        )
        assert nobody.status_code == 400
        assert 'id="staff_mail-fault"' in nobody.text
        page = await desk.visitor.send(
            f"{desk.path}/settings/staff", {"mail": other.mail.upper(), "role": "coordinator"}
        )
        assert html.escape(other.name, quote=False) in html.unescape(page.text)
        theirs = await signed_in(desk.app, other.id)
        assert (await theirs.get(f"{desk.path}/launch")).status_code == 200
        await desk.visitor.send(
            f"{desk.path}/settings/staff/remove", {"mail": other.mail, "role": "coordinator"}
        )
        assert (await theirs.get(f"{desk.path}/launch")).status_code == 404
        staff = await desk.world.read(lambda tx: tx.staff.of_program(desk.program))
        me = staff[0]
        last = await desk.visitor.post(
            f"{desk.path}/settings/staff/remove", {"mail": me.mail, "role": "coordinator"}
        )
        assert last.status_code == 409
        assert "left without a coordinator" in last.text
        await desk.visitor.send(
            f"{desk.path}/settings/staff", {"mail": other.mail, "role": "sponsor"}
        )
        staff = await desk.world.read(lambda tx: tx.staff.of_program(desk.program))
        assert {member.role for member in staff} == {StaffRole.COORDINATOR, StaffRole.SPONSOR}
        entries = await desk.world.read(lambda tx: tx.journal.read())
        said = [(e.code, e.data["by"]) for e in entries if e.code.startswith("staff_")]
        assert [code for code, _ in said] == ["staff_added", "staff_removed", "staff_added"]
        assert {by for _, by in said} == {me.directory_id}

    at_the_desk(empty, play, PAIRS)


def test_teams_reports_are_read_only_once_it_is_confirmed_that_people_were_told(
    empty: Empty,
) -> None:
    async def play(desk: Desk) -> None:
        path = f"{desk.path}/settings/evidence"
        refused = await desk.visitor.post(path, {"mode": "teams"})
        assert refused.status_code == 409
        assert "nobody confirmed that people were told" in refused.text
        assert (await desk.visitor.post(path, {"mode": "guess"})).status_code == 400
        await desk.visitor.send(path, {"mode": "teams", "people_told": "yes"})
        (program,) = await desk.world.read(lambda tx: tx.programs.all())
        assert program.evidence["mode"] == "teams"
        assert program.evidence["told_by"] == desk.world.firm.people[-1].id
        office = (await desk.world.read(lambda tx: tx.pairs.all()))[0].office
        await desk.visitor.send(path, {"mode": "off", "office": office})
        (program,) = await desk.world.read(lambda tx: tx.programs.all())
        assert program.evidence["offices"] == {office: "off"}
        assert program.evidence["mode"] == "teams"

    at_the_desk(empty, play, PAIRS)


def test_words_are_kept_and_faults_stand_beside_their_field(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        path = f"{desk.path}/settings/words"
        said = {
            "contact_name": "Mira <Holm>",
            "contact_mail": "mira.holm@firm.example",
            "contact_phone": "+1",
            "sponsor": "Elena Marsh",
            "resources": "https://intranet.firm.example/starts",
            "zone": "Europe/London",
            "mixed": "yes",
        }
        for wrong in (
            {"resources": "javascript:alert(1)"},
            {"zone": "Mars/Base"},
            {"contact_mail": "mira"},
            {"sponsor": "x" * 201},
        ):
            answer = await desk.visitor.post(path, said | wrong)
            assert answer.status_code == 400
            assert f'id="{next(iter(wrong))}-fault"' in answer.text
        page = await desk.visitor.send(path, said)
        assert "Mira &lt;Holm&gt;" in page.text
        (program,) = await desk.world.read(lambda tx: tx.programs.all())
        assert (program.zone, program.mixed) == ("Europe/London", True)
        assert program.contact["sponsor"] == "Elena Marsh"

    at_the_desk(empty, play, PAIRS)


def test_a_text_of_ones_own_is_previewed_kept_and_given_up_again(empty: Empty) -> None:
    async def play(desk: Desk) -> None:
        path = f"{desk.path}/settings/texts/withdrawn"
        assert (await desk.visitor.get(f"{desk.path}/settings/texts/none")).status_code == 404
        page = await desk.visitor.get(path)
        assert "Rivera / Stone" in page.text, "shown with examples"
        wrong = await desk.visitor.post(f"{path}/preview", {"text": "{{ secret }}"})
        assert wrong.status_code == 400
        assert "only the fields" in wrong.text
        own = usual_text("withdrawn").replace("</p>", " With thanks.</p><script>x()</script>", 1)
        seen = await desk.visitor.post(f"{path}/preview", {"text": own})
        assert "With thanks." in seen.text
        assert "<script>x()" not in seen.text, "what is typed does not run on our page"
        (program,) = await desk.world.read(lambda tx: tx.programs.all())
        assert own_texts(program) == {}
        await desk.visitor.send(f"{path}/keep", {"text": own.replace("\n", "\r\n")})
        (program,) = await desk.world.read(lambda tx: tx.programs.all())
        assert own_texts(program)["withdrawn"].strip() == own.strip()
        await desk.visitor.send(f"{path}/keep", {"usual": "yes"})
        (program,) = await desk.world.read(lambda tx: tx.programs.all())
        assert own_texts(program) == {}

    at_the_desk(empty, play, PAIRS)


@pytest.mark.parametrize("page", ["launch", "rule", "import", "settings", "settings/texts/paused"])
def test_what_is_another_programs_is_not_found(empty: Empty, page: str) -> None:
    async def play(desk: Desk) -> None:
        stranger = await signed_in(desk.app, desk.world.firm.people[1].id)
        assert (await stranger.get(f"{desk.path}/{page}")).status_code == 404
        assert (await desk.visitor.get(f"/programs/none/{page}")).status_code == 404

    at_the_desk(empty, play, 2)
