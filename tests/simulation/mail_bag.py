"""What must hold at the end of a calm of the mails that went out.

Tandem causes two kinds: those that Exchange sends for its writes, and those it sends itself. The
mail log has both; the journal has to have the same.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from simulator.mail import Mail
from tests.simulation.books import Row
from tests.simulation.convergence import Convergence, Found, Invariant

CAP = 2
_OPENS, _CLOSES = time(8), time(18, 30)
# A write may have to be repeated for so long after the moment at which it was allowed.
_LATE = timedelta(minutes=45)
_ON_ITS_WAY = timedelta(minutes=1)
_SHORT_NOTICE = timedelta(hours=24)
_WIDER = timedelta(minutes=30)
_OF_EXCHANGE = ("invitation", "update", "cancellation")
_CAPPED_KINDS = ("move/", "single/")


def ours(calm: Convergence) -> Iterator[Mail]:
    """The mails that Tandem caused, oldest first."""
    boxes = {row["address"].lower() for row in calm.books.mailboxes.values()}
    for place, mail in enumerate(calm.chronicle.tenant.mail_log):
        if place not in calm.chronicle.foreign and mail.sender.lower() in boxes:
            yield mail


def mails_are_those_journalled(calm: Convergence) -> Found:
    """Mails sent are exactly those journalled, person by person and kind by kind.

    Of a message nothing can be read back: a doubt about one is journalled as a doubt. An urgent one
    may then come twice; an ordinary one may be lost, and is never sent again.
    """
    sent: Counter[tuple[str, str]] = Counter(
        (mail.recipient.lower(), mail.kind) for mail in ours(calm)
    )
    journalled: Counter[tuple[str, str]] = Counter()
    doubts: Counter[tuple[str, str]] = Counter()
    repeated: Counter[tuple[str, str]] = Counter()
    urgent = {
        (row["person_id"], row["purpose"], row["data"].get("session"))
        for row in calm.books.outbox
        if row["urgent"]
    }
    for row in calm.books.journal:
        if row["code"] in ("mail", "mail_in_doubt"):
            kind = row["data"]["kind"] if row["data"]["kind"] in _OF_EXCHANGE else "message"
            key = _address(calm, row["person_id"]), kind
            of_code = journalled if row["code"] == "mail" else doubts
            of_code[key] += 1
            about = row["person_id"], row["data"].get("message"), row["session_id"]
            repeated[key] += row["code"] != "mail" and about in urgent
    for key in sorted(sent.keys() | journalled.keys()):
        more = sent[key] - journalled[key]
        if not -doubts[key] <= more <= repeated[key]:
            facts = {"person": key[0], "kind": key[1]}
            name = "mail_not_journalled" if sent[key] > journalled[key] else "mail_not_sent"
            counts = {"sent": sent[key], "journalled": journalled[key], "doubts": doubts[key]}
            yield name, {**facts, **counts}


def _address(calm: Convergence, person_id: str) -> str:
    person = calm.books.people.get(person_id)
    return person_id.lower() if person is None else str(person["mail"]).lower()


def mails_keep_to_the_cap(calm: Convergence) -> Found:
    """At most two capped mails a person and week, by the Mondays of the person's own zone.

    First invitations and what belongs to them, cancellations and urgent notes are exempt.
    """
    intents = {row["id"]: row for row in calm.books.intents}
    booked = _booked_at(calm)
    weeks: defaultdict[tuple[str, date], list[str]] = defaultdict(list)
    for row in calm.books.journal:
        if row["code"] != "mail" or row["person_id"] not in calm.books.people:
            continue
        intent = intents.get(row["intent_id"] or "")
        at = row["at"] if intent is None else intent["sent_at"] or row["at"]
        if not _is_capped(row, intent, booked.get(row["pair_id"] or "")):
            continue
        zone = ZoneInfo(calm.books.people[row["person_id"]]["zone"] or "UTC")
        day = at.astimezone(zone).date()
        what = row["data"]["kind"] if intent is None else intent["key"]
        weeks[row["person_id"], day - timedelta(days=day.weekday())].append(f"{what}@{at:%a%H:%M}")
    for (person_id, monday), mails in weeks.items():
        if len(mails) > CAP:
            facts = {"person": _address(calm, person_id), "week": monday}
            yield "cap_exceeded", {**facts, "mails": mails}


def _booked_at(calm: Convergence) -> dict[str, datetime]:
    """When each pair's present series was complete."""
    return {
        row["pair_id"]: row["at"]
        for row in calm.books.journal
        if row["code"] == "booked" and row["pair_id"]
    }


def _is_capped(row: Row, intent: Row | None, booked_at: datetime | None) -> bool:
    if intent is None:
        return not row["data"].get("urgent", False)
    if booked_at is None or row["at"] <= booked_at:
        return False
    return str(intent["key"]).startswith(_CAPPED_KINDS)


def mails_keep_to_their_hours(calm: Convergence) -> Found:
    """Mails go out from 08:00 to 18:30 on a working day where both people are, or who is left.

    Exempt are first bookings, notes, cancellations at short notice, and a past date put back
    whose series was cut within them: a host that died in between makes it good when it is back.
    """
    booked = _booked_at(calm)
    zones = {row["mail"].lower(): row["zone"] for row in calm.books.people.values() if row["zone"]}
    for mail in ours(calm):
        people = _people_of(calm, mail)
        pair = calm.by_people.get(people)
        if pair is None or mail.kind not in ("update", "cancellation"):
            continue
        first_booked = booked.get(pair["id"])
        if first_booked is None or mail.at <= first_booked:
            continue
        if mail.kind == "cancellation" and _at_short_notice(calm, mail):
            continue
        left = [who for who in people if not calm.chronicle.has_left(who, mail.at)]
        where = sorted({zones[who] for who in left if who in zones})
        if where and not any(_in_time(at, where) for at in (mail.at, *_owed_since(calm, mail))):
            facts = {"to": mail.recipient, "kind": mail.kind, "sent": mail.at, "zones": where}
            yield "mail_out_of_hours", {**facts, "occurrence": mail.occurrence}


_LATENESSES = tuple(part * _LATE / 9 for part in range(10))


def _in_time(at: datetime, zones: list[str]) -> bool:
    return any(_within_hours(at - late, zones) for late in _LATENESSES)


def _owed_since(calm: Convergence, mail: Mail) -> Iterator[datetime]:
    """Since when the past date that a mail puts back was owed."""
    pair = calm.by_people[_people_of(calm, mail)]
    for row in calm.books.intents:
        is_one = row["pair_id"] == pair["id"] and row["kind"] == "date_restored" and row["sent_at"]
        if is_one and mail.kind == "update" and abs(row["sent_at"] - mail.at) <= _ON_ITS_WAY:
            yield row["created_at"]


def _people_of(calm: Convergence, mail: Mail) -> tuple[str, ...]:
    return calm.chronicle.people_of.get(mail.event_id, ())


def _at_short_notice(calm: Convergence, mail: Mail) -> bool:
    """Whether a date that is less than a day away was called off."""
    starts = calm.chronicle.gone_at.get((mail.event_id, mail.at), ())
    return any(start - mail.at < _SHORT_NOTICE + _LATE for start in starts)


def _within_hours(at: datetime, zones: list[str]) -> bool:
    """Whether it is mail hours everywhere; hours that never meet are widened alike."""
    for widening in range(16):
        if _meet(at, zones, widening * _WIDER):
            return _open(at, zones, widening * _WIDER)
    return False


def _meet(at: datetime, zones: list[str], wider: timedelta) -> bool:
    """Whether the mail hours of these zones have a moment in common around this day."""
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    moments = (day + timedelta(minutes=15 * quarter) for quarter in range(-96, 192))
    return any(all(_is_open(one, zone, wider) for zone in zones) for one in moments)


def _open(at: datetime, zones: list[str], wider: timedelta) -> bool:
    return all(_is_open(at, zone, wider) and _works(at, zone, wider) for zone in zones)


def _is_open(at: datetime, zone: str, wider: timedelta) -> bool:
    return _hours_around(at, zone, wider) is not None


def _works(at: datetime, zone: str, wider: timedelta) -> bool:
    day = _hours_around(at, zone, wider)
    return day is not None and day.weekday() < 5


def _hours_around(at: datetime, zone: str, wider: timedelta) -> date | None:
    """The day within whose mail hours an instant lies, where that zone is."""
    place = ZoneInfo(zone)
    local = at.astimezone(place).date()
    for day in (local - timedelta(days=1), local, local + timedelta(days=1)):
        opens = datetime.combine(day, _OPENS, place).astimezone(UTC) - wider
        closes = datetime.combine(day, _CLOSES, place).astimezone(UTC) + wider
        if opens <= at < closes:
            return day
    return None


MAILS: tuple[Invariant, ...] = (
    mails_are_those_journalled,
    mails_keep_to_the_cap,
    mails_keep_to_their_hours,
)
