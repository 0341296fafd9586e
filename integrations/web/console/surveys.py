"""Scores of surveys: bringing them in, seeing their means, taking a question out again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from integrations.errors import Fault
from integrations.language import N_, gettext, ngettext
from integrations.web.access import Who
from integrations.web.page import Act, Go, Page, Sent, Shown, Visit, program_of
from integrations.workflows.enrolment.roster import MOST_BYTES, MOST_ROWS
from integrations.workflows.reporting.survey_import import (
    SurveyError,
    import_scores,
    read_scores,
    remove_question,
    template,
)
from integrations.workflows.reporting.surveys import surveys_table

PATH = "/programs/{program}/surveys"
_MOST_SHOWN = 200


def words_of_groups() -> dict[str, Mapping[str, str]]:
    """What groups of people are of, and those that have no name of the firm's, as pages say it."""
    return {
        "kinds": {
            "whole": gettext("everybody"),
            "role": gettext("role"),
            "office": gettext("office"),
            "practice group": gettext("practice group"),
        },
        "groups": {
            "mentor": gettext("mentors"),
            "mentee": gettext("mentees"),
            "both": gettext("mentors who are mentees as well"),
            "none named": gettext("none named"),
        },
    }


async def show_surveys(visit: Visit) -> Shown:
    """The means, and a form to bring more in."""
    return await _shown(visit, ())


async def _shown(visit: Visit, found: Sequence[Fault]) -> Shown:
    program = program_of(visit)
    table = await visit.app.store.run(lambda tx: surveys_table(tx, [program.id]))
    rows = list(table.records())
    data = {
        "found": found,
        "most": _MOST_SHOWN,
        "most_megabytes": MOST_BYTES // 1024 // 1024,
        "most_rows": MOST_ROWS,
        "surveys": rows,
        "questions": list(dict.fromkeys(row["question"] for row in rows)),
        **words_of_groups(),
    }
    return Shown(data, status=400 if found else 200)


async def do_import(visit: Visit) -> Shown | Go:
    """Keep a file of scores, whole or not at all."""
    upload, program, by = visit.form.file("scores"), program_of(visit), visit.viewer.directory_id
    if upload is None:
        return await _shown(visit, [Fault("scores", N_("a file"))])
    try:
        rows = read_scores(upload.data)
        done = await visit.app.store.run(
            lambda tx: import_scores(tx, program.id, rows, visit.now, by)
        )
    except SurveyError as error:
        return await _shown(visit, error.faults)
    said = gettext(
        "%(added)s scores imported, %(replaced)s replaced, %(unchanged)s as they were.",
        added=done.added,
        replaced=done.replaced,
        unchanged=done.unchanged,
    )
    return Go(f"/programs/{program.id}/surveys", said)


async def do_remove(visit: Visit) -> Go:
    """Forget a question with all its scores."""
    program, by, question = program_of(visit), visit.viewer.directory_id, visit.form.get("question")
    gone = await visit.app.store.run(
        lambda tx: remove_question(tx, program.id, question, visit.now, by)
    )
    said = ngettext("%(num)s score taken out.", "%(num)s scores taken out.", gone)
    return Go(f"/programs/{program.id}/surveys", said)


async def show_template(visit: Visit) -> Sent:
    """A file with every column and an example of each kind of row."""
    return Sent(template().encode("utf-8-sig"), "text/csv; charset=utf-8", "surveys.csv")


PAGES = (
    Page(
        path=PATH,
        who=Who.COORDINATOR,
        show=show_surveys,
        template="console/surveys.html",
        title=N_("Surveys"),
        section="import",
        acts=(
            Act(path=f"{PATH}/import", do=do_import, uploads=True),
            Act(path=f"{PATH}/remove", do=do_remove),
        ),
    ),
    Page(
        path=f"{PATH}/template",
        who=Who.COORDINATOR,
        show=show_template,
        template="console/surveys.html",
        title=N_("Example of scores"),
        section="import",
    ),
)
