"""A booked pair whose people attend, or not, and answer with the link of a mail they really got."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx

from integrations.attendance_records import KeptVerdict
from integrations.records import Participant, Session, SessionState
from integrations.web.app import asgi_app
from integrations.workflows.app import App
from integrations.workflows.attendance.modes import set_mode
from scheduling.attendance.evidence import EvidenceMode
from simulator.attendance import Way
from simulator.mail import Mail
from simulator.transport import TenantTransport
from tests.support.world import least_rights
from tests.workflows.changes.reconciling import junior, now, senior
from tests.workflows.changes.stage import Stage

URL = "https://tandem.firm.example"
KEY = "a key of the tests that is long enough to sign links"
MINUTE = timedelta(minutes=1)
_LINK = re.compile(rf"{re.escape(URL)}/met/[^\"<\s]+")


@dataclass
class Attending:
    """The pair, its people and the page; ``date`` is the next one."""

    stage: Stage
    app: App
    date: Session
    junior: Participant
    senior: Participant
    began: datetime

    @property
    def end(self) -> datetime:
        """When the date is over."""
        return self.date.end

    async def attends(
        self, person: str, first: float, last: float, *, way: Way = "account", device: str = "pc"
    ) -> None:
        """Let somebody be there from one minute after the start to another."""
        case = await self.stage.case()
        assert case.booking is not None
        assert case.booking.join_url is not None
        start = self.date.start
        self.stage.world.tenant.attend(
            person,
            case.booking.join_url,
            start + first * MINUTE,
            start + last * MINUTE,
            way=way,
            device=device,
        )

    async def verdicts(self) -> list[KeptVerdict]:
        """Every version of the date's verdict."""
        return await self.stage.read(lambda tx: tx.verdicts.of_session(self.date.id))

    async def said(self) -> list[tuple[str, int, str | None]]:
        """Every version in short: word, minutes, kind of evidence."""
        return [(v.verdict, v.minutes, v.kind) for v in await self.verdicts()]

    async def session(self) -> Session:
        """The date as the store has it."""
        return await self.stage.read(lambda tx: tx.sessions.require(self.date.id))

    def questions(self, person: Participant | None = None) -> list[Mail]:
        """The mails with a question about the date, to one person or both."""
        readers = {p.mail.lower() for p in ([person] if person else [self.junior, self.senior])}
        return [
            mail
            for mail in self.stage.world.tenant.mail_log
            if mail.at > self.end and _LINK.search(mail.body) and mail.recipient.lower() in readers
        ]

    def link(self, person: Participant) -> str:
        """The link in the newest question to a person."""
        found = _LINK.search(self.questions(person)[-1].body)
        assert found is not None
        return found[0]

    def report_calls(self) -> int:
        """How many calls for attendance reached the tenant."""
        return sum("attendanceReports" in call.path for call in self.stage.world.tenant.calls)

    def looks(self) -> list[datetime]:
        """When the list of a meeting's reports was asked for, soonest first."""
        return sorted(
            call.at
            for call in self.stage.world.tenant.calls
            if call.path.endswith("/attendanceReports") and not call.in_batch
        )

    async def looks_due(self, pauses: Iterable[timedelta]) -> list[datetime]:
        """When they should have been by now: so long after each date that Teams was to tell of."""
        began, at, pauses = self.began, now(), tuple(pauses)
        sessions = await self.stage.read(lambda tx: tx.sessions.starting(began, at))
        ends = [s.end for s in sessions if s.state is SessionState.SCHEDULED]
        return sorted(end + pause for end in ends for pause in pauses if end + pause <= at)

    def calls_in_looks(self) -> Counter[datetime]:
        """How many calls, envelopes counting once, each look for reports took."""
        calls: Counter[datetime] = Counter(self.looks())
        for envelope in self._envelopes():
            calls[max(look for look in self.looks() if look <= envelope)] += 1
        return calls

    def reads(self) -> int:
        """How often a report, whichever, was read."""
        return sum("/attendanceReports/" in call.path for call in self.stage.world.tenant.calls)

    def _envelopes(self) -> set[datetime]:
        """Batches in which reports were read, told apart by when they arrived."""
        return {
            call.at
            for call in self.stage.world.tenant.calls
            if "/attendanceReports/" in call.path and call.in_batch
        }

    @contextmanager
    def browser(self) -> Iterator[httpx.AsyncClient]:
        """Somebody's browser."""

        async def opened() -> App:
            return self.app

        yield httpx.AsyncClient(transport=TenantTransport(asgi_app(opened)))

    async def answers(self, person: Participant, **form: str) -> httpx.Response:
        """Open the link of the mail, then answer; the page that follows."""
        with self.browser() as browser:
            opened = await browser.get(self.link(person))
            assert opened.status_code == 200
            return await browser.post(self.link(person), data=form, follow_redirects=True)


async def attending(stage: Stage, mode: EvidenceMode = EvidenceMode.TEAMS) -> Attending:
    """Tandem begun with links, under a mode of evidence."""
    reads_reports = mode is EvidenceMode.TEAMS
    stage.world.tenant.register_app(least_rights(stage.world.firm, reads_reports=reads_reports))
    app = await stage.world.begin(public_url=URL, signing_keys=KEY)
    case = await stage.case()
    if mode is not EvidenceMode.SELF_REPORT:
        at = now()
        await app.store.run(
            lambda tx: set_mode(tx, case.program.id, mode, at, people_told=True, by="coordinator")
        )
    first, *_ = await stage.dates()
    return Attending(stage, app, first, await junior(stage), await senior(stage), now())
