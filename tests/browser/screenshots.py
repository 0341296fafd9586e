"""Takes the pictures of the tutorials: ``make screenshots``.

The firm is made up and lives for some weeks first, which takes minutes; ``BROWSER_FIRM`` names a
folder to keep it in.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from playwright.sync_api import FilePayload

from integrations.ports import Transaction
from integrations.records import PairState, ProgramState
from tests.browser.browsing import Visitors, running_browser
from tests.browser.firm import ROOT, another_pair, made_once, run_demo, served
from tests.browser.guide import Guide, guide_to
from tests.web.access_table import Visits

IMAGES = ROOT / "docs/tutorial/images"
MOST_BYTES = 3_000_000
_DESK, _PHONE = (1200, 820), (390, 780)
_LONGEST_PLANNING_SECONDS = 120


@dataclass(frozen=True)
class Shot:
    """One picture: who looks at which page, and how large the window is.

    One of a pair that ``waits`` to be launched is taken once there is such a pair, of which the
    page and the participant are then.
    """

    name: str
    who: Visits
    path: str
    width: tuple[int, int] = _DESK
    waits: bool = False


SHOTS = (
    Shot("needs", Visits.COORDINATOR, "/needs"),
    Shot("overview", Visits.COORDINATOR, "/programs/{program}"),
    Shot("pairs", Visits.COORDINATOR, "/programs/{program}/pairs"),
    Shot("pair", Visits.COORDINATOR, "/programs/{program}/pairs/{pair}"),
    Shot("pair-pause", Visits.COORDINATOR, "/programs/{program}/pairs/{pair}/acts/pause"),
    Shot("launch", Visits.COORDINATOR, "/programs/{program}/launch", waits=True),
    Shot("rule", Visits.COORDINATOR, "/programs/{program}/rule"),
    Shot("import", Visits.COORDINATOR, "/programs/{program}/import"),
    Shot("settings", Visits.COORDINATOR, "/programs/{program}/settings"),
    Shot("health", Visits.ADMINISTRATOR, "/health"),
    Shot("sponsor", Visits.SPONSOR, "/programs/{program}/sponsor"),
    Shot("own-page", Visits.PARTICIPANT, "/pairs/{pair}", _PHONE),
    Shot("another-time", Visits.PARTICIPANT, "/pairs/{pair}/another-time/{session}", _PHONE),
    Shot("preferences", Visits.PARTICIPANT, "/pairs/{pair}/preferences", _PHONE),
    Shot("start", Visits.PARTICIPANT, "/pairs/{pair}/start", _PHONE, waits=True),
    Shot("we-met", Visits.PARTICIPANT, "/pairs/{pair}/we-met", _PHONE),
)


def take(visitors: Visitors, guide: Guide, folder: Path) -> int:
    """Take every picture; how many bytes they are."""
    folder.mkdir(parents=True, exist_ok=True)
    total = 0
    window = visitors.anybody()
    window.look_at(_DESK, "light")
    window.open("/sign-in")
    total += len(window.page.screenshot(path=folder / "sign-in.png"))
    # For a pair that waits the program is put back to before its beginning.
    for shot in sorted(SHOTS, key=lambda one: one.waits):
        if shot.waits and PairState.PLANNED not in visitors.firm.read(_states):
            guide = a_pair_waits(visitors, guide)
        path = guide.path(shot.path)
        if path is None:
            raise LookupError(f"the firm has nothing for {shot.path}")
        window = visitors.signed_in_as(guide.mails[shot.who])
        window.look_at(shot.width, "light")
        status = window.open(path)
        if status != 200:
            raise LookupError(f"{shot.path} answered {status}")
        total += len(window.page.screenshot(path=folder / f"{shot.name}.png"))
        window.page.context.close()
    return total


def _states(tx: Transaction) -> set[PairState]:
    return {pair.state for pair in tx.pairs.all()}


def a_pair_waits(visitors: Visitors, guide: Guide) -> Guide:
    """Have a pair more, which waits to be launched; a guide to that pair and its mentee."""
    firm = visitors.firm

    def not_begun(tx: Transaction) -> None:
        # What is enrolled in a running program without waves is booked by itself.
        program = tx.programs.require(guide.named["program"])
        tx.programs.put(replace(program, state=ProgramState.DRAFT))

    def is_planned(tx: Transaction) -> bool:
        return bool(tx.pairs.in_state(PairState.PLANNED))

    firm.read(not_begun)
    window = visitors.signed_in_as(guide.mails[Visits.COORDINATOR])
    window.open(f"/programs/{guide.named['program']}/import")
    roster = FilePayload(name="roster.csv", mimeType="text/csv", buffer=another_pair(firm).encode())
    window.page.get_by_label("File").set_input_files(roster)
    window.page.get_by_role("button", name="Check this file").click()
    window.page.get_by_role("button", name="Import these 1 row").click()
    for _ in range(_LONGEST_PLANNING_SECONDS):
        if firm.read(is_planned):
            break
        window.page.wait_for_timeout(1000)
    window.page.context.close()

    def to_it(tx: Transaction) -> Guide:
        (pair,) = tx.pairs.in_state(PairState.PLANNED)
        mentee = tx.participants.require(pair.mentee_id).mail
        return Guide({**guide.named, "pair": pair.id}, {**guide.mails, Visits.PARTICIPANT: mentee})

    return firm.read(to_it)


def main() -> None:
    """Make the firm up if needed, serve it, and take the pictures."""
    with tempfile.TemporaryDirectory() as scratch:
        kept = Path(os.environ.get("BROWSER_FIRM", f"{scratch}/template"))
        with (
            served(made_once(kept, run_demo), Path(scratch) / "firm") as firm,
            running_browser() as browser,
        ):
            visitors = Visitors(browser, firm)
            total = take(visitors, guide_to(firm), IMAGES)
            visitors.close()
    print(f"{len(SHOTS) + 1} pictures, {total / 1e6:.1f} MB, in {IMAGES.relative_to(ROOT)}")  # noqa: T201 - a command
    if total > MOST_BYTES:
        raise SystemExit(f"more than {MOST_BYTES} bytes: too much for a repository")


if __name__ == "__main__":
    main()
