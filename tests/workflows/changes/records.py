"""Records of one pair made from a pair view, in an empty store."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar, cast

from integrations.ports import Clock, Graph, Queue, Transaction
from integrations.records import (
    Mailbox,
    Need,
    Pair,
    Participant,
    Program,
    Rule,
)
from integrations.runtime import Immortal, inline
from integrations.store import SqlStore
from integrations.workflows.app import App, Options
from integrations.workflows.changes.case import load_pair
from integrations.workflows.changes.keep import NO_EVENTS, Change
from integrations.workflows.changes.views import pair_view
from integrations.workflows.rulebook.rules import ProgramRule
from scheduling.changes.views import Member, PairView, Standing

T = TypeVar("T")


class Desk:
    """A store with one pair in it, and an app that reaches nothing but that store."""

    def __init__(self, url: str) -> None:
        self.store = SqlStore(url, offload=inline, life=Immortal())
        self.app = App(
            store=self.store,
            graph=cast("Graph", None),
            clock=cast("Clock", None),
            offload=inline,
            queue=cast("Queue", None),
            chance=random.Random(1),
            options=Options(),
            holder="test",
        )

    def run(self, work: Callable[[Transaction], T]) -> T:
        """One transaction."""
        return asyncio.run(self.store.run(work))

    def view(self) -> PairView:
        """The pair as the store has it."""
        return self.run(lambda tx: pair_view(load_pair(tx, "p", default_zone="UTC")))

    def hold(self, view: PairView, now: datetime) -> None:
        """Have the store hold this pair and nothing else."""

        def work(tx: Transaction) -> None:
            self._people(tx, view, now)
            before = tx.pairs.get("p")
            if before is not None:
                for session in tx.sessions.of_pair("p"):
                    tx.sessions.remove(session.id)
                for need in tx.needs.all():
                    tx.needs.remove(need.id)
            tx.pairs.put(_bare(view))
            case = load_pair(tx, "p", default_zone="UTC")
            Change(case, pair_view(case), view).write(tx, NO_EVENTS, new_rule=False)
            for key in view.needs:
                code = key.partition(":")[0]
                tx.needs.raise_once(
                    Need(id=f"need-{key}", key=key, pair_id="p", code=code, raised_at=now)
                )

        self.run(work)

    def _people(self, tx: Transaction, view: PairView, now: datetime) -> None:
        rule = ProgramRule(
            cadence=view.rule,
            mode=view.mode,
            senior_first_days=view.senior_first_days,
            ends_on=view.program_end,
        )
        tx.programs.put(Program(id="g", name="Program", zone="UTC"))
        tx.mailboxes.put(Mailbox(id="box", address="program@firm.example"))
        tx.mailboxes.put(Mailbox(id="another box", address="program-2@firm.example"))
        version = Rule(
            id="g.1",
            program_id="g",
            version=1,
            body=rule.to_body(),
            created_at=now - timedelta(days=90),
        )
        for other in tx.rules.all():
            if other.id != "g.1":
                tx.pairs.put(_bare(view))
                tx.rules.remove(other.id)
        tx.rules.put(version)
        tx.participants.put_many([_participant(m) for m in view.members])


def _participant(member: Member) -> Participant:
    return Participant(
        id=member.id,
        directory_id=f"d-{member.id}",
        mail=f"{member.id}@firm.example",
        name=member.id.title(),
        zone=member.zone,
        enabled=member.standing is not Standing.DISABLED,
        gone=member.standing is Standing.LEFT,
        guest=member.standing is Standing.EXTERNAL,
    )


def _bare(view: PairView) -> Pair:
    return Pair(
        id="p",
        program_id="g",
        mentor_id=view.mentor.id,
        mentee_id=view.mentee.id,
        start_date=view.start_date,
        mailbox_id="box",
        rule_id="g.1",
        windows_from=view.start_date,
        said=tuple(sorted(view.said)),
    )


def without_evidence(view: PairView) -> PairView:
    """The view as far as a store without verdicts tells it."""
    held = [s for s in view.sessions if s.held]
    last = max((view.day_of(s.span.start) for s in held), default=None)
    return replace(view, last_on_record=last, evidence_readable=False)
