"""What another system is told of a verdict: version 1 of the message, and its schema.

A member is never removed, renamed or given another meaning within a version; new ones may be added.
``docs/reference/outbound-webhook.md`` explains it, ``docs/reference/verdict-v1.schema.json`` is
written from here; tests hold both to this module.
"""

from __future__ import annotations

from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from integrations.attendance_records import KeptVerdict
from integrations.records import Pair, Session
from scheduling.attendance.evidence import EvidenceKind, VerdictKind


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class VerdictData(_Part):
    """One version of the verdict on one session."""

    key: str = Field(description="Session and version: the same verdict has the same key.")
    program: str = Field(description="Tandem's id of the program.")
    pair: str = Field(description="Tandem's id of the pair.")
    roster_id: str | None = Field(description="The firm's own id of the pair, from its roster.")
    session: str = Field(description="Tandem's id of the session.")
    starts_at: AwareDatetime = Field(description="When the session was to begin, in UTC.")
    ends_at: AwareDatetime = Field(description="When it was to end, in UTC.")
    version: int = Field(ge=1, description="1, 2, …; the highest one of a session is in force.")
    verdict: VerdictKind = Field(description="What became of the session.")
    minutes_together: int = Field(ge=0, description="Minutes the two were together.")
    evidence: EvidenceKind | None = Field(description="What the verdict rests on; null: nothing.")
    reasons: tuple[str, ...] = Field(description="Codes of why, the weightiest first.")


class VerdictMessage(_Part):
    """A message of the outbound webhook."""

    type: Literal["session.verdict"] = "session.verdict"
    schema_version: Literal[1] = 1
    timestamp: AwareDatetime = Field(description="When the verdict was made, in UTC.")
    data: VerdictData


def message_id(verdict: KeptVerdict) -> str:
    """The ``webhook-id`` of a verdict version: always the same, and without a full stop."""
    return "msg_" + uuid5(NAMESPACE_URL, f"tandem:verdict:{verdict.key}").hex


def message_of(verdict: KeptVerdict, session: Session, pair: Pair) -> bytes:
    """The body of the message: the same each time it is sent."""
    message = VerdictMessage(
        timestamp=verdict.at,
        data=VerdictData(
            key=verdict.key,
            program=pair.program_id,
            pair=pair.id,
            roster_id=pair.roster_id,
            session=session.id,
            starts_at=session.start,
            ends_at=session.end,
            version=verdict.version,
            verdict=VerdictKind(verdict.verdict),
            minutes_together=verdict.minutes,
            evidence=EvidenceKind(verdict.kind) if verdict.kind else None,
            reasons=tuple(str(reason["code"]) for reason in verdict.reasons),
        ),
    )
    return message.model_dump_json().encode()


def schema() -> dict[str, Any]:
    """The message as JSON Schema, draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **VerdictMessage.model_json_schema(mode="serialization"),
    }
