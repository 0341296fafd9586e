"""Doctor says when the app's proof ends, and leaves one alone that was made for a command."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from integrations.graph.credential import Credential
from integrations.graph.rights import AppRights
from integrations.graph.settings import AppCredential, CertificateCredential
from integrations.ports import Access
from integrations.workflows.doctor import Finding
from integrations.workflows.doctor.access import credential_check
from simulator.virtual_time import run_virtually
from tests.graph.world import START, Circumstances, graph_settings
from tests.support.certificates import app_certificate

DAY = timedelta(days=1)
TODAY = START.date()


def _certificate(ends: date, made_for: timedelta) -> Access:
    return Access(proof="certificate", proof_ends_on=ends, proof_made_for=made_for)


@pytest.mark.parametrize(
    ("access", "finding", "words"),
    [
        (_certificate(TODAY + 31 * DAY, 365 * DAY), Finding.WELL, "ends on"),
        (_certificate(TODAY + 30 * DAY, 365 * DAY), Finding.WRONG, "30 days from now"),
        (_certificate(TODAY + 1 * DAY, 365 * DAY), Finding.WRONG, "1 days from now"),
        (_certificate(TODAY + 1 * DAY, DAY), Finding.WELL, "for this command alone"),
        (Access(proof="federated"), Finding.WELL, "a managed identity"),
        (Access(proof="secret"), Finding.UNTRIED, "a secret is for trials"),
    ],
)
def test_the_end_of_a_proof_is_said_thirty_days_before(
    access: Access, finding: Finding, words: str
) -> None:
    """A certificate for a day is what infra/operate.sh proves itself by: doctor asked for another
    whenever it was run in that way."""
    found = credential_check(access, TODAY)
    assert found.finding is finding
    assert words in found.words
    assert ("Upload a new certificate" in found.remedy) == (finding is Finding.WRONG)


class _Wire:
    """What rights ask of the way to Graph, for an app that proves itself by a certificate."""

    def __init__(self, credential: AppCredential) -> None:
        made = Credential(graph_settings(Circumstances(credential=credential)))
        self.proof, self.proof_ends_on, self.proof_made_for = (
            made.proof,
            made.ends_on,
            made.made_for,
        )

    async def fresh_token(self) -> str:
        """A token that nobody can read."""
        return "opaque"


def test_how_long_a_certificate_holds_is_read_from_it() -> None:
    pem = app_certificate(START - DAY / 24, START + DAY - DAY / 24)
    rights = AppRights(_Wire(CertificateCredential(pem=pem)))  # type: ignore[arg-type]
    access = run_virtually(START, rights.access())
    ends = (START + DAY - DAY / 24).date()
    assert (access.proof, access.proof_ends_on, access.proof_made_for) == (
        "certificate",
        ends,
        DAY,
    )
