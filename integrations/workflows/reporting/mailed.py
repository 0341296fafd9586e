"""The coordinator's weekly and monthly report: a mail with a table, made when it is sent.

Put into the outbox as the daily list is, once for each program and week or month, on the first
working morning of it; a program without any verdict before then gets none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.records import OutboxMail, Program, ProgramState
from integrations.workflows.messages.texts import Letter, letter
from integrations.workflows.messages.words import long_date, names_of
from integrations.workflows.reporting.adherence import FORECASTS, Adherence
from integrations.workflows.reporting.history import History, histories
from integrations.workflows.reporting.objectives import objectives_table
from integrations.workflows.reporting.sponsor import across_groups
from integrations.workflows.reporting.surveys import surveys_table
from scheduling.attendance.progress import Forecast
from scheduling.changes.mail_hours import OPENS

WEEKLY, MONTHLY = "weekly_report", "monthly_report"
MOST_ROWS = 200
"""A mail shows so many pairs at most, those that need looking after first."""
_TOTALS: Mapping[str, str] = MappingProxyType(
    {
        "pairs": N_("pairs"),
        "required": N_("required"),
        "planned": N_("planned"),
        "held": N_("held"),
        "self_reported": N_("self reported"),
        "short": N_("short"),
        "not_held": N_("not held"),
        "to_confirm": N_("to confirm"),
        "pending": N_("pending"),
        "unknown": N_("unknown"),
        "disputed": N_("disputed"),
        "to_come": N_("to come"),
        "still_possible": N_("still possible"),
        "missing": N_("missing"),
    }
)
_FRIDAY = 4
_WORST_FIRST = tuple(reversed(Forecast))


def put_reports(
    tx: Transaction, contact: str, mailbox_id: str, now: datetime, default_zone: str
) -> None:
    """Put this week's and this month's reports into the outbox where it is time for them.

    ``contact`` is how the outbox names a program's contact, before the program's id.
    """
    first = tx.journal.read(code="verdict", limit=1)
    if not first:
        return
    for program in tx.programs.all():
        zone = ZoneInfo(program.zone or default_zone)
        local = now.astimezone(zone)
        is_time = local.weekday() <= _FRIDAY and local.time() >= OPENS
        told = program.contact.get("mail") and program.state is ProgramState.RUNNING
        if not (is_time and told):
            continue
        for purpose, begins in _periods(local.date()):
            if first[0].at < datetime.combine(begins, OPENS, zone).astimezone(UTC):
                tx.outbox.add(
                    OutboxMail(
                        person_id=f"{contact}{program.id}",
                        purpose=purpose,
                        session_id=begins.isoformat(),
                        due_at=now,
                        mailbox_id=mailbox_id,
                    )
                )


def _periods(today: date) -> tuple[tuple[str, date], tuple[str, date]]:
    """The week and the month that have begun: a report is about the time before."""
    return (WEEKLY, today - timedelta(days=today.weekday())), (MONTHLY, today.replace(day=1))


@dataclass(frozen=True, slots=True)
class _Row:
    """A pair in the table of a mail."""

    names: str
    held: int
    required: int
    short: int
    unknown: int
    possible: int
    gap_days: int
    forecast: str


def report_of(
    tx: Transaction, program: Program, mail: OutboxMail, now: datetime, default_zone: str
) -> Letter | None:
    """The words of a report as things stand now; None if the program has no verdict."""
    found = list(histories(tx, now, program.id, default_zone))
    if not any(judged.versions for history in found for judged in history.sessions):
        return None
    found.sort(key=lambda h: (_WORST_FIRST.index(h.progress.forecast), h.pair.roster_id or ""))
    report = Adherence.of(found, now, with_sessions=False)
    fields = {
        "program": program.name,
        "until": long_date(date.fromisoformat(mail.session_id)),
        "pairs": tuple(map(_row, found[:MOST_ROWS])),
        "more": max(0, len(found) - MOST_ROWS),
        "totals": tuple((what, count) for what, count in _totals(report) if count),
        "objectives": (*_objectives(found), *_found_out(tx, program, found)),
        "console": program.links.get("console"),
    }
    return letter(mail.purpose, program, fields)


def _row(history: History) -> _Row:
    progress = history.progress
    return _Row(
        names=names_of(history.mentor, history.mentee),
        held=progress.held,
        required=progress.required,
        short=progress.short,
        unknown=progress.open,
        possible=progress.still_possible,
        gap_days=progress.longest_gap_days,
        forecast=gettext(FORECASTS[progress.forecast.value]),
    )


def _totals(report: Adherence) -> Iterator[tuple[str, int]]:
    for name, words in _TOTALS.items():
        yield gettext(words), report.totals[name]
    for name, words in FORECASTS.items():
        said = gettext("forecast: %(forecast)s", forecast=gettext(words))
        yield said, report.forecasts[name]


def _objectives(found: Sequence[History]) -> tuple[str, ...]:
    made = objectives_table(found[0].rule.objectives, found)
    return tuple(
        gettext(
            "%(objective)s: %(now)s (target %(target)s)",
            objective=row["objective"],
            now="–" if row["now"] is None else row["now"],
            target=row["target"],
        )
        for row in made.records()
    )


def _found_out(tx: Transaction, program: Program, found: Sequence[History]) -> Iterator[str]:
    """Pairs across practice groups, as far as groups are known, and what surveys found."""
    pairs = Counter[str]()
    for history in found:
        pairs.update(across_groups(history))
    if pairs["groups_known"]:
        yield gettext(
            "pairs across two practice groups: %(across)s of %(known)s whose groups are known",
            across=pairs["across_groups"],
            known=pairs["groups_known"],
        )
    for row in surveys_table(tx, [program.id]).records():
        if row["breakdown"] == "whole":
            yield gettext(
                "survey, “%(question)s”: before %(before)s, after %(after)s",
                question=row["question"],
                before="–" if row["before"] is None else row["before"],
                after="–" if row["after"] is None else row["after"],
            )
