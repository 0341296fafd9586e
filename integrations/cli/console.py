"""What the command line shows: tables, progress and one-line errors, for people who read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    # Only named here: planning a file shows nothing of these, and they take long to load.
    from integrations.records import Pair, Session
    from integrations.workflows.doctor import Check
    from integrations.workflows.ordering.adopting import ExistingShown
    from integrations.workflows.ordering.at_once import Outcome
    from integrations.workflows.rulebook.rule_previews import PairPreview
    from integrations.workflows.showing.journal_words import Line
    from integrations.workflows.showing.report import BlockerLine, DateLine, IntendedWrite, PairLine
    from integrations.workflows.showing.stories import Story
    from integrations.workflows.telling.need_lines import NeedLine

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def show_json(data: Any) -> None:
    """Print data as JSON, for programs."""
    out.file.write(json.dumps(data, indent=2, default=str, ensure_ascii=False) + "\n")


def show_error(message: str, remedy: str) -> None:
    """Print what went wrong and what helps: the message, then one line of remedy."""
    err.print(f"[bold red]error[/] {escape(message)}")
    if remedy:
        err.print(f"[bold]remedy[/] {escape(remedy)}")


def show_wait(why: str) -> None:
    """Say that what was told is kept, and why it is not done at once."""
    err.print(f"[bold yellow]kept, not done yet[/] {escape(why)}")


def show_outcome(outcome: Outcome, *, as_json: bool) -> None:
    """Show what came of an act, and why some of it has to wait."""
    for why in outcome.waits:
        show_wait(why)
    show_lines(outcome.lines, as_json=as_json)


def show_lines(lines: Sequence[Line], *, as_json: bool) -> None:
    """Show lines of the journal, of an act or of all time."""
    if as_json:
        show_json([asdict(line) for line in lines])
    elif lines:
        show_journal(lines)
    else:
        out.print("Nothing changed.")


def show_series(found: Sequence[ExistingShown]) -> None:
    """One row for each series that could be a pair's, or why it cannot."""
    table = Table(title="Series that invite both", title_justify="left", show_lines=True)
    for name in ("id", "series", "may it be adopted"):
        table.add_column(name)
    for one in found:
        table.add_row(one.id, escape(one.words), escape(one.refusal or "yes"))
    out.print(table)


def show_pairs(lines: Sequence[PairLine]) -> None:
    """One row a pair: who, series slot, what lies elsewhere, what is in the way."""
    table = Table(title="Pairs", title_justify="left", show_lines=True)
    table.add_column("pair", ratio=3)
    table.add_column("series slot", ratio=3)
    table.add_column("dates at another hour, and what is in the way", ratio=6)
    for line in lines:
        notes = [*(_date(date) for date in line.off_slot), *(_blocker(b) for b in line.blockers)]
        table.add_row(
            f"{escape(line.mentor)} / {escape(line.mentee)}\n"
            f"[dim]{escape(line.roster_id or line.id)}[/] {_state(line)}",
            escape(f"{line.slot}, {line.dates} dates" if line.slot else "–"),
            "\n".join(notes) or "–",
        )
    out.print(table)


def _state(line: PairLine) -> str:
    colour = "green" if line.state == "booked" else "yellow"
    return f"[{colour}]{line.state}[/]"


def _date(date: DateLine) -> str:
    where = f"→ {date.at}" if date.at else "taken out"
    return f"• {escape(f'{date.instead_of} {where}')}: [dim]{escape(date.why)}[/]"


def _blocker(blocker: BlockerLine) -> str:
    remedies = "; ".join(blocker.remedies[:3])
    what = escape(f"{blocker.who}: {blocker.words}")
    return f"• [yellow]{what}[/] [dim]{escape(f'→ {remedies}')}[/]"


def show_blockers(blockers: Sequence[BlockerLine]) -> None:
    """What is in the way of the firm, or of a mailbox or person without pairs."""
    table = Table(title="In the way, beside the pairs", title_justify="left")
    table.add_column("what, and what helps")
    for blocker in blockers:
        table.add_row(_blocker(blocker))
    out.print(table)


def show_intended(writes: Sequence[IntendedWrite], pairs: Mapping[str, PairLine]) -> None:
    """Every write that booking would make, one row each."""
    table = Table(title="What would be written", title_justify="left")
    for name in ("pair", "mentor / mentee", "write", "at (UTC)", "mails"):
        table.add_column(name)
    for write in writes:
        line = pairs[write.pair_id]
        table.add_row(
            escape(line.roster_id or line.id),
            escape(f"{line.mentor} / {line.mentee}"),
            write.kind,
            f"{write.at:%a %d %b %Y %H:%M}",
            f"{write.mails} x {write.mail_kind}",
        )
    out.print(table)


def show_counts(title: str, counts: Mapping[str, int]) -> None:
    """A small table of numbers by kind, with their sum."""
    table = Table(title=title, title_justify="left", show_footer=True)
    table.add_column("kind", footer="all")
    table.add_column("count", justify="right", footer=str(sum(counts.values())))
    for kind, count in counts.items():
        table.add_row(escape(kind), str(count))
    out.print(table)


def show_checks(checks: Sequence[Check]) -> None:
    """What doctor found: name, finding, words, and a remedy where there is one."""
    table = Table(title="Doctor", title_justify="left")
    for name in ("check", "", "what was found", "what helps"):
        table.add_column(name)
    for check in checks:
        colour = _COLOURS[check.finding]
        finding = f"[{colour}]{check.finding_words}[/]"
        table.add_row(escape(check.name), finding, escape(check.words), escape(check.remedy or "–"))
    out.print(table)


def show_checked(at: datetime | None, not_well: Sequence[Check]) -> None:
    """What doctor found at its last look, and how old that is."""
    if at is None:
        out.print("Doctor has not looked yet; it does every night, and `tandem doctor` at once.")
        return
    found = f"{len(not_well)} not well" if not_well else "all well"
    out.print(f"Doctor's last look, {at:%Y-%m-%d %H:%M} UTC: {found}.")
    if not_well:
        show_checks(not_well)


_COLOURS = {
    "well": "green",
    "wider_than_needed": "yellow",
    "missing": "red",
    "wrong": "red",
    "not_tried": "dim",
}


def show_journal(lines: Sequence[Line]) -> None:
    """One row for each line of the journal, oldest first; times of the journal are UTC."""
    table = Table(title="Journal", title_justify="left")
    for name in ("at (UTC)", "pair", "date", "what and why"):
        table.add_column(name)
    for line in lines:
        who = escape(line.names or line.pair_id or "–")
        table.add_row(
            f"{line.at:%d %b %Y %H:%M}", who, escape(line.date or "–"), escape(line.words)
        )
    out.print(table)


def show_stories(told: Sequence[Story], states: Mapping[str, str]) -> None:
    """What was decided about each pair, and why: one line each, in the pair's own hours."""
    table = Table(
        title="What happened to every pair, and why", title_justify="left", show_lines=True
    )
    table.add_column("pair")
    table.add_column("decided on, what and why")
    for story in told:
        aside = f"{states[story.pair_id]}\nhours of {story.place}"
        who = f"{escape(story.names)}\n[dim]{aside}[/]"
        table.add_row(who, "\n".join(escape(line) for line in story.lines) or "–")
    out.print(table)


def show_needs(lines: Sequence[NeedLine], *, for_commands: bool = True) -> None:
    """One row for each thing that waits for a coordinator.

    ``for_commands`` adds what commands ask for, the row's id and the names of its acts: the words
    for these stand in its text.
    """
    table = Table(title="Needs you", title_justify="left", show_lines=True)
    names = ("row", "since (UTC)", "what", "ready acts")
    for name in names if for_commands else names[1:3]:
        table.add_column(name)
    for line in lines:
        need = line.need
        asides = [
            f"looked after by {need.owner}" if need.owner else None,
            f"put off until {need.snoozed_until:%d %b %Y}" if need.snoozed_until else None,
            f"note: {line.note}" if line.note else None,
        ]
        said = "\n".join([line.names, line.text.strip(), *(aside for aside in asides if aside)])
        cells = [f"{need.raised_at:%d %b %Y %H:%M}", escape(said)]
        if for_commands:
            acts = "\n".join(f"{act.value} [dim]{escape(words)}[/]" for act, words in line.ready)
            cells = [need.id[:8], *cells, acts or "–"]
        table.add_row(*cells)
    out.print(table)


def show_previews(previews: Sequence[PairPreview]) -> None:
    """What a changed rule would do, pair by pair, and how many mails it would cause in all."""
    table = Table(title="What the changed rule would do", title_justify="left", show_lines=True)
    for name in ("pair", "what and why", "dates (UTC)", "mails"):
        table.add_column(name)
    for one in previews:
        table.add_row(
            escape(f"{one.mentor} / {one.mentee}"), *map(escape, _preview(one)), str(one.mails)
        )
    out.print(table)
    total = sum(one.mails for one in previews)
    out.print(f"{total} mails would go out. Nothing was changed.")


def _preview(one: PairPreview) -> tuple[str, str]:
    if one.change is None:
        return "cannot be read now, so nothing would change", "–"
    dates = [
        f"{f'{change.before.start:%d %b %H:%M}' if change.before else 'new'} → "
        f"{f'{change.after.start:%d %b %H:%M}' if change.after else 'taken out'}"
        for change in one.change.changes
    ]
    return one.change.decision.reason.words, "\n".join(dates) or "–"


def _standing_of(session: Session) -> str:
    """What a session is in a list of a pair's dates."""
    if session.group_title is not None:
        return f"group session: {escape(session.group_title)}"
    return "outside all plans" if session.ad_hoc else session.state.value


def show_dates(pair: Pair, sessions: Sequence[Session], zone: ZoneInfo) -> None:
    """Every date of one pair in its series' zone."""
    table = Table(title=f"{pair.roster_id or pair.id} ({pair.state})", title_justify="left")
    for name in ("date", "state", "verdict", "moves", "why"):
        table.add_column(name)
    for session in sessions:
        why = session.cause or (session.reason or {}).get("code", "–")
        table.add_row(
            f"{session.start.astimezone(zone):%a %d %b %Y %H:%M}",
            _standing_of(session),
            session.verdict or "–",
            str(session.moves),
            escape(str(why)),
        )
    out.print(table)
