"""Reads in envelopes of up to twenty: each item has an outcome of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from kiota_abstractions.request_information import RequestInformation

from integrations.errors import RefusedError, ThrottledError
from integrations.graph import models
from integrations.graph.client import Wire, malformed, throttled, together
from integrations.graph.guard import MOST_IN_BATCH
from integrations.graph.operations import BATCH, Operation
from integrations.graph.refusals import TOO_MANY, TRANSIENT, code_of, error_in, retry_after
from integrations.graph.retry import PassingTroubleError

_ENVELOPES_AT_ONCE = 4
_LOST = 504
"""Status given to an item the envelope did not answer."""


@dataclass(frozen=True, slots=True)
class ItemAnswer:
    """What came back for one item: ``body`` is parsed JSON."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def ok(self) -> bool:
        """Whether the item was answered with yes."""
        return 200 <= self.status < 300

    @property
    def error(self) -> Mapping[str, Any]:
        """Graph's error object, empty if there is none."""
        return error_in(self.body)


async def read_all(
    wire: Wire, operation: Operation, requests: Sequence[RequestInformation]
) -> list[ItemAnswer]:
    """The answers to ``requests``, in their order, however many envelopes they take.

    Only items that were throttled or failed in passing are sent again, after the longest wait
    any of them was asked for. What still fails then is handed over as it is.

    Raises:
        ThrottledError: items stayed throttled, or are to wait longer than the patience lasts.
        GraphError: an envelope as a whole failed.
    """
    chunks = [requests[i : i + MOST_IN_BATCH] for i in range(0, len(requests), MOST_IN_BATCH)]
    answers = await together(
        (_Envelope(wire, operation, chunk).read() for chunk in chunks), at_once=_ENVELOPES_AT_ONCE
    )
    return [answer for part in answers for answer in part]


class _Envelope:
    """Up to twenty requests and what is known of their answers so far."""

    def __init__(
        self, wire: Wire, operation: Operation, requests: Sequence[RequestInformation]
    ) -> None:
        self._wire, self._operation = wire, operation
        self._urls = {str(i): wire.url_in_batch(info) for i, info in enumerate(requests)}
        self._answers: dict[str, ItemAnswer] = {}

    async def read(self) -> list[ItemAnswer]:
        try:
            await self._wire.retries.run(self._round)
        except (ThrottledError, RefusedError):
            if len(self._answers) < len(self._urls) or self._with_status({TOO_MANY}):
                raise
        return [self._answers[key] for key in self._urls]

    async def _round(self) -> None:
        """Send what is open; raises passing trouble while something stays open."""
        open_keys = [k for k in self._urls if not self._is_settled(k)]
        response = await self._wire.send_batch_once(self._body(open_keys))
        try:
            parsed = models.parse_json(models.BatchAnswer, response.content)
        except models.MalformedAnswerError:
            raise malformed(BATCH, response.status_code) from None
        by_id = {
            item.id: ItemAnswer(item.status, item.body, item.headers) for item in parsed.responses
        }
        for key in open_keys:
            self._answers[key] = by_id.get(key, ItemAnswer(_LOST, None, {}))
        self._raise_if_open()

    def _raise_if_open(self) -> None:
        if limited := self._with_status({TOO_MANY}):
            raise throttled(code_of(limited[0].error), self._longest_wait(limited))
        if failed := self._with_status(TRANSIENT):
            error = RefusedError(
                failed[0].status, code_of(failed[0].error), operation=self._operation.name
            )
            raise PassingTroubleError(error, self._longest_wait(failed))

    def _longest_wait(self, answers: Sequence[ItemAnswer]) -> timedelta | None:
        now = self._wire.now()
        waits = [w for a in answers if (w := retry_after(a.headers, now)) is not None]
        return max(waits, default=None)

    def _with_status(self, statuses: frozenset[int] | set[int]) -> list[ItemAnswer]:
        return [answer for answer in self._answers.values() if answer.status in statuses]

    def _is_settled(self, key: str) -> bool:
        answer = self._answers.get(key)
        return answer is not None and answer.status not in {TOO_MANY, *TRANSIENT}

    def _body(self, keys: Sequence[str]) -> bytes:
        prefer = self._operation.prefer
        headers = {} if prefer is None else {"headers": {"Prefer": prefer}}
        items = [
            {"id": key, "method": self._operation.method, "url": self._urls[key], **headers}
            for key in keys
        ]
        return orjson.dumps({"requests": items})
