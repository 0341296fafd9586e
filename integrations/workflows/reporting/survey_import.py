"""Scores of a survey that was made elsewhere: a CSV checked row by row, and kept whole or not.

A row is one person's score or, without an address, the mean of so many people. Importing again
replaces what was said of the same question, moment and person before.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from integrations.attendance_records import SurveyScore
from integrations.errors import Fault, RosterError
from integrations.language import N_, gettext
from integrations.ports import Transaction
from integrations.records import JournalEntry
from integrations.workflows.enrolment.roster import (
    MOST_FAULTS,
    MOST_ROWS,
    cell,
    decoded,
    delimiter,
    header_of,
    is_readable,
)
from scheduling.attendance.surveys import Moment

REQUIRED = ("question", "moment", "score")
COLUMNS = (*REQUIRED, "mail", "answers")
LONGEST_QUESTION = 120
MOST_POINTS = 1_000
MOST_ANSWERS = 1_000_000
_SCORE = re.compile(r"\d{1,4}(?:[.,]\d{1,2})?")


class SurveyError(RosterError):
    """Cells of a file of scores that cannot be used; nothing of the file was kept."""

    remedy = N_("Correct the cells named and import again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """One row; ``number`` as a spreadsheet shows it. ``mail`` None: the mean of ``answers``."""

    number: int
    question: str
    moment: Moment
    hundredths: int
    mail: str | None
    answers: int


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import came to, in rows."""

    added: int
    replaced: int
    unchanged: int


def template() -> str:
    """A file with every column: a person's two scores, and the mean of many."""
    return (
        f"{','.join(COLUMNS)}\n"
        "I speak openly with people senior to me,before,2.5,ana.rivera@firm.example,\n"
        "I speak openly with people senior to me,after,4,ana.rivera@firm.example,\n"
        "I know people in other practice groups,before,3.12,,48\n"
    )


def read_scores(content: bytes) -> list[ScoreRow]:
    """The rows of a file of scores.

    Raises:
        SurveyError: every fault found, each with row and column; no row is returned then.
    """
    faults: list[Fault] = []
    rows: list[ScoreRow] = []
    try:
        text = decoded(content)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter(text), strict=True)
        header = header_of(next(reader, []), COLUMNS, REQUIRED)
        for number, cells in enumerate(reader, start=2):
            if any(each.strip() for each in cells):
                rows += _row(number, header, cells, faults)
            if len(faults) >= MOST_FAULTS or number > MOST_ROWS:
                break
    except RosterError as error:
        raise SurveyError(error.faults) from None
    except csv.Error as error:
        where = gettext("line %(number)s", number=reader.line_num)
        faults.append(Fault(where, gettext("well-formed CSV (%(why)s)", why=error)))
    if len(rows) >= MOST_ROWS:
        faults.append(Fault("scores", gettext("at most %(most)s rows", most=MOST_ROWS)))
    if not rows and not faults:
        faults.append(Fault("scores", N_("at least one score below the header")))
    faults += _repeated(rows)
    if faults:
        raise SurveyError(faults)
    return rows


def _row(
    number: int, header: Sequence[str], cells: Sequence[str], faults: list[Fault]
) -> list[ScoreRow]:
    """The row as a list of one, or of none if it has a fault."""
    if any(each.strip() for each in cells[len(header) :]):
        where = gettext("row %(number)s", number=number)
        faults.append(Fault(where, gettext("%(count)s cells", count=len(header)), str(len(cells))))
        return []
    values = {name: each.strip() for name, each in zip(header, cells, strict=False)}
    wrong = list(_wrong(values))
    faults += [Fault(cell(number, name), why, values.get(name) or None) for name, why in wrong]
    if wrong:
        return []
    points, _, rest = values["score"].replace(",", ".").partition(".")
    return [
        ScoreRow(
            number=number,
            question=" ".join(values["question"].split()),
            moment=Moment(values["moment"].lower()),
            hundredths=int(points) * 100 + int(rest.ljust(2, "0") or 0),
            mail=values.get("mail", "").lower() or None,
            answers=int(values.get("answers") or 1),
        )
    ]


def _wrong(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Columns whose cells cannot be used, each with what was expected."""
    question, mail, answers = (values.get(name, "") for name in ("question", "mail", "answers"))
    if not question:
        yield "question", N_("a value")
    elif len(question) > LONGEST_QUESTION:
        yield "question", gettext("at most %(most)s characters", most=LONGEST_QUESTION)
    elif not is_readable(question):
        yield "question", N_("readable text (UTF-8 or Windows-1252)")
    if values.get("moment", "").lower() not in set(Moment):
        yield "moment", gettext("one of %(choices)s", choices=", ".join(Moment))
    score = values.get("score", "")
    if not _SCORE.fullmatch(score) or float(score.replace(",", ".")) > MOST_POINTS:
        yield (
            "score",
            gettext("a number from 0 to %(most)s, two decimals at most", most=MOST_POINTS),
        )
    if mail and answers:
        yield "answers", N_("nothing beside an address: it is one person’s score")
    elif not mail and not (answers.isascii() and answers.isdigit() and int(answers[:9]) > 0):
        yield "answers", N_("of how many people this is the mean, or an address in “mail”")
    elif len(answers) > len(str(MOST_ANSWERS)):
        yield "answers", gettext("at most %(most)s", most=MOST_ANSWERS)


def _repeated(rows: Sequence[ScoreRow]) -> Iterator[Fault]:
    """One score twice, or a question of which some rows are people's and others means."""
    seen: dict[tuple[str, Moment, str | None], int] = {}
    is_mean: dict[str, tuple[bool, int]] = {}
    for row in rows:
        question = row.question.casefold()
        first = seen.setdefault((question, row.moment, row.mail), row.number)
        if first != row.number:
            expected = gettext("each score once (it is in row %(row)s)", row=first)
            yield Fault(cell(row.number, "score"), expected)
        means, at = is_mean.setdefault(question, (row.mail is None, row.number))
        if means != (row.mail is None):
            expected = gettext("all of a question as in row %(row)s: people, or means", row=at)
            yield Fault(cell(row.number, "mail"), expected, row.mail)


def import_scores(
    tx: Transaction, program_id: str, rows: Sequence[ScoreRow], now: datetime, by: str
) -> Imported:
    """Keep these scores, whole or not at all.

    Raises:
        SurveyError: somebody is in no pair of the program, or a question was kept as people's
            scores before and comes as a mean now, or the other way round.
    """
    people = _people(tx, program_id)
    known = {score.id: score for score in tx.survey_scores.of_program(program_id)}
    names = {score.question.casefold(): score for score in known.values()}
    faults = list(_misfits(rows, people, names))
    if faults:
        raise SurveyError(faults)
    added = replaced = 0
    for row in rows:
        before = names.get(row.question.casefold())
        score = SurveyScore(
            id=_id(program_id, row),
            program_id=program_id,
            question=before.question if before else row.question,
            moment=row.moment,
            hundredths=row.hundredths,
            answers=row.answers,
            person_id=people[row.mail] if row.mail else None,
            imported_at=now,
            imported_by=by,
        )
        old = known.get(score.id)
        if old is not None and (old.hundredths, old.answers) == (score.hundredths, score.answers):
            continue
        tx.survey_scores.put(score)
        names.setdefault(row.question.casefold(), score)
        added += old is None
        replaced += old is not None
    done = Imported(added, replaced, len(rows) - added - replaced)
    _journal(tx, program_id, "survey_imported", now, by, added + replaced)
    return done


def remove_question(tx: Transaction, program_id: str, question: str, now: datetime, by: str) -> int:
    """Forget every score of a question; return how many there were."""
    found = [s for s in tx.survey_scores.of_program(program_id) if s.question == question]
    for score in found:
        tx.survey_scores.remove(score.id)
    if found:
        _journal(tx, program_id, "survey_removed", now, by, len(found))
    return len(found)


def _people(tx: Transaction, program_id: str) -> dict[str, str]:
    """Who is in a pair of the program, by address."""
    pairs = [pair for pair in tx.pairs.all() if pair.program_id == program_id]
    ids = {person for pair in pairs for person in (pair.mentor_id, pair.mentee_id)}
    return {person.mail.lower(): person.id for person in tx.participants.shown(ids).values()}


def _misfits(
    rows: Sequence[ScoreRow], people: Mapping[str, str], known: Mapping[str, SurveyScore]
) -> Iterator[Fault]:
    for row in rows:
        if row.mail is not None and row.mail not in people:
            yield Fault(cell(row.number, "mail"), N_("somebody of this program"), row.mail)
        before = known.get(row.question.casefold())
        if before is not None and (before.person_id is None) != (row.mail is None):
            expected = N_("people’s scores or means, as this question was imported before")
            yield Fault(cell(row.number, "mail"), expected, row.mail)


def _id(program_id: str, row: ScoreRow) -> str:
    words = f"tandem:survey:{program_id}:{row.moment}:{row.mail or ''}:{row.question.casefold()}"
    return "score-" + uuid5(NAMESPACE_URL, words).hex


def _journal(
    tx: Transaction, program_id: str, code: str, now: datetime, by: str, rows: int
) -> None:
    data = {"by": by, "rows": rows}
    tx.journal.write(JournalEntry(at=now, code=code, program_id=program_id, data=data))
