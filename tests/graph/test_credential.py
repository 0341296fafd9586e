"""Tokens: asked for once, renewed in time, and every refusal told apart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from integrations.errors import (
    CertificateExpiredError,
    OperationNotPermittedError,
    TokenRefusedError,
    UnreachableError,
)
from integrations.graph.credential import BearerTokens, Credential, TokenSource
from integrations.graph.settings import (
    AppCredential,
    CertificateCredential,
    GraphSettings,
    ManagedIdentityCredential,
    SecretCredential,
)
from integrations.runtime import LoopClock, inline
from simulator.asgi import application
from simulator.faults import Fault
from simulator.registration import AppRegistration, FederatedCredential, ManagedIdentity, Secret
from simulator.tenant import Tenant
from simulator.transport import TenantHttpClient
from simulator.virtual_time import run_virtually
from tests.graph.world import BASE, START, Desk, graph_settings
from tests.support.certificates import app_certificate, public_part

CLIENT = "7b3c1c1e-0000-4000-8000-000000000002"


def certificate(last_day: datetime) -> str:
    """Key and certificate of an app registration, good until ``last_day``."""
    return app_certificate(datetime(2020, 1, 1, tzinfo=UTC), last_day)


EXPIRED = certificate(datetime(2026, 9, 6, tzinfo=UTC))
VALID = certificate(datetime(2036, 1, 1, tzinfo=UTC))


def settings(credential: AppCredential, **changes: Any) -> GraphSettings:
    return GraphSettings(
        **{
            "tenant_id": "7b3c1c1e-0000-4000-8000-000000000001",
            "client_id": CLIENT,
            "credential": credential,
            "program_mailboxes": tuple,
            "base_url": BASE,
            "authority": "https://login.example",
            **changes,
        }
    )


def source(desk: Desk, clock: LoopClock, credential: AppCredential | None = None) -> TokenSource:
    given = graph_settings() if credential is None else settings(credential)
    return TokenSource(Credential(given, desk), clock, inline)


def test_one_token_serves_many_calls_and_is_renewed_before_it_expires() -> None:
    async def scenario() -> None:
        desk, clock = Desk(lifetime=3600), LoopClock(START)
        tokens = source(desk, clock)
        got = await asyncio.gather(*(tokens.token() for _ in range(5)))
        assert set(got) == {"token-1"}
        await clock.sleep(timedelta(minutes=54))
        assert await tokens.token() == "token-1"
        await clock.sleep(timedelta(minutes=2))
        assert await tokens.token() == "token-2"
        assert len(desk.asked) == 2

    run_virtually(START, scenario())


def test_a_distrusted_token_is_replaced_once_however_many_calls_saw_it_refused() -> None:
    async def scenario() -> None:
        desk = Desk()
        tokens = source(desk, LoopClock(START))
        old = await tokens.token()
        tokens.distrust(old)
        new = await tokens.token()
        tokens.distrust(old)
        assert await tokens.token() == new == "token-2"

    run_virtually(START, scenario())


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"error": "invalid_client", "error_codes": [7000215]}, "AADSTS7000215"),
        (
            {"error": "invalid_client", "error_description": "AADSTS700016: not found"},
            "AADSTS700016",
        ),
        ({"error": "temporarily_unavailable"}, "temporarily_unavailable"),
    ],
)
def test_a_refusal_carries_the_number_of_entra(answer: dict[str, Any], code: str) -> None:
    async def scenario() -> None:
        desk = Desk(refuse=answer)
        tokens = source(desk, LoopClock(START))
        with pytest.raises(TokenRefusedError) as caught:
            await tokens.token()
        assert caught.value.code == code
        desk.refuse = None
        assert await tokens.token() == "token-1"

    run_virtually(START, scenario())


def test_a_sign_in_service_out_of_reach_is_unreachable() -> None:
    async def scenario() -> None:
        with pytest.raises(UnreachableError):
            await source(Desk(broken=True), LoopClock(START)).token()

    run_virtually(START, scenario())


def test_a_sign_in_service_in_trouble_is_asked_again_when_we_choose() -> None:
    """msal's own error got out, and its memory of the trouble outlived the trouble."""

    async def scenario() -> None:
        tenant = Tenant.open(clock=lambda: START, sign_in_clock=lambda: START)
        tenant.register_app(AppRegistration(CLIENT, {}, secrets=(Secret("s"),)))
        given = settings(SecretCredential(secret="s"), tenant_id=tenant.id)
        credential = Credential(given, TenantHttpClient(application(tenant)))
        tokens = TokenSource(credential, LoopClock(START), inline)
        tenant.faults.plan(Fault("error", path="/oauth2/v2.0/token", status=504))
        with pytest.raises(UnreachableError):
            await tokens.token()
        assert await tokens.token()

    run_virtually(START, scenario())


def test_an_expired_certificate_is_told_before_anybody_is_asked() -> None:
    async def scenario() -> None:
        desk = Desk()
        with pytest.raises(CertificateExpiredError) as caught:
            await source(desk, LoopClock(START), CertificateCredential(pem=EXPIRED)).token()
        assert caught.value.expired_on == date(2026, 9, 6)
        assert desk.asked == []

    run_virtually(START, scenario())


def test_entra_saying_that_the_key_expired_is_an_expired_certificate() -> None:
    refused = {
        "error": "invalid_client",
        "error_description": "AADSTS700027: [Reason - The key used is expired.]",
        "error_codes": [700027],
    }

    async def scenario(answer: dict[str, Any]) -> None:
        tokens = source(Desk(refuse=answer), LoopClock(START), CertificateCredential(pem=VALID))
        await tokens.token()

    with pytest.raises(CertificateExpiredError):
        run_virtually(START, scenario(refused))
    unknown_key = {**refused, "error_description": "AADSTS700027: The key was not found."}
    with pytest.raises(TokenRefusedError, match="AADSTS700027"):
        run_virtually(START, scenario(unknown_key))


def test_a_certificate_without_its_key_is_refused_here() -> None:
    pem = VALID[VALID.index("-----BEGIN CERTIFICATE") :]
    with pytest.raises(TokenRefusedError, match="incomplete_certificate"):
        run_virtually(
            START, source(Desk(), LoopClock(START), CertificateCredential(pem=pem)).token()
        )


def test_tokens_go_to_the_host_of_graph_and_no_other() -> None:
    async def scenario() -> None:
        desk = Desk()
        bearer = BearerTokens(source(desk, LoopClock(START)), BASE)
        with pytest.raises(OperationNotPermittedError):
            await bearer.get_authorization_token("https://elsewhere.example/v1.0/users")
        assert desk.asked == []
        assert await bearer.get_authorization_token(f"{BASE}/users") == "token-1"

    run_virtually(START, scenario())


def in_tenant(
    credential: AppCredential, register: Callable[[Tenant], AppRegistration], client: str = CLIENT
) -> str:
    """The token the simulated tenant gives for ``credential``."""
    tenant = Tenant.open(":memory:", seed=5)
    try:
        tenant.register_app(register(tenant))
        asked = Credential(
            settings(credential, tenant_id=tenant.id, client_id=client),
            TenantHttpClient(application(tenant)),
        )
        return asked.ask(START, None).value
    finally:
        tenant.close()


def test_a_certificate_proves_the_app_with_or_without_its_thumbprint() -> None:
    public = public_part(VALID)
    thumbprint = x509.load_pem_x509_certificate(public.encode()).fingerprint(
        hashes.SHA1()  # noqa: S303 - as Entra shows it
    )

    def app(_: Tenant) -> AppRegistration:
        return AppRegistration(client_id=CLIENT, roles={}, certificates=(public,))

    assert in_tenant(CertificateCredential(pem=VALID), app).count(".") == 2
    named = CertificateCredential(pem=VALID, thumbprint=thumbprint.hex())
    assert in_tenant(named, app).count(".") == 2
    with pytest.raises(TokenRefusedError):
        in_tenant(CertificateCredential(pem=certificate(datetime(2036, 1, 1, tzinfo=UTC))), app)


def test_a_managed_identity_proves_the_app_without_any_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    identity = ManagedIdentity(
        principal_id="99999999-0000-4000-8000-000000000001",
        client_id="99999999-0000-4000-8000-000000000002",
        header="from-the-host",
    )
    # The host tells its identity endpoint so; msal reads it itself.
    monkeypatch.setenv("IDENTITY_ENDPOINT", "https://login.example/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", identity.header)

    def app(tenant: Tenant) -> AppRegistration:
        tenant.register_managed_identity(identity)
        trust = FederatedCredential(subject=identity.principal_id)
        return AppRegistration(client_id=CLIENT, roles={}, federated=(trust,))

    credential = ManagedIdentityCredential(identity_client_id=identity.client_id)
    assert in_tenant(credential, app).count(".") == 2

    def without_trust(tenant: Tenant) -> AppRegistration:
        tenant.register_managed_identity(identity)
        return AppRegistration(client_id=CLIENT, roles={})

    with pytest.raises(TokenRefusedError):
        in_tenant(credential, without_trust)


def test_secrets_and_keys_stay_out_of_what_is_shown() -> None:
    for credential in (SecretCredential(secret="hush"), CertificateCredential(pem=VALID)):
        shown = repr(settings(credential))
        assert "hush" not in shown
        assert "PRIVATE" not in shown


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "http://graph.example/v1.0"},
        {"authority": "http://localhost"},
        {"base_url": "graph.example"},
        {"call_timeout": timedelta(seconds=45)},
    ],
)
def test_settings_that_cannot_be_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        settings(SecretCredential(secret="x"), **changes)


def test_plain_http_is_for_this_machine_alone() -> None:
    local = settings(SecretCredential(secret="x"), base_url="http://localhost:8080/v1.0")
    assert local.base_url == "http://localhost:8080/v1.0"
