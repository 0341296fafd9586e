"""The page of situations and decisions says what the code says."""

import re
from pathlib import Path

from integrations import records
from scheduling.changes.acts import Act
from scheduling.changes.reasons import WORDS, ChangeCode
from scheduling.changes.remembered import _AFTER
from scheduling.changes.views import PairState, SessionState

HANDED_OVER_BY = ("attendance/pulse", "booking/lost_mailbox", "pair_page/stopping")
PAGE = Path(__file__).resolve().parents[3] / "docs" / "explanation" / "changes.md"
ROW = re.compile(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)


def test_the_page_lists_every_code_once_with_the_words_of_its_reason() -> None:
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    assert sorted(code for code, _ in rows) == sorted(ChangeCode)
    assert {code: words.strip() for code, words in rows} == {c.value: WORDS[c] for c in ChangeCode}


def test_every_code_is_decided_or_handed_over_somewhere() -> None:
    root = Path(__file__).resolve().parents[3]
    files = [*(root / "scheduling/changes").glob("*.py")]
    # Whoever notices something outside all calendars hands it over without a decision.
    files += [root / "integrations/workflows" / f"{name}.py" for name in HANDED_OVER_BY]
    texts = [p.read_text(encoding="utf-8") for p in files if p.stem != "reasons"]
    used = set(re.findall(r"ChangeCode\.([A-Z_]+)", "\n".join(texts)))
    assert used == {code.name for code in ChangeCode}


def test_every_act_says_what_is_remembered_of_it() -> None:
    assert set(_AFTER) == set(Act.__args__)


def test_states_are_spelled_as_in_the_program_store() -> None:
    assert {s.value for s in PairState} == {s.value for s in records.PairState}
    assert {s.value for s in SessionState} == {s.value for s in records.SessionState}
