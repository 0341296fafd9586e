"""Tokens through the real msal, and each refusal with Entra's own number."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import msal
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from simulator.asgi import application
from simulator.faults import Fault
from simulator.registration import (
    AppRegistration,
    FederatedCredential,
    ManagedIdentity,
    Secret,
)
from simulator.tenant import Tenant
from simulator.transport import TenantHttpClient, TenantTransport
from tests.simulator.tenancy import ADA, APP, GRAPH, MONDAY, firm, open_tenancy, registration

SCOPE = ["https://graph.microsoft.com/.default"]
LOGIN = "https://login.microsoftonline.com"
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem_of(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def certificate(starts: datetime, days: int) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tandem")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(_KEY.public_key())
        .serial_number(7)
        .not_valid_before(starts)
        .not_valid_after(starts + timedelta(days=days))
        .sign(_KEY, hashes.SHA256())
    )


def tenant_of(app: AppRegistration) -> Tenant:
    """A tenant whose sign-in goes by the machine's clock, as msal does."""
    tenant = Tenant.open(clock=lambda: MONDAY)
    tenant.take_in(firm())
    tenant.register_app(app)
    return tenant


def confidential(tenant: Tenant, credential: Any, client_id: str = APP) -> dict[str, Any]:
    client = msal.ConfidentialClientApplication(
        client_id,
        client_credential=credential,
        authority=f"{LOGIN}/{tenant.id}",
        instance_discovery=False,
        http_client=TenantHttpClient(application(tenant)),
    )
    answer: dict[str, Any] = client.acquire_token_for_client(SCOPE)
    return answer


def with_certificate(days: int, starts: datetime | None = None) -> tuple[Tenant, dict[str, Any]]:
    made = certificate(starts or datetime.now(UTC) - timedelta(days=1), days)
    pem = made.public_bytes(serialization.Encoding.PEM).decode()
    app = AppRegistration(APP, {"User.Read.All": None}, certificates=(pem,))
    return tenant_of(app), {"private_key": pem_of(_KEY), "public_certificate": pem}


async def test_a_certificate_gives_a_token_that_opens_graph() -> None:
    tenant, credential = with_certificate(days=30)
    token = confidential(tenant, credential)
    assert token["expires_in"] == 3599
    async with httpx.AsyncClient(transport=TenantTransport(application(tenant))) as client:
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        answer = await client.get(f"{GRAPH}/users/{ADA}", headers=headers)
    assert answer.status_code == 200


def test_a_token_says_who_it_is_for_and_can_be_checked_with_the_published_keys() -> None:
    scoped: dict[str, frozenset[str] | None] = {
        "Calendars.ReadWrite": frozenset({ADA}),
        "User.Read.All": None,
    }
    tenant = tenant_of(AppRegistration(APP, scoped, secrets=(Secret("s"),)))
    token = confidential(tenant, "s")["access_token"]
    http = TenantHttpClient(application(tenant))
    keys = http.get(f"{LOGIN}/{tenant.id}/discovery/v2.0/keys").json()["keys"]
    header = jwt.get_unverified_header(token)
    [key] = [key for key in keys if key["kid"] == header["kid"]]
    claims = jwt.decode(
        token, jwt.PyJWK(key), algorithms=["RS256"], audience="https://graph.microsoft.com"
    )
    assert claims["roles"] == ["User.Read.All"]
    assert (claims["appid"], claims["tid"]) == (APP, tenant.id)
    assert claims["iss"] == f"https://sts.windows.net/{tenant.id}/"
    assert claims["exp"] - claims["iat"] == 3599


def test_a_managed_identity_vouches_for_the_app() -> None:
    trust = FederatedCredential(subject="mi-principal")
    tenant = tenant_of(AppRegistration(APP, {"User.Read.All": None}, federated=(trust,)))
    tenant.register_managed_identity(ManagedIdentity("mi-principal", "mi-client", "header"))
    http = TenantHttpClient(application(tenant))

    def assertion() -> str:
        answer = http.get(
            f"{LOGIN}/msi/token",
            params={"resource": "api://AzureADTokenExchange", "api-version": "2019-08-01"},
            headers={"X-IDENTITY-HEADER": "header"},
        ).json()
        assert int(answer["expires_on"]) > datetime.now(UTC).timestamp()
        return str(answer["access_token"])

    assert "access_token" in confidential(tenant, {"client_assertion": assertion})
    refused = http.get(f"{LOGIN}/msi/token", params={"resource": "x"}, headers={})
    assert refused.status_code == 400


def federated_error(trust: FederatedCredential, resource: str) -> int:
    tenant = tenant_of(AppRegistration(APP, {}, federated=(trust,)))
    tenant.register_managed_identity(ManagedIdentity("mi-principal", "mi-client", "header"))
    http = TenantHttpClient(application(tenant))
    answer = http.get(
        f"{LOGIN}/msi/token",
        params={"resource": resource},
        headers={"X-IDENTITY-HEADER": "header"},
    )
    assertion = str(answer.json()["access_token"])
    refused = confidential(tenant, {"client_assertion": lambda: assertion})
    return int(refused["error_codes"][0])


@pytest.mark.parametrize(
    ("trust", "resource", "code"),
    [
        (FederatedCredential("somebody else"), "api://AzureADTokenExchange", 70021),
        (FederatedCredential("mi-principal", "https://x/"), "api://AzureADTokenExchange", 70021),
        (FederatedCredential("mi-principal"), "https://graph.microsoft.com", 700212),
    ],
)
def test_an_assertion_that_matches_no_trust_is_refused(
    trust: FederatedCredential, resource: str, code: int
) -> None:
    assert federated_error(trust, resource) == code


def test_an_expired_certificate_is_refused() -> None:
    tenant, credential = with_certificate(days=1, starts=datetime(2026, 1, 1, tzinfo=UTC))
    refused = confidential(tenant, credential)
    assert refused["error"] == "invalid_client"
    assert refused["error_codes"] == [700027]
    assert "expired" in refused["error_description"]


def test_a_certificate_nobody_registered_and_a_key_not_its_own_are_refused() -> None:
    tenant, credential = with_certificate(days=30)
    forged = {**credential, "private_key": pem_of(_OTHER_KEY)}
    assert confidential(tenant, forged)["error_codes"] == [700027]
    tenant.register_app(AppRegistration(APP, {}, certificates=()))
    assert "not registered" in confidential(tenant, credential)["error_description"]


@pytest.mark.parametrize(
    ("secret", "client_id", "code", "status"),
    [
        ("wrong", APP, 7000215, 401),
        ("old", APP, 7000222, 401),
        ("s", "99999999-0000-4000-8000-000000000000", 700016, 400),
    ],
)
def test_a_wrong_or_old_secret_and_an_unknown_app_have_their_own_numbers(
    secret: str, client_id: str, code: int, status: int
) -> None:
    secrets = (Secret("s"), Secret("old", datetime(2026, 1, 1, tzinfo=UTC)))
    tenant = tenant_of(AppRegistration(APP, {}, secrets=secrets))
    refused = confidential(tenant, secret, client_id)
    assert refused["error_codes"] == [code]
    assert refused["error_description"].startswith(f"AADSTS{code}: ")
    assert {"trace_id", "correlation_id", "timestamp"} <= set(refused)
    assert tenant.calls[-1].status == status


def test_a_tenant_nobody_knows_is_not_discovered() -> None:
    tenant = tenant_of(registration())
    http = TenantHttpClient(application(tenant))
    answer = http.get(f"{LOGIN}/other.example/v2.0/.well-known/openid-configuration")
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [90002])


def test_a_planned_refusal_meets_the_sign_in_once() -> None:
    tenant = tenant_of(AppRegistration(APP, {}, secrets=(Secret("s"),)))
    tenant.faults.plan(Fault("token_refused"))
    assert confidential(tenant, "s")["error"] == "invalid_client"
    assert "access_token" in confidential(tenant, "s")


async def test_graph_refuses_a_token_that_is_missing_forged_expired_or_for_others() -> None:
    tenancy = open_tenancy()
    good = tenancy.client.headers["Authorization"]
    forged = jwt.encode(
        {"aud": "https://graph.microsoft.com", "appid": APP, "exp": 4102444800},
        _KEY,
        algorithm="RS256",
    )
    for header in ("", "Bearer ", "Bearer x.y.z", f"Bearer {forged}"):
        answer = await tenancy.client.get(f"{GRAPH}/users", headers={"Authorization": header})
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"
        assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert (await tenancy.client.get(f"{GRAPH}/users")).status_code == 200
    tenancy.clock.advance(timedelta(seconds=3600))
    late = await tenancy.client.get(f"{GRAPH}/users", headers={"Authorization": good})
    assert (late.status_code, "expired" in late.text) == (401, True)


async def test_a_token_for_another_audience_does_not_open_graph() -> None:
    tenancy = open_tenancy()
    http = TenantHttpClient(application(tenancy.tenant))
    token = http.post(
        f"{LOGIN}/{tenancy.tenant.id}/oauth2/v2.0/token",
        data={
            "grant_type": "client_credentials",
            "client_id": APP,
            "client_secret": "between us",
            "scope": "https://vault.azure.net/.default",
        },
    ).json()["access_token"]
    answer = await tenancy.client.get(
        f"{GRAPH}/users", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 401


def asserted(claims: dict[str, Any], algorithm: str = "PS256") -> httpx.Response:
    """The answer to a certificate assertion that says what ``claims`` changes."""
    tenant, credential = with_certificate(days=30)
    made = x509.load_pem_x509_certificate(credential["public_certificate"].encode())
    now = int(datetime.now(UTC).timestamp())
    endpoint = f"{LOGIN}/{tenant.id}/oauth2/v2.0/token"
    said = {"aud": endpoint, "iss": APP, "sub": APP, "nbf": now, "exp": now + 600, **claims}
    thumbprint = base64.urlsafe_b64encode(made.fingerprint(hashes.SHA256())).decode()
    assertion = jwt.encode(said, _KEY, algorithm, headers={"x5t#S256": thumbprint})
    return TenantHttpClient(application(tenant)).post(
        endpoint,
        data={
            "grant_type": "client_credentials",
            "client_id": APP,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
            "scope": SCOPE[0],
        },
    )


@pytest.mark.parametrize("algorithm", ["PS256", "RS256"])
def test_both_signatures_of_a_certificate_are_taken(algorithm: str) -> None:
    assert asserted({}, algorithm).status_code == 200


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": 1700000000}, 700024),
        ({"nbf": 4000000000, "exp": 4000000600}, 700024),
        ({"aud": f"{LOGIN}/common/oauth2/v2.0/token"}, 700212),
        ({"sub": "somebody else"}, 700030),
        ({"iss": "somebody else"}, 700213),
    ],
)
def test_an_assertion_out_of_date_for_others_or_by_others_is_refused(
    claims: dict[str, Any], code: int
) -> None:
    answer = asserted(claims)
    assert answer.status_code == 401
    assert answer.json()["error_codes"] == [code]
