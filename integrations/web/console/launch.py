"""Launching in waves: choose, look, confirm by the number of mails, and see how it goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.errors import FaultsError, NotPossibleError
from integrations.language import N_, gettext
from integrations.page_records import Wave
from integrations.ports import Transaction
from integrations.records import Program
from integrations.web.access import Who
from integrations.web.console.saying import by_field, number_of
from integrations.web.page import Act, Go, NoSuchPageError, Page, Shown, Visit, program_of
from integrations.workflows.booking import (
    wave_choice,
    wave_progress,
    wave_trial,
    wave_undoing,
    waves,
)
from integrations.workflows.booking.wave_choice import Choice, WavePreview
from integrations.workflows.booking.wave_progress import Progress
from integrations.workflows.registry import HANDLERS
from integrations.workflows.work import Worker

PATH = "/programs/{program}/launch"
WAVE = "/programs/{program}/waves/{wave}"
_SHOWN_PLACED = 50
"""So many placed pairs stand on the page; of thousands nobody reads the rest there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """All that the page of launching shows."""

    offices: Mapping[str, int]
    groups: Mapping[str, int]
    waiting: int
    earlier: list[Wave]
    preview: WavePreview | None
    refused: NotPossibleError | None
    faults: Mapping[str, str]


async def show_launch(visit: Visit) -> Shown:
    """What could be launched now, and what that comes to."""
    return await _shown(visit, _choice(visit.query), {})


async def _shown(
    visit: Visit, choice: Choice, faults: Mapping[str, str], *, name: str = "", mails: str = ""
) -> Shown:
    program = program_of(visit)
    seen = await visit.app.store.run(lambda tx: _look(tx, visit, program, choice))
    data: dict[str, Any] = {
        "seen": seen,
        "choice": choice,
        "faults": {**seen.faults, **faults},
        "name": name,
        "mails": mails,
        "most": _SHOWN_PLACED,
        "zone": program.zone,
    }
    return Shown(data, status=400 if data["faults"] else 200)


def _look(tx: Transaction, visit: Visit, program: Program, choice: Choice) -> _Seen:
    waiting = wave_choice.waiting_pairs(tx, program.id)
    offices, groups = wave_choice.choices(waiting)
    preview: WavePreview | None = None
    refused: NotPossibleError | None = None
    faults: Mapping[str, str] = {}
    try:
        preview = wave_choice.preview(tx, visit.app, program.id, choice)
    except NotPossibleError as error:
        refused = error
    except FaultsError as error:
        faults = by_field(error, {"pairs": "names"})
    return _Seen(
        offices=offices,
        groups=groups,
        waiting=len(waiting),
        earlier=tx.waves.of_program(program.id),
        preview=preview,
        refused=refused,
        faults=faults,
    )


def _choice(said: Mapping[str, str]) -> Choice:
    names = said.get("names", "").replace(",", "\n").split("\n")
    return Choice(
        office=said.get("office") or None,
        practice_group=said.get("group") or None,
        names=tuple(dict.fromkeys(name.strip() for name in names if name.strip())),
    )


def _chosen(visit: Visit) -> Choice:
    return _choice({key: visit.form.get(key) for key in ("office", "group", "names")})


async def do_start(visit: Visit) -> Shown | Go:
    """Start the wave if the number typed is the number of mails."""
    program, form, choice = program_of(visit), visit.form, _chosen(visit)
    name, typed = form.get("name"), form.get("mails")
    try:
        wave = await waves.start(
            visit.app,
            program.id,
            choice,
            name=name[:100],
            mails=number_of(typed, "mails"),
            by=visit.viewer.directory_id,
        )
    except FaultsError as error:
        return await _shown(visit, choice, by_field(error), name=name, mails=typed)
    said = gettext(
        "Started: %(pairs)s pairs, %(mails)s mails.",
        pairs=len(wave.pair_ids),
        mails=wave.mails_confirmed,
    )
    return Go(f"/programs/{program.id}/waves/{wave.id}", said)


async def do_test(visit: Visit) -> Go:
    """Send the first chosen pair's invitation to whoever asks, as a test."""
    app, program, choice = visit.app, program_of(visit), _chosen(visit)
    found = await app.store.run(lambda tx: wave_choice.preview(tx, app, program.id, choice))
    ids = [line.id for line in found.placed]
    work = await wave_trial.ask(app, program.id, ids, visit.viewer.directory_id)
    await Worker(app, HANDLERS).do(work.id)
    left = await app.store.run(lambda tx: tx.work.get(work.id))
    back = f"/programs/{program.id}/launch"
    if left is not None and left.last_error is not None:
        return Go(back, gettext("The test invitation waits; it follows."))
    return Go(back, gettext("A test invitation is on its way to %(mail)s.", mail=visit.viewer.mail))


# --- one wave -----------------------------------------------------------------------------


async def show_wave(visit: Visit) -> Shown:
    """How far the wave is, and what may be done with it."""
    return await _wave_shown(visit, {})


async def _wave_shown(visit: Visit, faults: Mapping[str, str]) -> Shown:
    app, wave = visit.app, wave_of(visit)

    def look(tx: Transaction) -> tuple[Progress, wave_undoing.Undoing | None, str]:
        found = wave_progress.progress(tx, app, wave.id)
        undoing = None if wave.undone_at else wave_undoing.undoing(tx, app, wave.id)
        return found, undoing, _who(tx, wave)

    found, undoing, by = await app.store.run(look)
    data = {
        "found": found,
        "undoing": undoing,
        "by": by,
        "faults": faults,
        "zone": program_of(visit).zone,
        "live": found.wave.state == "running" and found.booked + found.ended < found.pairs,
    }
    return Shown(data, status=400 if faults else 200, title=found.wave.name)


def _who(tx: Transaction, wave: Wave) -> str:
    member = tx.staff.get(f"{wave.program_id}/{wave.created_by}/coordinator")
    return member.name if member is not None else gettext("a coordinator")


def wave_of(visit: Visit) -> Wave:
    """The wave that the path names."""
    if visit.wave is None:
        raise NoSuchPageError("no such wave")
    return visit.wave


async def do_stop(visit: Visit) -> Go:
    """Begin nothing more of the wave."""
    await waves.stop(visit.app, wave_of(visit).id, by=visit.viewer.directory_id)
    return _back(visit, gettext("Stopped. What had begun is finished; the rest waits."))


async def do_go_on(visit: Visit) -> Go:
    """Let a stopped wave go on."""
    await waves.go_on(visit.app, wave_of(visit).id, by=visit.viewer.directory_id)
    return _back(visit, gettext("It goes on."))


async def do_undo(visit: Visit) -> Shown | Go:
    """End what the wave has booked, if the number typed is the number of mails."""
    try:
        await wave_undoing.undo(
            visit.app,
            wave_of(visit).id,
            mails=number_of(visit.form.get("mails"), "mails"),
            by=visit.viewer.directory_id,
        )
    except FaultsError as error:
        return await _wave_shown(visit, by_field(error))
    return _back(
        visit, gettext("Undone. Booked pairs end with neutral words; the others wait again.")
    )


async def do_take_up(visit: Visit) -> Go:
    """Enrol the pairs that undoing has ended anew."""
    wave = wave_of(visit)
    count = await wave_undoing.take_up_again(visit.app, wave.id, by=visit.viewer.directory_id)
    return _back(
        visit, gettext("%(number)s pairs are enrolled anew; they are planned now.", number=count)
    )


def _back(visit: Visit, said: str) -> Go:
    wave = wave_of(visit)
    return Go(f"/programs/{wave.program_id}/waves/{wave.id}", said)


PAGES = (
    Page(
        path=PATH,
        who=Who.COORDINATOR,
        show=show_launch,
        template="console/launch.html",
        title=N_("Launch"),
        section="launch",
        acts=(
            Act(path=f"{PATH}/start", do=do_start),
            Act(path=f"{PATH}/test", do=do_test),
        ),
    ),
    Page(
        path=WAVE,
        who=Who.COORDINATOR,
        show=show_wave,
        template="console/wave.html",
        title=N_("Wave"),
        section="launch",
        acts=(
            Act(path=f"{WAVE}/stop", do=do_stop),
            Act(path=f"{WAVE}/go-on", do=do_go_on),
            Act(path=f"{WAVE}/undo", do=do_undo),
            Act(path=f"{WAVE}/again", do=do_take_up),
        ),
    ),
)
