"""A browser and a served firm for each module of tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.browsing import AXE, CHROMIUM, Visitors, running_browser
from tests.browser.firm import (
    LONG_ENOUGH,
    ServedFirm,
    copied,
    let_pass,
    made_once,
    office_hour,
    run_demo,
    served,
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, by name, what needs a browser that is not there."""
    missing = _missing()
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if missing:
                item.add_marker(pytest.mark.skip(reason=missing))


def _missing() -> str | None:
    if CHROMIUM is None:
        return "needs Chromium: apt-get install chromium"
    return None if AXE.exists() else "needs axe-core from npm: make node"


@pytest.fixture(scope="session")
def firm_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A firm that has lived, shared by all workers of a run.

    ``BROWSER_FIRM`` names a folder to keep it in from run to run, while pages are being written.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if base.name.startswith("popen-") else base
    return made_once(Path(os.environ.get("BROWSER_FIRM", shared / "browser-firm")), run_demo)


@pytest.fixture(scope="session")
def firm_at_the_office(firm_template: Path) -> Path:
    """The same firm in an office hour some weeks on; nobody served it meanwhile."""

    def make(folder: Path) -> None:
        copied(firm_template, folder)
        (folder / "made").unlink()
        let_pass(folder, office_hour(LONG_ENOUGH))

    return made_once(firm_template.with_name(firm_template.name + "-at-the-office"), make)


# Of a module and not of the session: while the driver is open its loop runs in this thread, in
# which another module's tests may want to run one of their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as running:
        yield running


@pytest.fixture(scope="module")
def firm(firm_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedFirm]:
    """A copy of the firm of this module's own, served."""
    folder = tmp_path_factory.mktemp("served") / "firm"
    with served(firm_template, folder) as one:
        yield one


@pytest.fixture(scope="module")
def people(browser: Browser, firm: ServedFirm) -> Visitors:
    """Everybody who has signed in while the module's firm was served."""
    return Visitors(browser, firm)


@pytest.fixture
def visitors(people: Visitors) -> Iterator[Visitors]:
    """People's windows; they are closed after the test."""
    yield people
    people.close()
