"""What must hold at the end of a calm between the program mailboxes and the store.

Each invariant yields what breaks it: a name and the facts. Pairs that are being booked and
visibly held up are not yet in keeping with their calendar, and are left out where it says so.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any

from tests.simulation.books import Books, Row
from tests.simulation.chronicle import Chronicle, Date, Known

Found = Iterator[tuple[str, dict[str, Any]]]
SWEEP = timedelta(hours=1)
SILENCE = timedelta(days=9)
CAPPED = timedelta(days=7)
"""How much longer an answer may take that the weekly cap of mails keeps back, and says so."""
COUNTED = timedelta(days=11)
"""Within how many days an appointment over a date counts already; ten working days are meant."""
_LIVING = frozenset({"booked", "paused", "completed"})
_NOT_WAITED = "did not wait out Retry-After"


@dataclass(frozen=True)
class Convergence:
    """What is compared, and what can be worked out from it at once."""

    chronicle: Chronicle
    books: Books
    now: datetime
    calm_since: datetime

    @cached_property
    def live(self) -> dict[str, tuple[Date, Known]]:
        """Every meeting to come, by its id."""
        return {
            self.chronicle.item_id(one): (one, known)
            for one, known in self.chronicle.live(self.now).values()
        }

    @cached_property
    def to_come(self) -> list[Row]:
        """Every session that is to come according to the store."""
        return [
            row
            for row in self.books.sessions
            if row["state"] == "scheduled" and row["start"] > self.now
        ]

    @cached_property
    def by_people(self) -> dict[tuple[str, ...], Row]:
        """Pairs by the addresses of the two."""
        return {self.books.mails_of(pair): pair for pair in self.books.pairs}

    @cached_property
    def by_id(self) -> dict[str, Row]:
        """Pairs by id."""
        return {pair["id"]: pair for pair in self.books.pairs}

    @cached_property
    def unsettled(self) -> frozenset[str]:
        """Pairs whose first booking is held up, which everybody can see."""
        return frozenset(
            pair["id"]
            for pair in self.books.pairs
            if pair["state"] not in _LIVING and self.books.holding_up(pair)
        )

    @cached_property
    def ending(self) -> frozenset[str]:
        """Pairs whose end waits for mail hours yet to come, as the journal says.

        Their calendars are not read any more, and what people do to them meanwhile is not followed.
        """
        return self._waiting("leaver", "withdrawn")

    @cached_property
    def answered_later(self) -> frozenset[str]:
        """Pairs that wait for mail hours or a week yet to come with the answer to a decline.

        Hosts sleep through whole weeks of the hours of an office far from London, and somebody's
        two mails of a week may be spent. A decline may have come with a proposal.
        """
        answers = ("date_declined", "proposal_accepted", "proposal_not_possible")
        return self._waiting(*answers, codes=("mail_hours", "mail_cap"))

    @cached_property
    def decided_dates(self) -> frozenset[str]:
        """Sessions about which something is decided that waits for what is to come."""
        now = f"{self.now:%Y-%m-%d %H:%MZ}"
        waits = {
            row["session_id"]: row["data"]["until"]
            for row in self.books.journal
            if row["code"] in ("mail_hours", "mail_cap") and row["session_id"]
        }
        return frozenset(session_id for session_id, until in waits.items() if until > now)

    def _waiting(self, *wanted: str, codes: Collection[str] = ("mail_hours",)) -> frozenset[str]:
        waits = {
            row["pair_id"]: row["data"]["until"]
            for row in self.books.journal
            if row["code"] in codes and row["data"]["wanted"] in wanted
        }
        now = f"{self.now:%Y-%m-%d %H:%MZ}"
        return frozenset(pair_id for pair_id, until in waits.items() if until > now)

    def placed_with_series(self) -> Iterator[tuple[str, Date, datetime]]:
        """Dates that stand where their series put them, for each of the two, and since when."""
        for one, known in self.live.values():
            pair = self.by_people.get(known.people)
            placed = self.chronicle.placed.get(one.key)
            if pair is None or pair["state"] != "booked" or placed is None:
                continue
            if placed.ours and placed.with_series:
                yield from ((who, one, placed.at) for who in known.people)


Invariant = Callable[[Convergence], Found]

# --- calendars and sessions -----------------------------------------------------------------


def sessions_stand_in_the_calendar(calm: Convergence) -> Found:
    """Every future session maps to exactly one live event."""
    claimed = Counter(row["event_id"] for row in calm.to_come)
    for row in calm.to_come:
        if row["pair_id"] in calm.unsettled | calm.ending:
            continue
        facts = {"session": row["id"], "start": row["start"], "pair": row["pair_id"]}
        found = calm.live.get(row["event_id"] or "")
        if found is None:
            yield "session_without_event", facts
        elif (found[0].start, found[0].end) != (row["start"], row["end"]):
            yield "session_elsewhere", {**facts, "stands_at": found[0].start}
        elif found[1].people != calm.books.mails_of(calm.by_id[row["pair_id"]]):
            yield "session_with_others", facts
        elif claimed[row["event_id"]] > 1:
            yield "event_shared", facts


def events_are_sessions(calm: Convergence) -> Found:
    """Every live event is one future session."""
    known = {row["event_id"] for row in calm.to_come}
    for event_id, (one, event) in calm.live.items():
        pair = calm.by_people.get(event.people)
        if event_id in known or (pair is not None and pair["id"] in calm.unsettled):
            continue
        yield (
            "event_without_session",
            {
                "people": event.people,
                "pair": None if pair is None else pair["id"],
                "state": None if pair is None else pair["state"],
                "start": one.start,
                "tags": sorted(event.tags),
                "day": one.day,
            },
        )


def one_event_a_window(calm: Convergence) -> Found:
    """No window of a pair holds two live events, and no pair has dates in two generations."""
    windows: defaultdict[tuple[str, int, int], list[Row]] = defaultdict(list)
    generations: defaultdict[str, set[int]] = defaultdict(set)
    for row in calm.to_come:
        windows[row["pair_id"], row["generation"], row["window"]].append(row)
        if not row["single"]:
            generations[row["pair_id"]].add(row["generation"])
    for (pair_id, _, window), rows in windows.items():
        if len(rows) > 1:
            starts = [row["start"] for row in rows]
            yield "two_in_a_window", {"pair": pair_id, "window": window, "starts": starts}
    for pair_id, numbers in generations.items():
        if len(numbers) > 1:
            yield "two_generations", {"pair": pair_id, "generations": sorted(numbers)}


def one_series_a_pair(calm: Convergence) -> Found:
    """As the calendars alone show it: the dates to come of two people are of one series."""
    series: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for one, known in calm.live.values():
        if one.day is not None:
            series[known.people].add(one.event)
    for people, events in series.items():
        if len(events) > 1:
            yield "two_series", {"people": people, "series": sorted(events)}


def the_past_stays(calm: Convergence) -> Found:
    """What was taken from the past on the way is back: nothing of it is missing."""
    for (people, start), at in calm.chronicle.missed.items():
        if not calm.chronicle.stands(people, start):
            yield "past_date_gone", {"people": people, "start": start, "lost_at": at}


def nobody_is_in_two_places(calm: Convergence) -> Found:
    """No two dates that we placed overlap for one person."""
    by_person: defaultdict[str, list[tuple[Date, Known]]] = defaultdict(list)
    for one, known in calm.live.values():
        placed = calm.chronicle.placed.get(one.key)
        if placed is not None and placed.ours:
            for who in known.people:
                if who not in known.is_declined(one.day):
                    by_person[who].append((one, known))
    for who, dates in by_person.items():
        dates.sort(key=lambda pair: (pair[0].start, pair[0].event))
        for (one, _), (other, known) in pairwise(dates):
            if other.start < one.end:
                facts = {"person": who, "start": one.start, "other_start": other.start}
                yield "double_booked", {**facts, "with_others": known.people}


def nothing_is_left_behind(calm: Convergence) -> Found:
    """Trial events are gone, and whoever has a date can join it."""
    for key, known in calm.chronicle.known.items():
        if not known.people:
            yield "trial_left_behind", {"event": key}
    for one, known in calm.live.values():
        pair = calm.by_people.get(known.people)
        if not calm.chronicle.has_link(one) and (pair is None or pair["id"] not in calm.unsettled):
            yield "no_join_link", {"people": known.people, "start": one.start}


CALENDARS: tuple[Invariant, ...] = (
    sessions_stand_in_the_calendar,
    events_are_sessions,
    one_event_a_window,
    one_series_a_pair,
    the_past_stays,
    nobody_is_in_two_places,
    nothing_is_left_behind,
)

# --- the store ------------------------------------------------------------------------------


def intents_are_settled(calm: Convergence) -> Found:
    """No intent is older than one sweep."""
    for row in calm.books.intents:
        if row["state"] not in ("prepared", "sending"):
            continue
        since = max(row["send_at"] or row["created_at"], calm.calm_since)
        if calm.now - since > SWEEP:
            yield (
                "intent_open",
                {"key": row["key"], "state": row["state"], "created": row["created_at"]},
            )


def work_is_done(calm: Convergence) -> Found:
    """Nothing due is left lying, and what was put aside is seen."""
    for row in calm.books.work:
        facts = {"kind": row["kind"], "subject": row["subject"], "error": row["last_error"]}
        if row["state"] == "open" and calm.now - row["due_at"] > 2 * SWEEP:
            yield "work_left_lying", {**facts, "due": row["due_at"], "until": row["claimed_until"]}
        if row["state"] == "poison" and not calm.books.open_blockers(row["subject"]):
            yield "put_aside_unseen", facts


def stuck_pairs_are_seen(calm: Convergence) -> Found:
    """Whoever is stuck has a visible blocker, or a row in *Needs you*."""
    for pair in calm.books.pairs:
        seen = calm.books.holding_up(pair)
        if pair["state"] in ("enrolled", "planned", "booking") and not seen and not pair["offer"]:
            yield "stuck_unseen", {"pair": pair["id"], "state": pair["state"]}
    for one, known in calm.live.values():
        of_two = calm.by_people.get(known.people)
        who = known.is_declined(one.day)
        if of_two is None or of_two["state"] != "booked" or not who:
            continue
        if of_two["id"] in calm.answered_later | calm.ending:
            continue
        by_person = calm.chronicle.declined_since.get((one.event, one.day), {})
        since = min(by_person.values(), default=calm.now)
        waits = SILENCE + (CAPPED if _is_capped(calm, of_two["id"], since) else timedelta(0))
        if calm.now - since > waits and not calm.books.holding_up(of_two):
            facts = {"pair": of_two["id"], "start": one.start, "by": sorted(who), "since": since}
            yield "decline_unanswered", facts


def appointments_are_seen(calm: Convergence) -> Found:
    """Whatever firm lies over a date to come when a calm begins is noted when it ends.

    Also where it lies at the very hour of the date and looks like it. Left out are dates that
    somebody wants elsewhere or about which something is decided already, and people in whose
    calendar the date stands no more, or otherwise than they told: of entries at its very hour
    nobody can tell whose is whose then.
    """
    for row in calm.to_come:
        pair, found = calm.by_id[row["pair_id"]], calm.live.get(row["event_id"] or "")
        if found is None or pair["state"] != "booked" or pair["id"] in calm.ending:
            continue
        if row["start"] - calm.now > COUNTED or row["id"] in calm.decided_dates:
            continue
        one, known = found
        people = (pair["mentor_id"], pair["mentee_id"])
        if known.is_declined(one.day) or calm.chronicle.is_wanted_elsewhere(one):
            continue
        if row["conflicts"] or calm.books.open_blockers(pair["id"], *people):
            continue
        for who in known.people:
            if not calm.chronicle.takes_up(who, one):
                continue
            for taken in calm.chronicle.diaries[who].over(one.start, one.end, calm.calm_since):
                facts = {"pair": pair["id"], "person": who, "start": one.start}
                appointment = (taken.start, taken.end)
                silent = calm.chronicle.answered_in_silence(who, one)
                if silent and appointment == (one.start, one.end):
                    continue
                yield (
                    "appointment_unseen",
                    {**facts, "appointment": appointment, "since": taken.since},
                )


def _is_capped(calm: Convergence, pair_id: str, since: datetime) -> bool:
    return any(
        row["code"] == "mail_cap" and row["pair_id"] == pair_id and row["at"] >= since
        for row in calm.books.journal
    )


def the_tenant_does_not_complain(calm: Convergence) -> Found:
    """Nothing was asked of Graph that it does not know."""
    for complaint in dict.fromkeys(calm.chronicle.tenant.complaints):
        if _NOT_WAITED not in complaint:
            yield "complaint", {"what": complaint}


STORE: tuple[Invariant, ...] = (
    intents_are_settled,
    work_is_done,
    stuck_pairs_are_seen,
    appointments_are_seen,
    the_tenant_does_not_complain,
)
