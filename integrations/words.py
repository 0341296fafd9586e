"""The catalogue of words: what the code holds, and the file of a language kept in step with it.

``python -m integrations.words`` reads the messages out of pages, texts of messages and Python, and
writes them into each language's file. What is new there is empty until somebody translates it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from integrations.blockers import BLOCKERS
from integrations.language import ENGLISH, LANGUAGES, catalogue_file
from integrations.workflows.messages.catalogue import FIELDS, MESSAGES, title_of
from integrations.workflows.messages.texts import has_words
from scheduling import reasons
from scheduling.attendance import reasons as of_verdicts
from scheduling.changes import reasons as of_changes

_ROOT = Path(str(files("integrations")))
_METHODS = [("web/templates/**.html", "jinja2"), ("**.py", "python")]
_OPTIONS = {"web/templates/**.html": {"trimmed": "true", "newstyle_gettext": "true"}}
_COUNTED = re.compile(r'times\("([^"]+)"(?:, "([^"]+)")?\)')
_OF_THE_CORE = (
    reasons.REMEDIES,
    of_changes.WORDS,
    of_verdicts.WORDS,
    of_verdicts.VERDICT_WORDS,
)
"""Sentences of the core, which has them in English and knows of no other language."""
_NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)


def words_of_code() -> Catalog:
    """Every message for people: of pages, Python and the core, and each line of a text."""
    found = Catalog(project="Tandem", version="1", fuzzy=False)
    for _file, _line, message, comments, context in extract_from_dir(
        _ROOT, _METHODS, _OPTIONS, comment_tags=("For translators:",), strip_comment_tags=True
    ):
        found.add(message, auto_comments=comments, context=context)
    for template in sorted((_ROOT / "web" / "templates").rglob("*.html")):
        for word, plural in _COUNTED.findall(template.read_text("utf-8")):
            found.add((f"%(num)s {word}", f"%(num)s {plural or word + 's'}"))
    for message in _of_tables():
        found.add(message)
    for text in sorted((_ROOT / "texts").iterdir()):
        for line in text.read_text("utf-8").split("\n"):
            if has_words(line):
                found.add(line)
    return found


def _of_tables() -> Iterator[str]:
    """What stands in tables that are not marked entry by entry."""
    for sentences in _OF_THE_CORE:
        yield from sentences.values()
    for name, kind in MESSAGES.items():
        yield from (title_of(name), kind.trigger)
    yield from (field.meaning for field in FIELDS.values())
    for blocker in BLOCKERS.values():
        yield from (blocker.words, blocker.remedy)


def words_kept(code: str) -> Catalog:
    """The catalogue of a language as its file has it."""
    with catalogue_file(code).open("rb") as source:
        return read_po(source, locale=code)


def bring_up_to_date(code: str, path: Path) -> None:
    """Write the messages of the code into a language's file; its translations stay."""
    kept = words_kept(code) if path.exists() else Catalog(locale=code)
    kept.update(words_of_code(), no_fuzzy_matching=True)
    kept.obsolete.clear()
    kept.fuzzy = False
    kept.header_comment = "# What Tandem says to people; `make words` keeps it in step with code."
    kept.project, kept.version, kept.copyright_holder = "Tandem", "1", "Tandem"
    kept.msgid_bugs_address, kept.last_translator, kept.language_team = "", "", ""
    kept.revision_date = kept.creation_date = _NO_DATE
    with path.open("wb") as target:
        write_po(target, kept, width=100, no_location=True, sort_output=True, omit_header=False)


if __name__ == "__main__":
    for language in LANGUAGES:
        if language != ENGLISH:
            bring_up_to_date(language, Path(str(catalogue_file(language))))
