"""What a queue message says: a kind of work and the id of its row, and nothing else."""

from __future__ import annotations

import json
import re

from integrations.ports import WakeUp

_KIND = re.compile(r"[a-z][a-z_]{0,39}")
_WORK_ID = re.compile(r"[0-9a-f]{32}")


def to_message(wake_up: WakeUp) -> str:
    """The text of a queue message."""
    return json.dumps({"kind": wake_up.kind, "id": wake_up.work_id})


def from_message(body: bytes) -> WakeUp:
    """The wake-up in a message's body, after the transport's Base64 was taken off.

    Anybody who may write to the storage account may write anything: only a kind and an id of
    the form that Tandem gives them are let through, so both may be logged and journalled.

    Raises:
        ValueError: it is none of ours.
    """
    try:
        message = json.loads(body)
        kind, work_id = message["kind"], message["id"]
        if _KIND.fullmatch(kind) and _WORK_ID.fullmatch(work_id):
            return WakeUp(kind, work_id)
    except (TypeError, KeyError, ValueError, RecursionError):
        pass
    raise ValueError("not a wake-up of ours")
