"""The journal in words, for people: what was decided, done or left alone, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from integrations.language import N_, gettext, sentence
from integrations.ports import Transaction
from integrations.records import JournalEntry, Pair, Participant, Session
from integrations.workflows.messages.words import names_of, when
from integrations.workflows.showing.fact_words import fact_in_words, verdict_in_words
from integrations.workflows.telling.daily_list import CONTACT
from scheduling.changes.reasons import WORDS as REASONS
from scheduling.changes.reasons import ChangeCode

DEEDS: Mapping[str, str] = MappingProxyType(
    {
        "enrolled": N_("enrolled"),
        "program_announced": N_("the program was announced, to be booked from {books_on} on"),
        "begins_by_itself": N_("the program begins by itself on the day that people are told of"),
        "begins_by_hand": N_("the program waits for somebody to launch it"),
        "program_closed": N_("the program was closed"),
        "program_opened": N_("the program was taken up again"),
        "hours_asked": N_("people without working hours of their own were asked, {mails} mails"),
        "wave_started": N_("a wave of {pairs} pairs was started, {mails} mails confirmed"),
        "wave_stopped": N_("a wave was stopped: what has not begun waits"),
        "wave_resumed": N_("a stopped wave goes on"),
        "wave_undone": N_("a wave was undone: its booked pairs end, {mails} mails confirmed"),
        "wave_done": N_("a wave is through"),
        "roster_imported": N_("a roster was imported: {added} pairs enrolled, {updated} updated"),
        "announcement_ordered": N_("told to announce the program, {mails} mails named"),
        "program_described": N_("contact, links or who leads were set"),
        "text_set": N_("the text of {message} was set"),
        "staff_added": N_("somebody was made {role} of the program"),
        "staff_removed": N_("somebody is no longer {role} of the program"),
        "rule_saved": N_("the rule was changed (version {version}), {mails} mails named"),
        "writing_stopped": N_("all writing was stopped"),
        "writing_resumed": N_("writing goes on"),
        "decommission_begun": N_("taking Tandem away was begun (dates to come end: {ends_dates})"),
        "decommissioned": N_("Tandem was taken away: nothing is booked from here again"),
        "probe_begun": N_("a probe of the tenant was begun"),
        "probe_ended": N_("a probe of the tenant was over, and what it made was taken out"),
        "store_restored": N_(
            "a backup was put back: {pairs} pairs to compare, {mails} mails given up"
        ),
        "planned": N_("planned: {placed} dates, {moved} of them moved, {skipped} left out"),
        "planned_in_halves": N_("no hour suits both: two dates of {minutes} minutes stand for one"),
        "no_common_slot": N_("no common hour was found"),
        "series_created": N_("the series was created and both were invited"),
        "series_adopted": N_("the series was taken over"),
        "series_cut": N_("the series ends with {last_date}"),
        "series_cancelled": N_("the series was cancelled"),
        "booked": N_("booked"),
        "blocked": N_("held up: {why}"),
        "refused": N_("Microsoft Graph refused a write"),
        "date_moved": N_("the date was moved to {start}"),
        "date_restored": N_("the date was put back to {start}"),
        "date_cancelled": N_("the date was cancelled"),
        "date_taken_out": N_("the date was taken out"),
        "date_booked": N_("a single event was booked for {start}"),
        "mail": N_("{person} was mailed: {kind}"),
        "check_in_invited": N_("the program's contact was invited to the check-in"),
        "check_in_moved": N_("the contact's invitation to the check-in followed the date"),
        "check_in_called_off": N_("the contact's invitation to the check-in was taken out"),
        "mail_sent": N_("Tandem sent {message}"),
        "news": N_("{person} was told in Teams: {message}"),
        "news_told": N_("Tandem told in Teams: {message}"),
        "news_refused": N_("Teams did not take news for {person}, who was mailed: {message}"),
        "mail_dropped": N_("a mail to {person} was given up: {why}"),
        "mail_in_doubt": N_("a mail to {person} may not have gone out: {message}"),
        "intent_dropped": N_("a write was given up: {kind}, {outcome}"),
        "invitation_gone": N_("the invitation is in {person}'s calendar no longer"),
        "account_changed": N_(
            "the account of {person} changed (enabled: {enabled}, guest: {guest}, gone: {gone})"
        ),
        "need_snoozed": N_("a row was put off: {about}"),
        "need_noted": N_("a row was noted: {about}"),
        "need_taken": N_("somebody looks after a row: {about}"),
        "need_done": N_("a row is done: {about}, {outcome}"),
        "order_given": N_("told to: {kind} ({by})"),
        "pause_ordered": N_("told to pause from {first} to {last} ({by})"),
        "resume_ordered": N_("told to resume ({by})"),
        "withdrawal_ordered": N_("told to end ({by})"),
        "trouble_lasts": N_("work cannot be done for long: {kind}, {error}"),
        "work_put_aside": N_("Tandem gave up after several tries: {kind}, {error}"),
        "standing_work_fails": N_("standing work keeps failing: {kind}, {error}"),
        "trial_created": N_("a trial event was created"),
        "trial_deleted": N_("the trial event was removed"),
        "mailbox_checked": N_("the program mailbox passed its daily trial"),
        "mailbox_stopped": N_("the program mailbox was stopped: {why}"),
        "calendar_refused": N_("the program mailbox's calendar could not be read"),
        "subscription_made": N_("a subscription to the program mailbox was made"),
        "subscription_ended": N_("a subscription to the program mailbox was ended"),
        "hints_ignored": N_("notifications were ignored: {count}"),
        "roles_swapped": N_("from {from} on {mentor} mentors ({by})"),
        "paired_again": N_("one of the two is paired again ({by})"),
        "follows": N_("this pair follows an earlier one ({by})"),
        "wave_changed": N_("the pair was put into another wave ({by})"),
        "verdict": N_("{became}"),
        "hour_picked": N_("the {number}. of the offered hours was picked ({by})"),
        "preferences_set": N_("{person} said when and where to be met ({by})"),
        "start_confirmed": N_("{person} confirmed roles, dates and rhythm"),
        "asked_whether_met": N_("{person} is asked whether the two met"),
        "recognition_wished": "{person} wishes to be named",
        "recognition_ended": "{person} wishes to be named no more",
        "survey_imported": "{rows} score(s) of a survey were imported ({by})",
        "survey_removed": "{rows} score(s) of a survey were taken out ({by})",
        "pairing_asked": N_("somebody asked for a pairing ({by})"),
        "pairing_approved": N_("the wish for a pairing was approved ({by})"),
        "pairing_declined": N_("a wish for a pairing was put aside ({by})"),
        "pairing_taken_back": N_("a wish for a pairing was taken back ({by})"),
        "pulse_asked": N_("{person} is asked how the meeting was"),
        "pulse_given": N_("{person} said how the meeting was, in confidence"),
        "statement_made": N_("{person} said: {said}"),
        "verdict_corrected": N_("corrected to {became} ({by})"),
        "meeting_recorded": N_("a meeting of {minutes} minutes was recorded"),
        "group_session_recorded": N_("a group session of {minutes} minutes was recorded"),
        "identity_confirmed": N_("another account was confirmed to be {person}'s"),
        "person_erased": N_("what named a person was erased; what is counted stays"),
        "evidence_mode_set": N_("evidence comes from {mode} from now on"),
        "checks_not_well": N_("{count} of doctor's checks are not well: {checks}"),
        "checks_well": N_("doctor's checks are well again"),
        "work_taken_up": N_("work that was put aside is taken up again ({by})"),
        "let_go": N_("what is kept no longer was deleted"),
        "evidence_reduced": N_("joining and leaving times were deleted; minutes stay"),
        "attendance_refused": N_("Microsoft Graph refuses the mailbox's attendance reports"),
        "attendance_not_found": N_("Microsoft Graph does not know the pair's online meeting"),
        "minimum_lowered": N_("the number asked of the pair is {minimum}"),
        "message_dropped": N_("a queue message was none of ours"),
        "message_poisoned": N_("a queue message failed too often"),
    }
)
"""What was done, by journal code; what was decided has its words in the core."""


ON_BEHALF = "for:"
"""Begins what names somebody's assistant: whose, not who."""
_CONTACT = N_("the program's contact")
_ASKER = N_("whoever asked for a pairing")
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
        nobody = _ASKER if str(entry.data.get("message")).startswith("wish_") else _CONTACT
        is_one = entry.person_id is not None and not entry.person_id.startswith(CONTACT)
        facts = {"person": entry.person_id if is_one else gettext(nobody), **entry.data}
        said = {name: self._said(name, value, say) for name, value in facts.items()}
        if "verdict" in entry.data:
            said["became"] = verdict_in_words(entry.data["verdict"], entry.data.get("minutes"))
        return said

    def _said(self, name: str, value: Any, say: Callable[[datetime], str]) -> Any:
        if isinstance(value, bool):
            return gettext("yes") if value else gettext("no")
        if not isinstance(value, str):
            return value
        person = self.people.get(value.removeprefix(ON_BEHALF))
        if person is not None:
            on_behalf = value.startswith(ON_BEHALF)
            return gettext("for %(name)s", name=person.name) if on_behalf else person.name
        if value in self.staff:
            return self.staff[value]
        at = instant_of(value)
        return fact_in_words(name, value) if at is None else say(at)


def words_of(entry: JournalEntry, facts: Mapping[str, Any]) -> str:
    """An entry as a sentence without a full stop; a code without words stands for itself."""
    text = DEEDS.get(entry.code)
    if text is None and entry.code in set(ChangeCode):
        text = REASONS[ChangeCode(entry.code)]
    return entry.code if text is None else sentence(text, _Facts(facts))


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
