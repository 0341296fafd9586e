"""No page says a word that is not in the catalogue, whoever says it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from gettext import NullTranslations
from html.parser import HTMLParser
from pathlib import Path

import pytest

from integrations import language
from integrations.ports import Transaction
from integrations.words import words_kept
from integrations.workflows.messages import texts
from tests.support.world import Empty
from tests.web.access_table import Meets
from tests.web.test_access_matrix import Scene, ask, of, on_scene, rows

WEB = Path(__file__).resolve().parents[2] / "integrations" / "web"
READ_ALOUD = frozenset({"title", "aria-label", "placeholder", "alt", "data-label"})
NO_WORDS = frozenset({"script", "style", "time", "code", "textarea", "datalist", "svg"})
"""Elements whose text is data, code, or what somebody typed."""
BEGINS, ENDS = "⟦", "⟧"


class Marked(NullTranslations):
    """A language that puts marks around its messages, and says nothing that is in no catalogue."""

    def __init__(self) -> None:
        super().__init__()
        kept = (message.id for message in words_kept("de") if message.id)
        self._known = {
            one for each in kept for one in (each if isinstance(each, tuple) else (each,))
        }

    def gettext(self, message: str) -> str:
        if message not in self._known:
            return message
        # What fills a field has to be in the catalogue itself, or data.
        said = re.sub(
            r"%\(\w+\)s|(?<!\{)\{\w+\}", lambda field: f"{ENDS}{field[0]}{BEGINS}", message
        )
        return f"{BEGINS}{said}{ENDS}"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


class Unmarked(HTMLParser):
    """The words of a page that stand outside marks, in text or in what is read aloud."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._depth, self._silent = 0, 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in NO_WORDS
        for name, value in attrs:
            if name in READ_ALOUD and value:
                self._keep(_outside(value, 0)[0])

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in NO_WORDS

    def handle_data(self, data: str) -> None:
        outside, self._depth = _outside(data, self._depth)
        if not self._silent:
            self._keep(outside)

    def _keep(self, outside: str) -> None:
        if re.search(r"[^\W\d_]", outside):
            self.found.append(" ".join(outside.split()))


def _outside(text: str, depth: int) -> tuple[str, int]:
    kept = []
    for letter in text:
        depth += (letter == BEGINS) - (letter == ENDS)
        kept.append(letter if not depth and letter not in (BEGINS, ENDS) else " ")
    return "".join(kept), depth


DATA = re.compile(
    r"Tandem|Teams|CSV|XLSX|JSON"  # names of products and formats
    r"|act ''"  # the name of a field, and what stands in it
    r"|[A-Z]{1,2}|Somebody"  # who looks, and their initials
    r"|\S+@\S+"  # addresses
    r"|[^/]+ / [^/]+"  # the names of a pair
    r"|:? ?\d.* 20\d\d( \d\d:\d\d)?"  # dates
)


def _names(tx: Transaction) -> set[str]:
    """What people and things are called, which is nobody's language; longest first."""
    found: set[str | None] = set()
    for person in tx.participants.all():
        found |= {person.name, person.mail, person.office, person.zone}
        found.add((person.zone or "").split("/")[-1].replace("_", " "))
    for pair in tx.pairs.all():
        found |= {pair.roster_id, pair.practice_group, pair.office, pair.focus}
    for program in tx.programs.all():
        found |= {program.name, program.zone}
    found |= {wave.name for wave in tx.waves.all()}
    return {name for name in found if name}


def _shown(text: str, names: list[str]) -> Iterator[str]:
    """The words on a page outside marks that are no data."""
    page = Unmarked()
    page.feed(text)
    for words in page.found:
        rest = words
        for name in names:
            rest = rest.replace(name, " ")
        for part in re.split(r"\s*·\s*", rest):
            said = " ".join(part.split()).strip(" .:,")
            if re.search(r"[^\W\d_]", said) and not DATA.fullmatch(said):
                yield said


async def _every_page(scene: Scene) -> list[tuple[str, str]]:
    """Each page as everybody sees it who may."""
    found = []
    for method, template in rows():
        if method == "GET" and not template.endswith(("/{name}", "/template")):
            allowed = [w for w, meets in of(method, template).items() if meets is Meets.PAGE]
            for who in allowed:
                answer = await ask(await scene.visitor(who), method, scene.path(template))
                found.append((template, answer.text))
    return found


def test_pages_say_no_word_that_is_in_no_catalogue(
    empty: Empty, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked = Marked()
    said: dict[str, str] = {}

    async def play(scene: Scene) -> None:
        names = sorted(await scene.stage.read(_names), key=len, reverse=True)
        monkeypatch.setattr(language, "_catalogue", lambda code: marked)
        # A text kept from an earlier test has no marks, and one kept here would be marked later.
        monkeypatch.setattr(texts, "_usual", texts._usual.__wrapped__)
        for template, text in await _every_page(scene):
            assert BEGINS in text or not text, template
            said.update(dict.fromkeys(_shown(text, names), template))

    on_scene(empty, play)
    assert said == {}


def test_a_word_outside_marks_is_found_in_text_and_in_what_is_read_aloud() -> None:
    page = '<p title="Help">⟦Good ⟧Anna⟦ day⟧ now</p><img alt="⟦Sign⟧"><code>x</code>'
    assert list(_shown(page, ["Anna"])) == ["Help", "now"]


# --- what Python hands to pages -----------------------------------------------------------

LOOKED_UP = frozenset({"gettext", "ngettext", "N_"})
POSITIONS = {
    "Go": 1,
    "_back": 1,
    "plain_page": 1,
    "Fault": 1,
    "said_of": 1,
    "Section": 1,
    "Item": 1,
}
POSITIONS |= {"_cadence": 1, "_limits": 1, "_counts": 1}
KEYWORDS = {
    "Page": ("title",),
    "Shown": ("title",),
    "Go": ("said",),
    "Asked": ("label", "hint"),
    "ActForm": ("label", "mails", "about", "yes"),
    "Columns": ("label", "head", "parts"),
}
KEYWORDS |= dict.fromkeys(("Item", "_cadence", "_limits", "_counts"), ("label", "hint"))


def _handed(tree: ast.AST) -> Iterator[ast.expr]:
    """What is handed to pages, notices and fields to be said."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call):
            name = getattr(call.func, "id", "")
            place = POSITIONS.get(name)
            if place is not None and len(call.args) > place:
                yield call.args[place]
            yield from (k.value for k in call.keywords if k.arg in KEYWORDS.get(name, ()))


def _unmarked(said: ast.expr) -> Iterator[int]:
    """The lines of literals in an expression that are no message."""
    match said:
        case ast.Call(func=ast.Name(id=name)) if name in LOOKED_UP:
            return
        case ast.JoinedStr():
            yield said.lineno
        case ast.Constant(value=str(text)) if re.search(r"[^\W\d_]", text):
            yield said.lineno
        case ast.IfExp():
            yield from (*_unmarked(said.body), *_unmarked(said.orelse))
        case ast.BinOp():
            yield from (*_unmarked(said.left), *_unmarked(said.right))
        case ast.Tuple():
            for each in said.elts:
                yield from _unmarked(each)


def test_every_title_notice_label_and_fault_is_marked() -> None:
    files = [file for file in WEB.rglob("*.py") if "api" not in file.parts]
    found = [
        f"{file.relative_to(WEB)}:{line}"
        for file in files
        for handed in _handed(ast.parse(file.read_text("utf-8")))
        for line in _unmarked(handed)
    ]
    assert found == []


def test_a_literal_that_nobody_marked_is_found() -> None:
    code = 'Page(title="A"); Go("/", said=f"{n}"); Fault("x", N_("y")); Go("/", gettext("z"))'
    assert len([line for one in _handed(ast.parse(code)) for line in _unmarked(one)]) == 2
