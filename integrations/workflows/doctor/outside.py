"""The proof that what is no business of Tandem's is out of its reach."""

from __future__ import annotations

from functools import partial

from integrations.errors import IntegrationError, OperationNotPermittedError
from integrations.workflows.app import App
from integrations.workflows.doctor.checks import Check, Finding, failed, untried
from integrations.workflows.doctor.people import some_people

_EVENTS = (
    "Scope Calendars.ReadWrite and Calendars.Read to the program mailboxes by Exchange RBAC for"
    " Applications, and withdraw any consent for them in Entra ID; it can take two hours."
)
_REPORTS = (
    "Grant the Teams application access policy to the program mailboxes alone, not with -Global; it"
    " can take half an hour."
)


async def outside_checks(app: App) -> list[Check]:
    """Whether Graph refuses an unrelated mailbox's events and attendance, and Tandem asks for none.

    The mailbox is the one of the settings; where they name none, somebody's of a pair.
    """
    checks = [await _gate(app)]
    try:
        outsider = await _outsider(app)
    except IntegrationError as error:
        return [*checks, failed("outside_events", error), untried("outside_reports", "as above")]
    if outsider is None:
        why = "there is no mailbox to ask; name one in TANDEM_OUTSIDE_MAILBOX"
        return [*checks, untried("outside_events", why), untried("outside_reports", why)]
    rights = app.graph.rights
    reads_reports = partial(rights.reads_reports_of, of_program=False)
    for code, what, ask, remedy in (
        ("outside_events", "events", rights.reads_events_of, _EVENTS),
        ("outside_reports", "attendance", reads_reports, _REPORTS),
    ):
        try:
            may = await ask(outsider)
        except IntegrationError as error:
            checks.append(failed(code, error))
            continue
        if may:
            said = f"Graph would let this app read {what} outside the program mailboxes"
            checks.append(Check(code, Finding.WIDER, said, remedy))
        else:
            checks.append(Check(code, Finding.WELL, f"Graph refuses {what} there"))
    return checks


async def _outsider(app: App) -> str | None:
    """The object id of a mailbox that is none of the program's."""
    named = app.options.outside_mailbox
    if named is not None:
        user = (await app.graph.directory.find([named]))[named]
        return None if user is None else user.id
    if app.options.own_mailbox_reads:
        # Then participants' calendars are in scope, for free/busy.
        return None
    people = await app.store.run(some_people)
    return people[0].directory_id if people else None


async def _gate(app: App) -> Check:
    """A participant's events must not even be asked for."""
    try:
        await app.graph.calendar.find_tagged("00000000-0000-0000-0000-000000000000", "doctor")
    except OperationNotPermittedError:
        return Check("gate", Finding.WELL, "Tandem refuses to ask for them")
    except IntegrationError as error:
        said = f"the call left and was answered: {error}"
        return Check("gate", Finding.WRONG, said, "Report this fault.")
    return Check("gate", Finding.WRONG, "the call left and was answered", "Report this fault.")
