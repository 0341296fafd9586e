"""Settings: every fault at once, with variable, value and expectation, and never a secret."""

from __future__ import annotations

import pytest

from integrations.errors import SettingsError
from integrations.settings import Settings

SECRET = "a-password-nobody-may-read"
CONNECTION = f"DefaultEndpointsProtocol=https;AccountKey={SECRET}"

WRONG = {
    "TANDEM_MAILS_PER_MINUTE": ("31", "at most 30"),
    "TANDEM_WORKERS": ("many", "a whole number"),
    "TANDEM_CREDENTIAL": ("password", "'certificate', 'federated' or 'secret'"),
    "TANDEM_AUTHORITY": ("http://login.example", "text like ^https://"),
    "TANDEM_GRAPH_URL": ("graph", "text like ^https?://"),
    "TANDEM_READ_ONLY": ("perhaps", "on or off"),
    "TANDEM_ZONE": ("Atlantis", "an IANA zone such as Europe/London"),
    "TANDEM_CERTIFICATE_FILE": ("/nowhere.pem", "the path of a readable file"),
    "TANDEM_PLAN_SCHEDULE": ("hourly", "six NCRONTAB fields"),
    "TANDEM_WORK_QUEUE": ("No", "text like"),
    "TANDEM_LOG_LEVEL": ("loud", "'debug', 'info', 'warning' or 'error'"),
}


def _faults(environ: dict[str, str]) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environ(environ)
    return caught.value


def test_all_faults_are_told_at_once_with_variable_value_and_expectation() -> None:
    error = _faults({name: value for name, (value, _) in WRONG.items()})
    told = {fault.where: (fault.value, fault.expected) for fault in error.faults}
    assert set(told) == set(WRONG)
    for name, (value, expected) in WRONG.items():
        assert told[name][0] == value
        assert expected in told[name][1]
        assert f"{name}: expected" in str(error)
    assert error.remedy


@pytest.mark.parametrize(("value", "expected"), [("1", "more than 2"), ("2", "more than 2"),
                                                 ("-1", "at least 0")])  # fmt: skip
def test_a_pace_has_room_for_one_write(value: str, expected: str) -> None:
    assert expected in str(_faults({"TANDEM_MAILS_PER_MINUTE": value}))


def test_a_variable_that_tandem_does_not_know_is_a_fault() -> None:
    [fault] = _faults({"TANDEM_MAILS_PER_MINTUE": "3"}).faults
    assert (fault.where, fault.value) == ("TANDEM_MAILS_PER_MINTUE", None)


@pytest.mark.parametrize("value", ["common/../x", "t", "firm.example/", "7b3c1c1e-0000-4000-8000"])
def test_a_tenant_is_named_by_its_id_or_a_domain(value: str) -> None:
    [fault] = _faults({"TANDEM_TENANT_ID": value}).faults
    assert (fault.where, fault.value) == ("TANDEM_TENANT_ID", value)
    for good in ("7B3C1C1E-0000-4000-8000-000000000001", "firm.onmicrosoft.com"):
        assert Settings.from_environ({"TANDEM_TENANT_ID": good}).tenant_id == good


@pytest.mark.parametrize(
    ("credential", "needed"),
    [
        ("certificate", "TANDEM_CERTIFICATE_FILE"),
        ("federated", "TANDEM_MANAGED_IDENTITY"),
        ("secret", "TANDEM_CLIENT_SECRET"),
    ],
)
def test_each_credential_says_what_it_needs(credential: str, needed: str) -> None:
    error = _faults({"TANDEM_CLIENT_ID": "some-id", "TANDEM_CREDENTIAL": credential})
    assert [fault.where for fault in error.faults] == [needed]


def test_a_store_on_a_disk_that_is_lost_is_refused_inside_azure() -> None:
    for environ in ({}, {"TANDEM_STORE_URL": "sqlite:///x.sqlite"}):
        error = _faults({"WEBSITE_INSTANCE_ID": "abc", **environ})
        assert [fault.where for fault in error.faults] == ["TANDEM_STORE_URL"]


def test_no_secret_shows_in_a_message_or_a_repr() -> None:
    secrets = {
        "TANDEM_STORE_URL": f"postgresql://tandem:{SECRET}@db.example/tandem",
        "TANDEM_CLIENT_SECRET": SECRET,
        "TANDEM_QUEUE_CONNECTION": CONNECTION,
    }
    settings = Settings.from_environ(secrets)
    for shown in (
        repr(settings),
        str(settings),
        repr(settings.model_dump()),
        settings.model_dump_json(),
    ):
        assert SECRET not in shown
    error = _faults({**secrets, "TANDEM_WORKERS": "many", "TANDEM_UNKNOWN": SECRET})
    assert SECRET not in str(error) + repr(error) + repr(error.faults)
    assert error.__cause__ is None


def test_empty_variables_count_as_absent() -> None:
    assert Settings.from_environ({"TANDEM_WORKERS": " ", "TANDEM_ZONE": ""}) == Settings()


def test_what_graph_needs_is_asked_for_together() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings().require_tenant()
    assert [fault.where for fault in caught.value.faults] == [
        "TANDEM_TENANT_ID",
        "TANDEM_CLIENT_ID",
        "TANDEM_PROGRAM_MAILBOXES",
    ]


RECEIVER = {
    "TANDEM_OUTBOUND_URL": "https://receiver.firm.example/verdicts",
    "TANDEM_OUTBOUND_HOSTS": "receiver.firm.example, other.example:8443",
    "TANDEM_OUTBOUND_SECRETS": f"whsec_{'QUJD' * 8}, whsec_{'REVG' * 8}",
}


def test_a_receiver_has_a_key_for_each_secret_newest_first() -> None:
    settings = Settings.from_environ(RECEIVER)
    assert settings.outbound_keys == (b"ABC" * 8, b"DEF" * 8)
    assert settings.outbound_hosts == ("receiver.firm.example", "other.example:8443")
    assert settings.outbound_private is False
    assert "QUJD" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("TANDEM_OUTBOUND_URL", "http://receiver.firm.example/", "text like ^https://"),
        ("TANDEM_OUTBOUND_URL", "https://me:word@receiver.firm.example/", "text like ^https://"),
        ("TANDEM_OUTBOUND_URL", "https://receiver.firm.example/?key=1", "text like ^https://"),
        ("TANDEM_OUTBOUND_URL", "https://elsewhere.example/", "a host of TANDEM_OUTBOUND_HOSTS"),
        ("TANDEM_OUTBOUND_URL", "https://other.example/", "a host of TANDEM_OUTBOUND_HOSTS"),
        ("TANDEM_OUTBOUND_HOSTS", "", "a value with TANDEM_OUTBOUND_URL"),
        ("TANDEM_OUTBOUND_SECRETS", "", "a value with TANDEM_OUTBOUND_URL"),
        ("TANDEM_OUTBOUND_SECRETS", "whsec_QUJD", "24 to 64 bytes in Base64"),
    ],
)
def test_a_receiver_that_could_not_be_trusted_is_a_fault(
    name: str, value: str, expected: str
) -> None:
    error = _faults({**RECEIVER, name: value})
    (fault,) = error.faults
    assert fault.where == name
    assert expected in fault.expected
    assert "QUJD" not in str(error)


LINKS = {
    "TANDEM_PUBLIC_URL": "https://tandem.firm.example/app",
    "TANDEM_SIGNING_KEYS": f"{'n' * 32}, {'o' * 40}",
}


def test_personal_links_have_an_address_and_keys_newest_first_that_never_show() -> None:
    settings = Settings.from_environ(LINKS)
    assert settings.link_keys == ("n" * 32, "o" * 40)
    assert "nnn" not in repr(settings) + str(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("TANDEM_PUBLIC_URL", "", "a value with TANDEM_SIGNING_KEYS"),
        ("TANDEM_SIGNING_KEYS", "", "a value with TANDEM_PUBLIC_URL"),
        ("TANDEM_SIGNING_KEYS", SECRET, "keys of at least 32 characters each"),
        ("TANDEM_SIGNING_KEYS", f"{'n' * 32},{SECRET}", "keys of at least 32 characters each"),
        ("TANDEM_PUBLIC_URL", "tandem.firm.example", "text like ^https?://"),
        ("TANDEM_PUBLIC_URL", "http://tandem.firm.example", "an https address; http on this"),
        ("TANDEM_PUBLIC_URL", "http://localhost.firm.example", "an https address; http on this"),
        ("TANDEM_PUBLIC_URL", "http://127.0.0.1.firm.example", "an https address; http on this"),
        ("TANDEM_PUBLIC_URL", f"https://me:{SECRET}@tandem.example", "text like ^https?://"),
        ("TANDEM_PUBLIC_URL", "https://tandem.firm.example?key=1", "text like ^https?://"),
    ],
)
def test_links_need_an_address_that_keeps_them_secret_and_keys_that_are_long(
    name: str, value: str, expected: str
) -> None:
    error = _faults({**LINKS, name: value})
    assert [fault.where for fault in error.faults] == [name]
    assert expected in error.faults[0].expected
    assert SECRET not in str(error) + repr(error) + repr(error.faults)


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:8080"])
def test_on_this_machine_links_may_go_without_encryption(host: str) -> None:
    url = f"http://{host}"
    assert Settings.from_environ({**LINKS, "TANDEM_PUBLIC_URL": url}).public_url == url


def test_the_pairs_pages_stand_under_the_public_address_unless_told_otherwise() -> None:
    links = {**LINKS, "TANDEM_PUBLIC_URL": "https://tandem.firm.example/"}
    assert Settings.from_environ(links).pages_url == "https://tandem.firm.example/pairs"
    own = {**links, "TANDEM_PAGE_URL": "https://intranet.example/together"}
    assert Settings.from_environ(own).pages_url == "https://intranet.example/together"


def test_a_reference_to_key_vault_that_azure_could_not_follow_is_no_value() -> None:
    """Its text stood in place of the signing key, where whoever knows the vault can guess it."""
    reference = (
        "@Microsoft.KeyVault(SecretUri=https://kv-firm.vault.azure.net/secrets/signing-keys)"
    )
    error = _faults(
        {"TANDEM_PUBLIC_URL": "https://tandem.example", "TANDEM_SIGNING_KEYS": reference}
    )
    [fault] = error.faults
    assert (fault.where, fault.value) == ("TANDEM_SIGNING_KEYS", None)
    assert "Key Vault" in fault.expected


def test_signing_in_to_the_store_by_an_identity_needs_one() -> None:
    environ = {"TANDEM_STORE_SIGN_IN": "managed_identity"}
    [fault] = _faults(environ).faults
    assert fault.where == "TANDEM_MANAGED_IDENTITY"
    assert Settings.from_environ({**environ, "TANDEM_MANAGED_IDENTITY": "1b9e"}).store_sign_in
