"""The journal of a program in words: what was decided, done or left alone, and why."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from integrations.language import N_
from integrations.ports import Transaction
from integrations.web.access import Who
from integrations.web.page import Page, Shown, Visit, program_of
from integrations.workflows.messages.words import names_of
from integrations.workflows.showing.journal_words import Line, lines_of

AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class _Found:
    """Lines, newest first, whether there are older ones, and the pair asked for in words."""

    lines: list[Line]
    has_older: bool
    names: str | None


async def show_journal(visit: Visit) -> Shown:
    """The newest lines, or those before a number; of one pair if it is named."""
    program = program_of(visit)
    pair_id = visit.query.get("pair") or None
    before = _number(visit.query.get("before", ""))
    found = await visit.app.store.run(lambda tx: _look(tx, program.id, pair_id, before))
    older = {"before": str(found.lines[-1].seq)} if found.has_older else {}
    path = f"/programs/{program.id}/journal"
    of_pair = {"pair": pair_id} if pair_id else {}
    return Shown(
        {
            "program": program,
            "lines": found.lines,
            "names": found.names,
            "pair_id": pair_id,
            "older": f"{path}?{urlencode({**of_pair, **older})}" if older else None,
            "newest": f"{path}?{urlencode(of_pair)}" if before else None,
        }
    )


def _look(tx: Transaction, program_id: str, pair_id: str | None, before: int | None) -> _Found:
    entries = tx.journal.newest(program_id, pair_id=pair_id, before=before, limit=AT_ONCE + 1)
    return _Found(
        lines_of(tx, entries[:AT_ONCE]), len(entries) > AT_ONCE, _names(tx, program_id, pair_id)
    )


def _names(tx: Transaction, program_id: str, pair_id: str | None) -> str | None:
    """The pair's names; None if there is no such pair in the program."""
    pair = tx.pairs.get(pair_id) if pair_id else None
    if pair is None or pair.program_id != program_id:
        return None
    return names_of(
        tx.participants.require(pair.mentor_id), tx.participants.require(pair.mentee_id)
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


PAGES = (
    Page(
        path="/programs/{program}/journal",
        who=Who.COORDINATOR,
        show=show_journal,
        template="console/journal.html",
        title=N_("Journal"),
        section="journal",
    ),
)
