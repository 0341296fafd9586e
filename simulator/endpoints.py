"""How promptly endpoints answer, and what Graph does to those that do not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

from simulator.behaviour import Behaviour
from simulator.storage import Storage

State = Literal["prompt", "slow", "dropped"]
_MINUTES_JUDGED = 10


@dataclass(slots=True)
class Endpoint:
    """Answers of the last minutes, late ones and all, by minute since 1970.

    Nothing is told before ``dropped_until``.
    """

    answers: dict[int, int] = field(default_factory=dict)
    late: dict[int, int] = field(default_factory=dict)
    dropped_until: datetime | None = None

    @classmethod
    def from_document(cls, doc: dict[str, Any]) -> Endpoint:
        """The endpoint that storage kept."""
        until = doc["dropped_until"]
        return cls(
            {int(minute): count for minute, count in doc["answers"].items()},
            {int(minute): count for minute, count in doc["late"].items()},
            datetime.fromisoformat(until) if until else None,
        )


class Endpoints:
    """Every endpoint by scheme, host and path; all subscriptions that name it share its fate."""

    def __init__(self, storage: Storage, behaviour: Behaviour) -> None:
        self._storage, self._behaviour = storage, behaviour
        self._by_address = {
            key: Endpoint.from_document(doc) for key, doc in storage.documents("endpoint")
        }

    def state(self, url: str, now: datetime) -> State:
        """How the endpoint is to be treated now."""
        endpoint = self._by_address.get(_address(url))
        if endpoint is None:
            return "prompt"
        if endpoint.dropped_until is not None and now < endpoint.dropped_until:
            return "dropped"
        return "slow" if self._late_share(endpoint, now) > self._behaviour.slow_above else "prompt"

    def back_at(self, url: str) -> datetime | None:
        """When a dropped endpoint is told something again."""
        endpoint = self._by_address.get(_address(url))
        return None if endpoint is None else endpoint.dropped_until

    def answered(self, url: str, now: datetime, *, late: bool) -> None:
        """Note an answer, or that none came in time."""
        endpoint = self._by_address.setdefault(_address(url), Endpoint())
        minute = _minute(now)
        endpoint.answers = _recent(endpoint.answers, minute)
        endpoint.late = _recent(endpoint.late, minute)
        endpoint.answers[minute] = endpoint.answers.get(minute, 0) + 1
        if late:
            endpoint.late[minute] = endpoint.late.get(minute, 0) + 1
        if self._late_share(endpoint, now) > self._behaviour.drop_above:
            # It begins anew afterwards, or it would never be told anything again.
            endpoint.dropped_until = now + self._behaviour.drop_for
            endpoint.answers, endpoint.late = {}, {}
        self._storage.put("endpoint", _address(url), endpoint)

    def _late_share(self, endpoint: Endpoint, now: datetime) -> float:
        """Late answers of a hundred; 0 while there are too few to judge by."""
        minute = _minute(now)
        answers = sum(_recent(endpoint.answers, minute).values())
        if answers < max(self._behaviour.answers_before_judging, 1):
            return 0.0
        return 100 * sum(_recent(endpoint.late, minute).values()) / answers


def _address(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _minute(now: datetime) -> int:
    return (now.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(minutes=1)


def _recent(counts: dict[int, int], minute: int) -> dict[int, int]:
    return {at: count for at, count in counts.items() if minute - _MINUTES_JUDGED < at <= minute}
