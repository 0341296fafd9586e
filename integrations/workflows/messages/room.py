"""Whether a week has room for one more mail to a person."""

from __future__ import annotations

from datetime import datetime

from integrations.ports import Transaction
from integrations.records import IntentState
from integrations.workflows.changes.case import is_capped
from integrations.workflows.messages.hours import mail_hours
from integrations.workflows.rulebook.rules import ProgramRule
from scheduling.changes.limits import next_week, week_began


def has_room(
    tx: Transaction,
    person_id: str,
    zone: str,
    rule: ProgramRule,
    now: datetime,
    but: str,
    *,
    prepared: bool = True,
) -> bool:
    """Whether one more capped mail this week is within what the program allows.

    Counted are the journal's mails and news in Teams since Monday in the person's zone, and writes
    on their way, that with the key ``but`` excepted; those that are only prepared are left out if
    not ``prepared``.
    """
    since = week_began(now, zone)
    sent = [
        entry
        for code in ("mail", "news")
        for entry in tx.journal.of_person_since([person_id], code, since)
    ]
    leaving = (
        mail
        for pair in tx.pairs.of_people([person_id])
        for intent in tx.intents.open(pair.id)
        if intent.key != but and (prepared or intent.state is IntentState.SENDING)
        for mail in intent.mails
        if mail["person"] == person_id
    )
    counted = sum(is_capped(entry.data) for entry in sent) + sum(map(is_capped, leaving))
    return counted < rule.limits.mails_per_week


def next_room(rule: ProgramRule, zone: str, office: str | None, now: datetime) -> datetime:
    """When the next week's mails may go."""
    return mail_hours(rule, zone, office, next_week(now, zone))
