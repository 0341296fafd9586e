"""The documents lead to files that are there and show commands that exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest

from simulator.__main__ import main as simulator_main
from tests.docs.markdown import Document, documents
from tests.docs.pages import PAGES, ROOT, commands, exit_codes

DOCUMENTS = documents()
by_path = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.path)


@by_path
def test_every_link_leads_to_a_file_and_a_heading(document: Document) -> None:
    assert [link for link in document.links() if not _leads_somewhere(document, link)] == []


def _leads_somewhere(document: Document, link: str) -> bool:
    path, _, anchor = link.partition("#")
    page = ROOT / document.path
    target = (page.parent / path).resolve() if path else page
    if not anchor or not target.is_file():
        return target.exists()
    return anchor in Document(target.relative_to(ROOT).as_posix()).anchors()


@by_path
def test_every_path_that_is_named_exists(document: Document) -> None:
    missing = []
    for named in document.paths():
        path, _, name = named.partition("::")
        file = ROOT / path
        if not file.exists() or (name and f"def {name}(" not in file.read_text("utf-8")):
            missing.append(named)
    assert missing == []


@by_path
def test_every_command_that_is_shown_exists_with_its_options(
    document: Document, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {
        name: {option for p in command.params for option in (*p.opts, *p.secondary_opts)}
        for name, command in commands()
    }
    options["tandem simulator"] = simulator_options(capsys)
    wrong = [
        f"{call}: {fault}"
        for call in document.command_lines()
        for fault in _faults(call, options, _make_targets())
    ]
    assert wrong == []


def _faults(call: str, options: dict[str, set[str]], targets: set[str]) -> Iterator[str]:
    program, *words = shlex.split(call.partition(" >")[0].partition(" |")[0])
    if program == "make":
        if not words[0].startswith("-") and words[0] not in targets:
            yield "no such target"
        return
    if words[0].startswith("-"):
        return
    name = next((n for n in options if f"{call} ".startswith(f"{n} ")), None)
    if name is None:
        yield "no such command"
        return
    for word in words:
        if word.startswith("--") and word != "--help" and word not in options[name]:
            yield f"no option {word}"


def _make_targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    return set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def simulator_options(capsys: pytest.CaptureFixture[str]) -> set[str]:
    """The options the simulated tenant is started with, from its own help."""
    with pytest.raises(SystemExit):
        simulator_main(["--help"])
    return set(re.findall(r"--[a-z][a-z\-]+", capsys.readouterr().out)) - {"--help"}


@pytest.mark.parametrize("path", PAGES)
def test_the_page_is_what_the_code_says(path: str) -> None:
    assert (ROOT / path).read_text("utf-8") == PAGES[path](), "run: python -m tests.docs.pages"


def test_every_exit_code_that_is_used_is_documented() -> None:
    sources = (ROOT / "integrations/cli").rglob("*.py")
    module = "\n".join(path.read_text("utf-8") for path in sources)
    used = set(re.findall(r"(?:Exit\(|return )(\d)\b", module))
    assert {int(code) for code in used} <= set(exit_codes())
    assert set(exit_codes()) == {0, 1, 2, 3, 4, 5, 6, 7}


def test_every_page_is_reached_from_the_readme() -> None:
    reached, ahead = set(), ["README.md"]
    while ahead:
        page = ahead.pop()
        if page in reached or not page.endswith(".md") or not (ROOT / page).exists():
            continue
        reached.add(page)
        for link in Document(page).links():
            target = ((ROOT / page).parent / link.partition("#")[0]).resolve()
            if target.is_relative_to(ROOT) and link.partition("#")[0]:
                ahead.append(target.relative_to(ROOT).as_posix())
    assert {document.path for document in DOCUMENTS} - reached == set()
