"""What is kept about one person: handing it over, and putting a tombstone in its place.

Erasing keeps what is counted. The person's row stays under its internal id, with nothing in it that
says who it was; sessions, verdicts, credit and journal refer to that id and stay as they are. Names
and addresses are taken out of what people typed, word by word. What has left Tandem (mails, files,
the outbound webhook, calendars) is not called back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TypeVar

from integrations.attendance_records import CorrectionNote, KeptPulse
from integrations.errors import NotPossibleError
from integrations.language import N_, gettext
from integrations.page_records import Aim, Goal, Wish
from integrations.ports import Transaction
from integrations.records import (
    OVER,
    JournalEntry,
    Json,
    NeedNote,
    Note,
    Pair,
    Participant,
    Program,
)
from integrations.workflows.booking.beginning import begins_by, keep_begins
from scheduling.wording import counted

R = TypeVar("R")
N = TypeVar("N", Note, NeedNote, CorrectionNote, KeptPulse, Goal, Aim)

TOMBSTONE = "Erased person"
GONE_WORD = "[erased]"
_SHORTEST_WORD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What erasing a person changes: how many rows of what. ``done`` says whether it was done.

    ``contact_of`` are programs whose contact has the person's address; that is the program's own
    and stays until somebody changes it.
    """

    person_id: str
    rows: dict[str, int]
    contact_of: tuple[str, ...]
    done: bool


def data_of(tx: Transaction, person_id: str) -> Json:
    """Everything the store has about a person, as data; partners are named by internal id alone."""
    person = tx.participants.require(person_id)
    pairs = tx.pairs.of_people([person_id])
    ids = [pair.id for pair in pairs]
    sessions = [s for found in tx.sessions.of_pairs(ids).values() for s in found]
    keys = [session.id for session in sessions]
    statements = [s for found in tx.statements.of_sessions(keys).values() for s in found]
    links = [link for found in tx.links.of_sessions(keys).values() for link in found]
    lines = [line for found in tx.credit_lines.of_pairs(ids).values() for line in found]
    return {
        "person": asdict(person),
        "pairs": [asdict(pair) for pair in pairs],
        "sessions": [asdict(session) for session in sessions],
        "verdicts": [asdict(v) for found in tx.verdicts.of_pairs(ids).values() for v in found],
        "reports": [asdict(r) for found in tx.reports.of_pairs(ids).values() for r in found],
        "statements": [asdict(s) for s in statements if s.person_id == person_id],
        # The id of a link is a secret until it is used.
        "links": [asdict(replace(x, id="")) for x in links if x.person_id == person_id],
        "pulses": [
            asdict(pulse)
            for found in tx.pulses.of_pairs(ids).values()
            for pulse in found
            if pulse.person_id == person_id
        ],
        "survey_scores": [asdict(score) for score in tx.survey_scores.of_person(person_id)],
        "credit_lines": [asdict(line) for line in lines if line.person_id == person_id],
        "mails": [
            asdict(mail)
            for pair_id in ids
            for mail in tx.outbox.of_pair(pair_id)
            if mail.person_id == person_id
        ],
        "blockers": [asdict(b) for b in tx.blockers.open(None, [person_id])],
        "need_notes": [
            asdict(note)
            for note in tx.need_notes.all()
            if (need := tx.needs.get(note.need_id)) is not None and need.pair_id in ids
        ],
        "correction_notes": [asdict(note) for note in _correction_notes(tx, keys)],
        "notes": [asdict(note) for pair_id in ids if (note := tx.notes.get(pair_id)) is not None],
        "goals": [
            asdict(goal)
            for pair_id in ids
            for goal in tx.goals.of_pair(pair_id).values()
            if goal.person_id == person_id
        ],
        "aims": [asdict(aim) for aim in tx.aims.of_sessions(keys).values()],
        "confirmations": [
            asdict(each)
            for found in tx.confirmations.of_pairs(ids).values()
            for each in found.values()
            if each.person_id == person_id
        ],
        "preferences": [asdict(p) for p in tx.preferences.many([person_id]).values()],
        # What the key of a session is the hash of signs somebody in.
        "web_sessions": [
            asdict(replace(each, id=""))
            for each in tx.web_sessions.all()
            if each.directory_id == person.directory_id
        ],
        "wishes": [asdict(wish) for wish in tx.wishes.of_person(person.directory_id)],
        "staff": [asdict(member) for member in tx.staff.of_person(person.directory_id)],
        **_done_as_coordinator(tx, person),
        "journal": [asdict(e) for e in tx.journal.naming([person_id, person.directory_id])],
    }


def _correction_notes(tx: Transaction, session_ids: Sequence[str]) -> list[CorrectionNote]:
    """What was typed beside corrections of these sessions."""
    made = [c for found in tx.corrections.of_sessions(session_ids).values() for c in found]
    notes = (tx.correction_notes.get(each.id) for each in made)
    return [note for note in notes if note is not None]


def _done_as_coordinator(tx: Transaction, person: Participant) -> Json:
    """What the person took on, ordered, corrected, began and confirmed for others."""
    account, names = person.directory_id, _names(person)
    return {
        "needs": [asdict(need) for need in tx.needs.all() if need.owner in names],
        "orders": [asdict(order) for order in tx.orders.all() if order.given_by in names],
        "corrections": [asdict(each) for each in tx.corrections.all() if each.given_by in names],
        "waves": [asdict(wave) for wave in tx.waves.all() if wave.created_by == account],
        "tried_rules": [asdict(t) for t in tx.tried_rules.all() if t.begun_by == account],
        "staff_added": [
            {"program_id": member.program_id, "role": member.role, "added_at": member.added_at}
            for member in tx.staff.all()
            if member.added_by == account
        ],
        "surveys_imported": [
            {"question": score.question, "moment": score.moment, "imported_at": score.imported_at}
            for score in tx.survey_scores.all()
            if score.imported_by == account
        ],
        "begins": [p.id for p in tx.programs.all() if begins_by(tx, p.id) == account],
        "told": [
            {"program_id": program.id, "told_at": program.evidence["told_at"]}
            for program in tx.programs.all()
            if program.evidence.get("told_by") in names
        ],
        "identities_confirmed": [
            {"person_id": other.id, "confirmed_at": link["confirmed_at"]}
            for other in tx.participants.all()
            for link in other.known_as
            if link.get("confirmed_by") in names
        ],
    }


def _names(person: Participant) -> frozenset[str]:
    """What an act may name the person by who did it."""
    return frozenset({person.directory_id, person.mail, person.name})


def erase(tx: Transaction, person_id: str, now: datetime, *, for_good: bool) -> Erasure:
    """Put a tombstone in place of a person, or only say what that would change.

    Raises:
        NotPossibleError: the person is in a pair that is not over, or was erased before.
    """
    person = tx.participants.require(person_id)
    if person.name == TOMBSTONE:
        raise NotPossibleError(gettext("this person was erased before"))
    pairs = tx.pairs.of_people([person_id])
    living = [pair.roster_id or pair.id for pair in pairs if pair.state not in OVER]
    if living:
        raise NotPossibleError(
            counted(f"the person is still in {len(living)} pair(s): {', '.join(sorted(living))}"),
            remedy=N_(
                "Withdraw them first with `tandem withdraw`, and let the dates be taken out."
            ),
        )
    eraser = _Eraser(tx, person, now, for_good=for_good)
    eraser.erase(pairs)
    return Erasure(
        person_id=person_id,
        rows=eraser.rows,
        contact_of=tuple(p.name for p in tx.programs.all() if _is_contact(p, person)),
        done=for_good,
    )


def _is_contact(program: Program, person: Participant) -> bool:
    return str(program.contact.get("mail") or "").casefold() == person.mail.casefold()


class _Eraser:
    """Changes row after row and counts them; writes only ``for_good``."""

    def __init__(
        self, tx: Transaction, person: Participant, now: datetime, *, for_good: bool
    ) -> None:
        self._tx, self._person, self._now, self._for_good = tx, person, now, for_good
        self._words = _pattern(person)
        self.rows: dict[str, int] = {}

    def erase(self, pairs: Sequence[Pair]) -> None:
        """Everything: the person, what people typed, intervals, links, mails that wait, grants."""
        tx, ids = self._tx, [pair.id for pair in pairs]
        self._put("participants", tx.participants.put, [_tombstone(self._person)])
        self._put("pairs", tx.pairs.put, self._changed(tx.pairs.all(), self._without_name))
        self._texts()
        reports = [r for found in tx.reports.of_pairs(ids).values() for r in found]
        whole = [
            replace(r, presences=(), reduced_at=self._now) for r in reports if r.reduced_at is None
        ]
        self._put("reports", tx.reports.put, whole)
        keys = [s.id for found in tx.sessions.of_pairs(ids).values() for s in found]
        links = [link for found in tx.links.of_sessions(keys).values() for link in found]
        unused = [
            replace(link, used_at=self._now)
            for link in links
            if link.person_id == self._person.id and link.used_at is None
        ]
        self._put("links", tx.links.put, unused)
        waiting = [
            mail
            for pair_id in ids
            for mail in tx.outbox.of_pair(pair_id)
            if mail.person_id == self._person.id and mail.state == "waiting"
        ]
        self._put("outbox", lambda mail: tx.outbox.drop(mail, "dropped"), waiting)
        self._pages(ids, keys)
        if self._for_good:
            tx.journal.write(
                JournalEntry(
                    at=self._now, code="person_erased", person_id=self._person.id, data=self.rows
                )
            )

    def _pages(self, pair_ids: Sequence[str], session_ids: Sequence[str]) -> None:
        """What the person left on the pages: their own goes, what others wrote stays unnamed."""
        tx, person = self._tx, self._person
        goals = [goal for i in pair_ids for goal in tx.goals.of_pair(i).values()]
        mine = [goal for goal in goals if goal.person_id == person.id]
        self._remove("goals", tx.goals.remove, [f"{g.pair_id}/{g.person_id}" for g in mine])
        theirs = [goal for goal in goals if goal.person_id != person.id]
        self._put("goals", tx.goals.put, self._changed(theirs, self._note))
        self._pulses(pair_ids)
        aims = tx.aims.of_sessions(session_ids).values()
        self._put("aims", tx.aims.put, self._changed(aims, self._note))
        self._remove("preferences", tx.preferences.remove, tx.preferences.many([person.id]))
        account = person.directory_id
        signed_in = [s.id for s in tx.web_sessions.all() if s.directory_id == account]
        self._remove("web_sessions", tx.web_sessions.remove, signed_in)
        wishes = [wish.id for wish in tx.wishes.of_person(account)]
        self._remove("wishes", tx.wishes.remove, wishes)
        grants = [f"{m.program_id}/{account}/{m.role}" for m in tx.staff.of_person(account)]
        self._remove("staff", tx.staff.remove, grants)
        added = [m for m in tx.staff.all() if m.added_by == account and m.directory_id != account]
        self._put("staff", tx.staff.put, [replace(m, added_by=GONE_WORD) for m in added])
        begun = [wave for wave in tx.waves.all() if wave.created_by == account]
        self._put("waves", tx.waves.put, [replace(w, created_by=GONE_WORD) for w in begun])
        told = [p.id for p in tx.programs.all() if begins_by(tx, p.id) == account]
        self._put("switches", lambda key: keep_begins(tx, key, GONE_WORD), told)
        others = self._changed(tx.wishes.all(), self._without_wish)
        self._put("wishes", tx.wishes.put, others)
        tried = [trial for trial in tx.tried_rules.all() if trial.begun_by == account]
        by_gone = [replace(trial, begun_by=GONE_WORD) for trial in tried]
        self._put("tried_rules", tx.tried_rules.put, by_gone)
        imported = [each for each in tx.survey_scores.all() if each.imported_by == account]
        by_gone_too = [replace(each, imported_by=GONE_WORD) for each in imported]
        self._put("survey_scores", tx.survey_scores.put, by_gone_too)
        self._as_coordinator()

    def _without_wish(self, wish: Wish) -> Wish:
        """Somebody else's wish, with nothing in it that names the person."""
        if wish.directory_id == self._person.directory_id:
            return wish
        named = wish.partner_mail == self._person.mail
        settled = wish.settled_by == self._person.directory_id
        return replace(
            wish,
            partner_mail=None if named else wish.partner_mail,
            settled_by=GONE_WORD if settled else wish.settled_by,
        )

    def _pulses(self, pair_ids: Sequence[str]) -> None:
        """Numbers stay, because they are counted; what the person wrote beside them goes."""
        said = [p for found in self._tx.pulses.of_pairs(pair_ids).values() for p in found]
        mine = [replace(p, text="") for p in said if p.person_id == self._person.id and p.text]
        theirs = [p for p in said if p.person_id != self._person.id]
        kept = [*mine, *self._changed(theirs, self._note)]
        self._put("pulses", self._tx.pulses.put, kept)

    def _as_coordinator(self) -> None:
        """What the person took on, ordered or corrected for other pairs."""
        tx, person = self._tx, self._person
        names = _names(person)
        taken = [need for need in tx.needs.all() if need.owner in names]
        self._put("needs", tx.needs.put, [replace(need, owner=GONE_WORD) for need in taken])
        given = [order for order in tx.orders.all() if order.given_by in names]
        self._put("orders", tx.orders.put, [replace(o, given_by=GONE_WORD) for o in given])
        said = [each for each in tx.corrections.all() if each.given_by in names]
        self._put("corrections", tx.corrections.put, [replace(c, given_by=GONE_WORD) for c in said])
        told = [
            replace(program, evidence={**program.evidence, "told_by": GONE_WORD})
            for program in tx.programs.all()
            if program.evidence.get("told_by") in names
        ]
        self._put("programs", tx.programs.put, told)
        vouched = self._changed(
            (each for each in tx.participants.all() if each.id != person.id),
            lambda other: replace(other, known_as=_unvouched(other.known_as, names)),
        )
        self._put("participants", tx.participants.put, vouched)

    def _texts(self) -> None:
        """What coordinators typed, wherever it names the person."""
        tx = self._tx
        self._put("notes", tx.notes.put, self._changed(tx.notes.all(), self._note))
        self._put("need_notes", tx.need_notes.put, self._changed(tx.need_notes.all(), self._note))
        told = self._changed(tx.correction_notes.all(), self._note)
        self._put("correction_notes", tx.correction_notes.put, told)

    def _note(self, note: N) -> N:
        return replace(note, text=self._cleaned(note.text))

    def _without_name(self, pair: Pair) -> Pair:
        """The pair with nothing in it that names the person; an assistant's place is empty."""
        mine = {self._person.id, self._person.mail.casefold()}
        return replace(
            pair,
            assistants=tuple(a for a in pair.assistants if a.casefold() not in mine),
            focus=self._cleaned(pair.focus) if pair.focus else pair.focus,
            place=self._cleaned(pair.place) if pair.place else pair.place,
            roster_id=self._cleaned(pair.roster_id) if pair.roster_id else pair.roster_id,
        )

    def _cleaned(self, text: str) -> str:
        return self._words.sub(GONE_WORD, text)

    def _changed(self, records: Iterable[R], change: Callable[[R], R]) -> list[R]:
        return [new for record in records if (new := change(record)) != record]

    def _put(self, table: str, put: Callable[[R], object], records: Sequence[R]) -> None:
        if records:
            self.rows[table] = self.rows.get(table, 0) + len(records)
        if self._for_good:
            for record in records:
                put(record)

    def _remove(self, table: str, remove: Callable[[str], object], keys: Iterable[str]) -> None:
        self._put(table, remove, list(keys))


def _unvouched(links: Iterable[Json], names: Collection[str]) -> tuple[Json, ...]:
    """Other identities of somebody, without whoever of these names confirmed them."""
    return tuple(
        {**link, "confirmed_by": GONE_WORD} if link.get("confirmed_by") in names else link
        for link in links
    )


def _tombstone(person: Participant) -> Participant:
    key = f"erased-{person.id}"
    return Participant(
        id=person.id,
        directory_id=key,
        mail=f"{key}@erased.invalid",
        name=TOMBSTONE,
        office=person.office,
        practice_group=person.practice_group,
        enabled=False,
        gone=True,
    )


def _pattern(person: Participant) -> re.Pattern[str]:
    """Any of the words that name a person: address, name, and each part of the name."""
    parts = [part for part in re.split(r"[\s,]+", person.name) if len(part) >= _SHORTEST_WORD]
    words = [person.mail, person.name, *parts, *(str(k.get("mail") or "") for k in person.known_as)]
    ordered = sorted({word for word in words if word}, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, ordered))})(?!\w)", re.IGNORECASE)
