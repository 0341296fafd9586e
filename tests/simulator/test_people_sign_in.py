"""People sign in: the whole code flow through the real msal, each refusal, each bad token."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import msal
import pytest

from simulator.asgi import application
from simulator.bad_tokens import FAULTS
from simulator.behaviour import IdTokens
from simulator.registration import AppRegistration, Secret
from simulator.sign_in import SignInRefusedError
from simulator.tenant import Tenant
from simulator.transport import TenantHttpClient, TenantTransport
from tests.simulator.tenancy import ADA, APP, BEN, GRAPH, firm

LOGIN = "https://login.microsoftonline.com"
BACK = "http://localhost:8000/sign-in/back"
SECRET = "between us"
ADA_ID = "00000001-0000-4000-8000-000000000000"


class Stepped:
    """The machine's time, which msal takes, and as much later as a test wants."""

    def __init__(self) -> None:
        self.later = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.later


@pytest.fixture
def clock() -> Stepped:
    return Stepped()


@pytest.fixture
def tenant(clock: Stepped) -> Tenant:
    """A tenant whose app sends people back to localhost; Ada is its administrator."""
    made = Tenant.open(clock=clock)
    made.take_in(firm())
    ada = made.directory.user(ADA).id
    made.register_app(
        AppRegistration(
            APP,
            {},
            secrets=(Secret(SECRET),),
            redirect_uris=("http://localhost/sign-in/back", "https://tandem.example/back"),
            app_roles={ada: ("Administrator",)},
        )
    )
    return made


def app_of(tenant: Tenant) -> msal.ConfidentialClientApplication:
    return msal.ConfidentialClientApplication(
        APP,
        client_credential=SECRET,
        authority=f"{LOGIN}/{tenant.id}",
        instance_discovery=False,
        http_client=TenantHttpClient(application(tenant)),
    )


def begun(tenant: Tenant, back: str = BACK) -> tuple[Any, dict[str, Any]]:
    """An app and the flow it has begun; the flow's ``auth_uri`` is for the browser."""
    app = app_of(tenant)
    with warnings.catch_warnings():
        # It would have the code in a form, to which no session's cookie comes along.
        warnings.filterwarnings("ignore", message="response_mode='form_post'")
        flow: dict[str, Any] = app.initiate_auth_code_flow(
            [], redirect_uri=back, prompt="select_account"
        )
    return app, flow


def answer_in(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def changed(url: str, **changes: str | None) -> str:
    """An authorization request with other parameters; None leaves one out."""
    kept: Mapping[str, str | None] = {**answer_in(url), **changes}
    given = {name: value for name, value in kept.items() if value is not None}
    return str(httpx.URL(url.partition("?")[0], params=given))


def browser(tenant: Tenant) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=TenantTransport(application(tenant)))


def redeemed(tenant: Tenant, location: str, **changes: str | None) -> httpx.Response:
    """What the token endpoint says to the code of ``location``, asked without msal."""
    given: Mapping[str, str | None] = {
        "grant_type": "authorization_code",
        "client_id": APP,
        "client_secret": SECRET,
        "redirect_uri": BACK,
        "code": answer_in(location).get("code"),
        **changes,
    }
    form = {name: value for name, value in given.items() if value is not None}
    url = f"{LOGIN}/{tenant.id}/oauth2/v2.0/token"
    return TenantHttpClient(application(tenant)).post(url, data=form)


def refusal(answer: httpx.Response) -> tuple[int, str, int]:
    body = answer.json()
    assert body["error_description"].startswith(f"AADSTS{body['error_codes'][0]}: ")
    return answer.status_code, body["error"], body["error_codes"][0]


async def test_somebody_chooses_who_to_be_and_msal_learns_who_it_is(tenant: Tenant) -> None:
    app, flow = begun(tenant)
    async with browser(tenant) as client:
        page = await client.get(flow["auth_uri"])
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        action = re.search(r'<form method="post" action="([^"]+)"', page.text)
        assert action is not None
        target = page.url.join(action[1].replace("&amp;", "&"))
        chosen = await client.post(target, data={"person": ADA_ID})
    assert chosen.status_code == 303
    location = chosen.headers["location"]
    assert location.startswith(BACK + "?")
    token = app.acquire_token_by_auth_code_flow(flow, answer_in(location))
    claims = token["id_token_claims"]
    assert (claims["oid"], claims["name"], claims["preferred_username"]) == (ADA_ID, "Ada", ADA)
    assert (claims["tid"], claims["aud"], claims["ver"]) == (tenant.id, APP, "2.0")
    assert claims["roles"] == ["Administrator"]
    assert claims["sub"] != ADA_ID
    assert "refresh_token" not in token


def test_the_token_can_be_checked_with_the_published_keys(tenant: Tenant) -> None:
    app, flow = begun(tenant)
    location = tenant.sign_in_as(BEN, flow["auth_uri"])
    token = app.acquire_token_by_auth_code_flow(flow, answer_in(location))["id_token"]
    http = TenantHttpClient(application(tenant))
    config = http.get(f"{LOGIN}/{tenant.id}/v2.0/.well-known/openid-configuration").json()
    [key] = http.get(config["jwks_uri"]).json()["keys"]
    claims = jwt.decode(
        token, jwt.PyJWK(key), algorithms=["RS256"], audience=APP, issuer=config["issuer"]
    )
    assert "roles" not in claims
    assert claims["exp"] - claims["iat"] == 3900


def test_the_same_person_has_another_subject_in_another_app(tenant: Tenant) -> None:
    other = "99999999-2222-4333-8444-555555555555"
    tenant.register_app(replace(tenant.sign_in.apps[APP], client_id=other))
    found = []
    for client_id in (APP, other):
        _, flow = begun(tenant)
        url = changed(flow["auth_uri"], client_id=client_id)
        location = tenant.sign_in_as(ADA, url)
        answer = redeemed(
            tenant, location, client_id=client_id, code_verifier=flow["code_verifier"]
        ).json()
        found.append(jwt.decode(answer["id_token"], options={"verify_signature": False}))
    assert found[0]["oid"] == found[1]["oid"]
    assert found[0]["sub"] != found[1]["sub"]


async def test_the_page_finds_people_without_a_script(tenant: Tenant) -> None:
    _, flow = begun(tenant)
    async with browser(tenant) as client:
        everybody = await client.get(flow["auth_uri"])
        ben = await client.get(
            str(httpx.URL(flow["auth_uri"]).copy_merge_params({"q": "ben BERL"}))
        )
        nobody = await client.get(changed(flow["auth_uri"], login_hint="zebra"))
        hinted = await client.get(changed(flow["auth_uri"], login_hint=ADA))
    assert everybody.text.index("Administrator") < everybody.text.index("<strong>Ben")
    assert "script" not in everybody.text
    assert re.findall("<strong>(.*?)</strong>", ben.text) == ["Ben"]
    assert "Nobody is found" in nobody.text
    assert re.findall("<strong>(.*?)</strong>", hinted.text) == ["Ada"]


async def test_words_of_a_request_are_no_markup(tenant: Tenant) -> None:
    _, flow = begun(tenant)
    async with browser(tenant) as client:
        page = await client.get(changed(flow["auth_uri"], state='"><b>', login_hint="<b>"))
        refused = await client.get(changed(flow["auth_uri"], redirect_uri="<b>"))
    assert "<b>" not in page.text
    assert "<b>" not in refused.text


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"client_id": "22222222-2222-4333-8444-555555555555"}, 700016),
        ({"client_id": None}, 900144),
        ({"redirect_uri": "https://tandem.example/elsewhere"}, 50011),
        ({"redirect_uri": "https://tandem.example:444/back"}, 50011),
        ({"redirect_uri": "http://localhost.evil.example/sign-in/back"}, 50011),
        ({"redirect_uri": None}, 50011),
    ],
)
async def test_nobody_is_sent_anywhere_for_a_stranger(
    tenant: Tenant, changes: dict[str, str | None], number: int
) -> None:
    _, flow = begun(tenant)
    async with browser(tenant) as client:
        for method in ("GET", "POST"):
            page = await client.request(method, changed(flow["auth_uri"], **changes))
            assert (page.status_code, page.headers.get("location")) == (400, None)
            assert f"AADSTS{number}" in page.text


async def test_another_tenant_is_not_this_one(tenant: Tenant) -> None:
    _, flow = begun(tenant)
    async with browser(tenant) as client:
        page = await client.get(flow["auth_uri"].replace(tenant.id, "common"))
    assert (page.status_code, "AADSTS90002" in page.text) == (400, True)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"scope": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ],
)
async def test_the_app_is_told_what_it_asked_for_wrongly(
    tenant: Tenant, changes: dict[str, str | None], error: str
) -> None:
    _, flow = begun(tenant)
    async with browser(tenant) as client:
        sent = await client.get(changed(flow["auth_uri"], **changes))
    told = answer_in(sent.headers["location"])
    assert (sent.status_code, told["error"], told["state"]) == (302, error, flow["state"])
    assert "code" not in told


async def test_who_cancels_is_sent_back_without_a_code(tenant: Tenant) -> None:
    _, flow = begun(tenant)
    async with browser(tenant) as client:
        sent = await client.post(flow["auth_uri"], data={"cancel": "1"})
    told = answer_in(sent.headers["location"])
    assert (told["error"], told["state"], "code" in told) == ("access_denied", flow["state"], False)


def test_a_disabled_account_does_not_sign_in(tenant: Tenant) -> None:
    _, flow = begun(tenant)
    tenant.change_person(BEN, enabled=False)
    with pytest.raises(SignInRefusedError, match="AADSTS50057"):
        tenant.sign_in_as(BEN, flow["auth_uri"])
    location = tenant.sign_in_as(ADA, flow["auth_uri"])
    tenant.change_person(ADA, enabled=False)
    verifier = flow["code_verifier"]
    answer = redeemed(tenant, location, code_verifier=verifier)
    assert refusal(answer) == (400, "invalid_grant", 50057)


def test_a_code_is_good_once(tenant: Tenant) -> None:
    _, flow = begun(tenant)
    location = tenant.sign_in_as(ADA, flow["auth_uri"])
    verifier = flow["code_verifier"]
    assert redeemed(tenant, location, code_verifier=verifier).status_code == 200
    again = redeemed(tenant, location, code_verifier=verifier)
    assert refusal(again) == (400, "invalid_grant", 54005)


def test_a_code_is_good_for_ten_minutes(tenant: Tenant, clock: Stepped) -> None:
    _, flow = begun(tenant)
    codes = [tenant.sign_in_as(ADA, flow["auth_uri"]) for _ in range(2)]
    clock.later = timedelta(minutes=9, seconds=50)
    verifier = flow["code_verifier"]
    assert redeemed(tenant, codes[0], code_verifier=verifier).status_code == 200
    clock.later = timedelta(minutes=10)
    late = redeemed(tenant, codes[1], code_verifier=verifier)
    assert refusal(late) == (400, "invalid_grant", 70008)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"code_verifier": "x" * 43}, (400, "invalid_grant", 501481)),
        ({"code_verifier": None}, (400, "invalid_grant", 501481)),
        ({"code": None}, (400, "invalid_request", 900144)),
        ({"code": "guessed"}, (400, "invalid_grant", 70000)),
        ({"redirect_uri": "https://tandem.example/back"}, (400, "invalid_client", 500112)),
        ({"client_secret": "another"}, (401, "invalid_client", 7000215)),
        ({"client_secret": None}, (401, "invalid_client", 7000218)),
        (
            {"client_id": "22222222-2222-4333-8444-555555555555"},
            (400, "unauthorized_client", 700016),
        ),
        ({"grant_type": "refresh_token"}, (400, "unsupported_grant_type", 70003)),
    ],
)
def test_a_code_is_redeemed_by_its_app_alone(
    tenant: Tenant, changes: dict[str, str | None], told: tuple[int, str, int]
) -> None:
    _, flow = begun(tenant)
    location = tenant.sign_in_as(ADA, flow["auth_uri"])
    given = {"code_verifier": flow["code_verifier"], **changes}
    assert refusal(redeemed(tenant, location, **given)) == told
    # A refusal spends nothing.
    right = redeemed(tenant, location, code_verifier=flow["code_verifier"])
    assert right.status_code == 200


def test_a_code_of_one_app_is_none_for_another(tenant: Tenant) -> None:
    other = "99999999-2222-4333-8444-555555555555"
    tenant.register_app(replace(tenant.sign_in.apps[APP], client_id=other))
    _, flow = begun(tenant)
    location = tenant.sign_in_as(ADA, flow["auth_uri"])
    answer = redeemed(tenant, location, client_id=other, code_verifier=flow["code_verifier"])
    assert refusal(answer) == (400, "invalid_grant", 70000)


async def test_the_access_token_of_a_person_opens_nothing(tenant: Tenant) -> None:
    app, flow = begun(tenant)
    location = tenant.sign_in_as(ADA, flow["auth_uri"])
    token = app.acquire_token_by_auth_code_flow(flow, answer_in(location))["access_token"]
    async with browser(tenant) as client:
        headers = {"Authorization": f"Bearer {token}"}
        answer = await client.get(f"{GRAPH}/users/{ADA}", headers=headers)
    assert answer.status_code == 401


def wrong_with(token: str, tenant: Tenant, nonce: str) -> str:
    """What a careful verifier finds wrong with a token, in PyJWT's own words."""
    [key] = tenant.sign_in.keys()["keys"]
    issuer = tenant.sign_in.issuer(LOGIN)
    try:
        claims = jwt.decode(
            token,
            jwt.PyJWK(key),
            algorithms=["RS256"],
            audience=APP,
            issuer=issuer,
            options={"require": ["exp", "iat", "oid"]},
        )
    except jwt.InvalidTokenError as fault:
        return type(fault).__name__
    return "" if claims["nonce"] == nonce else "nonce"


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ("right", ""),
        ("expired", "ExpiredSignatureError"),
        ("not_yet", "ImmatureSignatureError"),
        ("other_audience", "InvalidAudienceError"),
        ("other_tenant", "InvalidIssuerError"),
        ("other_issuer", "InvalidIssuerError"),
        ("other_nonce", "nonce"),
        ("other_key", "InvalidSignatureError"),
        ("unsigned", "InvalidAlgorithmError"),
        ("hmac", "InvalidAlgorithmError"),
        ("no_person", "MissingRequiredClaimError"),
    ],
)
def test_a_bad_token_has_that_one_thing_wrong(tenant: Tenant, fault: IdTokens, found: str) -> None:
    tenant.behaviour.id_tokens = fault
    _, flow = begun(tenant)
    location = tenant.sign_in_as(ADA, changed(flow["auth_uri"], nonce="once"))
    token = redeemed(tenant, location, code_verifier=flow["code_verifier"]).json()["id_token"]
    assert wrong_with(token, tenant, "once") == found


def test_every_bad_token_has_a_test() -> None:
    assert set(FAULTS) == set(get_args(IdTokens)) - {"right"}
    marks = test_a_bad_token_has_that_one_thing_wrong.pytestmark  # type: ignore[attr-defined]
    assert {row[0] for row in marks[0].args[1]} == set(get_args(IdTokens))


async def test_signing_out_goes_back_to_the_app_and_nowhere_else(tenant: Tenant) -> None:
    http = TenantHttpClient(application(tenant))
    config = http.get(f"{LOGIN}/{tenant.id}/v2.0/.well-known/openid-configuration").json()
    end = config["end_session_endpoint"]
    async with browser(tenant) as client:
        for back, status in ((BACK, 303), ("https://evil.example/", 200), ("", 200)):
            answer = await client.get(end, params={"post_logout_redirect_uri": back})
            assert (answer.status_code, answer.headers.get("location", "")) == (
                status,
                back if status == 303 else "",
            )


def test_codes_survive_the_tenant(tmp_path: Any, clock: Stepped) -> None:
    file = tmp_path / "tenant.sqlite"

    def opened() -> Tenant:
        return Tenant.open(file, clock=clock)

    first = opened()
    first.take_in(firm())
    app = AppRegistration(
        APP, {}, secrets=(Secret(SECRET),), redirect_uris=("http://localhost/sign-in/back",)
    )
    first.register_app(app)
    _, flow = begun(first)
    location = first.sign_in_as(ADA, flow["auth_uri"])
    first.close()
    second = opened()
    verifier = flow["code_verifier"]
    assert redeemed(second, location, code_verifier=verifier).status_code == 200
    assert refusal(redeemed(second, location, code_verifier=verifier))[2] == 54005
    another = second.sign_in_as(ADA, flow["auth_uri"])
    assert answer_in(another)["code"] != answer_in(location)["code"]
    second.close()
