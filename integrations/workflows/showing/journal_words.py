"""The journal in words, for people: what was decided, done or left alone, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from integrations.ports import Transaction
from integrations.records import JournalEntry, Pair, Participant, Session
from integrations.workflows.messages.words import names_of, when
from integrations.workflows.showing.fact_words import fact_in_words, verdict_in_words
from scheduling.changes.reasons import WORDS as REASONS
from scheduling.changes.reasons import ChangeCode
from scheduling.wording import counted

DEEDS: Mapping[str, str] = MappingProxyType(
    {
        "enrolled": "enrolled",
        "program_announced": "the program was announced, to be booked from {books_on} on",
        "begins_by_itself": "the program begins by itself on the day that people are told of",
        "begins_by_hand": "the program waits for somebody to launch it",
        "program_closed": "the program was closed",
        "program_opened": "the program was taken up again",
        "hours_asked": "people without working hours of their own were asked, {mails} mails",
        "wave_started": "a wave of {pairs} pairs was started, {mails} mails confirmed",
        "wave_stopped": "a wave was stopped: what has not begun waits",
        "wave_resumed": "a stopped wave goes on",
        "wave_undone": "a wave was undone: its booked pairs end, {mails} mails confirmed",
        "wave_done": "a wave is through",
        "roster_imported": "a roster was imported: {added} pairs enrolled, {updated} updated",
        "announcement_ordered": "told to announce the program, {mails} mails named",
        "program_described": "contact, links or who leads were set",
        "text_set": "the text of {message} was set",
        "staff_added": "somebody was made {role} of the program",
        "staff_removed": "somebody is no longer {role} of the program",
        "rule_saved": "the rule was changed (version {version}), {mails} mails named",
        "writing_stopped": "all writing was stopped",
        "writing_resumed": "writing goes on",
        "decommission_begun": "taking Tandem away was begun (dates to come end: {ends_dates})",
        "decommissioned": "Tandem was taken away: nothing is booked from here again",
        "probe_begun": "a probe of the tenant was begun",
        "probe_ended": "a probe of the tenant was over, and what it made was taken out",
        "store_restored": "a backup was put back: {pairs} pairs to compare, {mails} mails given up",
        "planned": "planned: {placed} dates, {moved} of them moved, {skipped} left out",
        "no_common_slot": "no common hour was found",
        "series_created": "the series was created and both were invited",
        "series_adopted": "the series was taken over",
        "series_cut": "the series ends with {last_date}",
        "series_cancelled": "the series was cancelled",
        "booked": "booked",
        "blocked": "held up: {why}",
        "refused": "Microsoft Graph refused a write",
        "date_moved": "the date was moved to {start}",
        "date_restored": "the date was put back to {start}",
        "date_cancelled": "the date was cancelled",
        "date_taken_out": "the date was taken out",
        "date_booked": "a single event was booked for {start}",
        "mail": "{person} was mailed: {kind}",
        "mail_sent": "Tandem sent {message}",
        "news": "{person} was told in Teams: {message}",
        "news_told": "Tandem told in Teams: {message}",
        "news_refused": "Teams did not take news for {person}, who was mailed: {message}",
        "mail_dropped": "a mail to {person} was given up: {why}",
        "mail_in_doubt": "a mail to {person} may not have gone out: {message}",
        "intent_dropped": "a write was given up: {kind}, {outcome}",
        "invitation_gone": "the invitation is in {person}'s calendar no longer",
        "account_changed": "the account of {person} changed (enabled: {enabled}, guest: {guest}, "
        "gone: {gone})",
        "need_snoozed": "a row was put off: {about}",
        "need_noted": "a row was noted: {about}",
        "need_taken": "somebody looks after a row: {about}",
        "need_done": "a row is done: {about}, {outcome}",
        "order_given": "told to: {kind} ({by})",
        "pause_ordered": "told to pause from {first} to {last} ({by})",
        "resume_ordered": "told to resume ({by})",
        "withdrawal_ordered": "told to end ({by})",
        "trouble_lasts": "work cannot be done for long: {kind}, {error}",
        "work_put_aside": "Tandem gave up after several tries: {kind}, {error}",
        "standing_work_fails": "standing work keeps failing: {kind}, {error}",
        "trial_created": "a trial event was created",
        "trial_deleted": "the trial event was removed",
        "mailbox_checked": "the program mailbox passed its daily trial",
        "mailbox_stopped": "the program mailbox was stopped: {why}",
        "calendar_refused": "the program mailbox's calendar could not be read",
        "subscription_made": "a subscription to the program mailbox was made",
        "subscription_ended": "a subscription to the program mailbox was ended",
        "hints_ignored": "notifications were ignored: {count}",
        "roles_swapped": "from {from} on {mentor} mentors ({by})",
        "paired_again": "one of the two is paired again ({by})",
        "follows": "this pair follows an earlier one ({by})",
        "wave_changed": "the pair was put into another wave ({by})",
        "verdict": "{became}",
        "hour_picked": "the {number}. of the offered hours was picked ({by})",
        "preferences_set": "{person} said when and where to be met ({by})",
        "start_confirmed": "{person} confirmed roles, dates and rhythm",
        "asked_whether_met": "{person} is asked whether the two met",
        "pairing_asked": "somebody asked for a pairing ({by})",
        "pairing_approved": "the wish for a pairing was approved ({by})",
        "pairing_declined": "a wish for a pairing was put aside ({by})",
        "pairing_taken_back": "a wish for a pairing was taken back ({by})",
        "pulse_asked": "{person} is asked how the meeting was",
        "pulse_given": "{person} said how the meeting was, in confidence",
        "statement_made": "{person} said: {said}",
        "verdict_corrected": "corrected to {became} ({by})",
        "meeting_recorded": "a meeting of {minutes} minutes was recorded",
        "identity_confirmed": "another account was confirmed to be {person}'s",
        "person_erased": "what named a person was erased; what is counted stays",
        "evidence_mode_set": "evidence comes from {mode} from now on",
        "checks_not_well": "{count} of doctor's checks are not well: {checks}",
        "checks_well": "doctor's checks are well again",
        "work_taken_up": "work that was put aside is taken up again ({by})",
        "let_go": "what is kept no longer was deleted",
        "evidence_reduced": "joining and leaving times were deleted; minutes stay",
        "attendance_refused": "Microsoft Graph refuses the mailbox's attendance reports",
        "attendance_not_found": "Microsoft Graph does not know the pair's online meeting",
        "minimum_lowered": "the number asked of the pair is {minimum}",
        "message_dropped": "a queue message was none of ours",
        "message_poisoned": "a queue message failed too often",
    }
)
"""What was done, by journal code; what was decided has its words in the core."""


ON_BEHALF = "for:"
"""Begins what names somebody's assistant: whose, not who."""
_CONTACT = "the program's contact"
"""Who is mailed where no participant is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line as people read it. ``date`` is the session's own, where it is about one."""

    seq: int
    at: datetime
    code: str
    words: str
    pair_id: str | None
    names: str | None
    date: str | None


def journal_lines(
    tx: Transaction, *, pair_id: str | None = None, code: str | None = None, after: int = 0
) -> list[Line]:
    """The journal's lines after a number, of one pair or of all, oldest first."""
    return lines_of(tx, tx.journal.read(pair_id=pair_id, code=code, after=after))


def lines_of(tx: Transaction, entries: Iterable[JournalEntry]) -> list[Line]:
    """These entries in words."""
    entries = list(entries)
    known = known_of(tx, entries)
    return [known.line(entry) for entry in entries]


def known_of(tx: Transaction, entries: Iterable[JournalEntry]) -> Known:
    """What the ids in these entries stand for."""
    entries = list(entries)
    ids = {entry.pair_id for entry in entries if entry.pair_id}
    pairs = {pair.id: pair for i in sorted(ids) if (pair := tx.pairs.get(i)) is not None}
    people = tx.participants.many(
        {i for pair in pairs.values() for i in (pair.mentor_id, pair.mentee_id)}
        | {entry.person_id for entry in entries if entry.person_id}
    )
    sessions = {s.id: s for found in tx.sessions.of_pairs(pairs).values() for s in found}
    programs = sorted({pair.program_id for pair in pairs.values()})
    staff = {m.directory_id: m.name for one in programs for m in tx.staff.of_program(one)}
    return Known(pairs, people, sessions, staff)


@dataclass(frozen=True, slots=True)
class Known:
    """What ids stand for; ``staff`` are names by the directory's ids."""

    pairs: Mapping[str, Pair]
    people: Mapping[str, Participant]
    sessions: Mapping[str, Session]
    staff: Mapping[str, str] = field(default_factory=dict)

    def line(self, entry: JournalEntry) -> Line:
        """The entry in words, with dates and zones in full."""
        session = self.sessions.get(entry.session_id or "")
        zone = self.zone(entry.pair_id)
        return Line(
            seq=entry.seq or 0,
            at=entry.at,
            code=entry.code,
            words=words_of(entry, self.facts(entry, lambda at: when(at, zone))),
            pair_id=entry.pair_id,
            names=self.names(entry.pair_id),
            date=when(session.start, zone) if session is not None else None,
        )

    def zone(self, pair_id: str | None) -> str:
        """The zone of the pair's series; UTC where it has none."""
        pair = self.pairs.get(pair_id or "")
        return str(pair.series["zone"]) if pair is not None and pair.series else "UTC"

    def names(self, pair_id: str | None) -> str | None:
        """The pair's family names, if it is one."""
        pair = self.pairs.get(pair_id or "")
        if pair is None:
            return None
        return names_of(self.people[pair.mentor_id], self.people[pair.mentee_id])

    def facts(self, entry: JournalEntry, say: Callable[[datetime], str]) -> dict[str, Any]:
        """The entry's facts as people say them: a name for an id, ``say`` of an instant."""
        facts = {"person": entry.person_id or _CONTACT, **entry.data}
        said = {name: self._said(name, value, say) for name, value in facts.items()}
        if "verdict" in entry.data:
            said["became"] = verdict_in_words(entry.data["verdict"], entry.data.get("minutes"))
        return said

    def _said(self, name: str, value: Any, say: Callable[[datetime], str]) -> Any:
        if isinstance(value, bool):
            return "yes" if value else "no"
        if not isinstance(value, str):
            return value
        person = self.people.get(value.removeprefix(ON_BEHALF))
        if person is not None:
            return f"for {person.name}" if value.startswith(ON_BEHALF) else person.name
        if value in self.staff:
            return self.staff[value]
        at = instant_of(value)
        return fact_in_words(name, value) if at is None else say(at)


def words_of(entry: JournalEntry, facts: Mapping[str, Any]) -> str:
    """An entry as a sentence without a full stop; a code without words stands for itself."""
    text = DEEDS.get(entry.code)
    if text is None and entry.code in set(ChangeCode):
        text = REASONS[ChangeCode(entry.code)]
    return entry.code if text is None else counted(text.format_map(_Facts(facts)))


class _Facts(dict[str, Any]):
    """Facts by name; one that an older entry does not have is left open."""

    def __missing__(self, name: str) -> str:
        return "…"


def instant_of(text: str) -> datetime | None:
    """An instant, as facts and as writes spell it; None where it is no such thing."""
    for form in ("%Y-%m-%d %H:%MZ", "%Y-%m-%dT%H:%MZ"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    if "T" not in text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
