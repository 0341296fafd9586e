"""All settings, read from the environment in one place and checked together.

``docs/reference/settings.md`` lists them; a test holds the page to this module.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from integrations.errors import Fault, SettingsError
from integrations.language import ENGLISH, LANGUAGES
from integrations.pacing import MailPace
from integrations.signing import key_of

PREFIX = "TANDEM_"
MAILS_PER_WRITE = 2
"""An event write mails both people of a pair."""
_TENANT = re.compile(
    r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|([0-9A-Za-z][0-9A-Za-z-]*\.)+[A-Za-z]{2,}"
)


def _comma_list(value: object) -> object:
    return (
        tuple(v.strip() for v in value.split(",") if v.strip()) if isinstance(value, str) else value
    )


def _on_off(value: object) -> object:
    words = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}
    return words.get(value.strip().lower(), value) if isinstance(value, str) else value


Switch = Annotated[bool, BeforeValidator(_on_off)]
Addresses = Annotated[tuple[str, ...], BeforeValidator(_comma_list)]

_NOWHERE = "https://tandem.invalid"


class Settings(BaseModel):
    """One frozen object, built once in :mod:`integrations.bootstrap`; secrets never show in it.

    A field ``x_y`` is the variable ``TANDEM_X_Y``; its description says what it is for and in
    which unit.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    store_url: SecretStr = Field(
        default=SecretStr("sqlite:///.tandem/tandem.sqlite"),
        description="SQLAlchemy address of the program store; SQLite is refused inside Azure.",
    )
    store_sign_in: Literal["address", "managed_identity"] = Field(
        default="address",
        description="How Tandem signs in to PostgreSQL: with what the address holds, or by a token"
        " of the managed identity.",
    )
    tenant_id: str = Field(
        default="",
        description="Directory (tenant) id of Microsoft Entra ID, or a domain verified in it.",
    )
    client_id: str = Field(default="", description="Application (client) id of the registration.")
    credential: Literal["certificate", "federated", "secret"] = Field(
        default="certificate",
        description="How the registration proves itself; a secret is for trials only.",
    )
    certificate_file: Path | None = Field(
        default=None, description="PEM file with the certificate and its private key."
    )
    client_secret: SecretStr | None = Field(default=None, description="For trials only.")
    managed_identity: str | None = Field(
        default=None,
        description="Client id of the user-assigned identity behind the federated credential.",
    )
    authority: str = Field(
        default="https://login.microsoftonline.com",
        pattern=r"^https://",
        description="Sign-in authority; the tenant id is added to it.",
    )
    graph_url: str = Field(
        default="https://graph.microsoft.com/v1.0",
        pattern=r"^https?://",
        description="Root of Microsoft Graph.",
    )
    ca_file: Path | None = Field(
        default=None, description="PEM file of the authorities to trust instead of the public ones."
    )
    program_mailboxes: Addresses = Field(
        default=(), description="Addresses of the program mailboxes, separated by commas."
    )
    free_busy_reader: Literal["program_mailbox", "own_mailbox"] = Field(
        default="program_mailbox", description="Whose path free/busy is read by."
    )
    outside_mailbox: str | None = Field(
        default=None,
        pattern=r"^[^@\s,]+@[^@\s,]+$",
        description="Address of a mailbox that is no business of Tandem's. `tandem doctor` shows"
        " that its events and attendance are refused. Without it somebody of a pair stands for it.",
    )
    read_only: Switch = Field(
        default=False,
        description="on = look and plan, write nothing to Microsoft Graph, send no verdict.",
    )
    nightly_doctor: Switch = Field(
        default=True,
        description="on = make the checks of `tandem doctor` every night and keep what they find.",
    )
    mails_per_minute: int = Field(
        default=29,
        ge=0,
        le=30,
        description="Most mails a program mailbox sends in any minute, 3 to 30. 0 = no pace.",
    )
    workers: int = Field(default=8, ge=1, le=64, description="Pieces of work done side by side.")
    poll_seconds: int = Field(
        default=30,
        ge=1,
        le=86400,
        description="Longest pause between two looks for work that another process made due.",
    )
    page_url: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="Root of the pairs' pages, linked from the invitation, where they stand"
        " elsewhere than under `/pairs` of the public address.",
    )
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^?#@]+$",
        description="Public address of Tandem's pages, under which personal links are sent."
        " Without it nobody is asked whether they met.",
    )
    teams_app: str | None = Field(
        default=None,
        pattern=r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
        description="Id of Tandem's app in the Teams admin center. With it short news go to the"
        " activity feed of whoever has the app, and to everybody else by mail; without it"
        " everything is mailed.",
    )
    signing_keys: SecretStr | None = Field(
        default=None,
        description="Keys that sign personal links, newest first, separated by commas: each at"
        " least 32 characters. An older one is kept until its links have ended, seven days.",
    )
    webhook_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^?#]+/webhooks/graph$",
        description="Public address of Tandem's webhook, to which Microsoft Graph tells changes.",
    )
    webhooks: Switch = Field(
        default=True,
        description="off = end the subscriptions to changes; sweeps alone find them then. Without"
        " `TANDEM_WEBHOOK_URL` there are none.",
    )
    queue_connection: SecretStr | None = Field(
        default=None,
        description="Connection string of the storage account for wake-ups (Azurite, trials).",
    )
    queue_account_url: str | None = Field(
        default=None,
        pattern=r"^https://",
        description="Queue address of the storage account, used with the managed identity.",
    )
    work_queue: str = Field(
        default="tandem-work",
        pattern=r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$",
        description="Name of the storage queue for wake-ups.",
    )
    plan_schedule: str = Field(
        default="0 0 * * * *", description="NCRONTAB schedule of the planning timer, in UTC."
    )
    work_schedule: str = Field(
        default="0 * * * * *", description="NCRONTAB schedule of the work timer, in UTC."
    )
    sweep_schedule: str = Field(
        default="0 0 * * * *",
        description="NCRONTAB schedule of the timer that sweeps the mailboxes' calendars, in UTC.",
    )
    watch_schedule: str = Field(
        default="0 0 * * * *",
        description="NCRONTAB schedule of the timer that watches people's calendars, in UTC.",
    )
    people_schedule: str = Field(
        default="0 0 * * * *",
        description="NCRONTAB schedule of the timer that checks who has left, in UTC.",
    )
    mail_schedule: str = Field(
        default="0 */5 * * * *",
        description="NCRONTAB schedule of the timer that sends Tandem's own mails, in UTC.",
    )
    renew_schedule: str = Field(
        default="0 15 * * * *",
        description="NCRONTAB schedule of the timer that renews subscriptions, in UTC.",
    )
    attendance_schedule: str = Field(
        default="0 */5 * * * *",
        description="NCRONTAB schedule of the timer that follows sessions that are over, in UTC.",
    )
    outbound_schedule: str = Field(
        default="0 */5 * * * *",
        description="NCRONTAB schedule of the timer that sends verdicts to the webhook, in UTC.",
    )
    outbound_url: str | None = Field(
        default=None,
        pattern=r"^https://[^/?#@]+(/[^?#]*)?$",
        description="Where each verdict is sent, signed. Without it none is.",
    )
    outbound_hosts: Addresses = Field(
        default=(),
        description="Hosts that verdicts may be sent to, `host` or `host:port`, separated by "
        "commas; that of `TANDEM_OUTBOUND_URL` has to be one.",
    )
    outbound_secrets: SecretStr | None = Field(
        default=None,
        description="Secrets that sign what is sent, newest first, separated by commas: each "
        "`whsec_` and 24 to 64 bytes in Base64.",
    )
    outbound_private: Switch = Field(
        default=False,
        description="on = verdicts may go to private and loopback addresses: for trials on one "
        "machine, or a receiver inside the firm's network.",
    )
    telemetry_connection: SecretStr | None = Field(
        default=None,
        description="Connection string of Application Insights, for traces and metrics; needs the"
        " extra `telemetry`.",
    )
    zone: str = Field(
        default="UTC", description="IANA zone of programs that do not name their own."
    )
    language: str = Field(
        default=ENGLISH,
        description="Language of whoever names none that Tandem speaks, and of what two people of"
        f" different languages both read: {' or '.join(LANGUAGES)}.",
    )
    keep_passing_days: int = Field(
        default=30,
        ge=7,
        le=366,
        description="Days that work which is done, claims and sign-ins that are over are kept.",
    )
    keep_settled_days: int = Field(
        default=365,
        ge=90,
        le=3660,
        description="Days after a pair came to rest that its intents, mails, links, orders and"
        " *Needs you* rows are kept; what held somebody up is kept as long after it is over.",
    )
    keep_journal_days: int = Field(
        default=1095,
        ge=365,
        le=3660,
        description="Days that the journal is kept, of pairs and programs that go on always.",
    )
    keep_pairs_days: int = Field(
        default=2555,
        ge=0,
        le=36600,
        description="Days after a pair came to rest that it is kept with its dates, verdicts and"
        " people who are in no other pair. 0 = until somebody erases them.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info",
        description="Least level of Tandem's own log lines; the one that alerts ask for is written"
        " at any level.",
    )

    @field_validator("tenant_id")
    @classmethod
    def _names_a_tenant(cls, value: str) -> str:
        # It becomes a part of addresses: nothing else may stand there.
        if value and _TENANT.fullmatch(value) is None:
            raise ValueError("the id of a directory, or a domain verified in it")
        return value

    @field_validator("certificate_file", "ca_file")
    @classmethod
    def _readable(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError("the path of a readable file")
        return path

    @field_validator("language")
    @classmethod
    def _spoken(cls, value: str) -> str:
        if value not in LANGUAGES:
            raise ValueError(f"one of {', '.join(LANGUAGES)}")
        return value

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("an IANA zone such as Europe/London")
        return value

    @field_validator(
        "plan_schedule",
        "work_schedule",
        "sweep_schedule",
        "watch_schedule",
        "people_schedule",
        "mail_schedule",
        "renew_schedule",
        "attendance_schedule",
        "outbound_schedule",
    )
    @classmethod
    def _six_fields(cls, value: str) -> str:
        if len(value.split()) != 6:
            raise ValueError("six NCRONTAB fields: second minute hour day month weekday")
        return value

    @field_validator("public_url")
    @classmethod
    def _keeps_links_to_itself(cls, value: str | None) -> str | None:
        # A personal link is its reader's key: it never goes over a wire in the clear.
        address = urlsplit(value or "https:")
        if address.scheme != "https" and address.hostname not in _LOOPBACK:
            raise ValueError("an https address; http on this machine alone")
        return value

    @field_validator("signing_keys")
    @classmethod
    def _are_long(cls, value: SecretStr | None) -> SecretStr | None:
        if any(len(key) < _LEAST_KEY for key in _secrets_in(value)):
            raise ValueError(f"keys of at least {_LEAST_KEY} characters each")
        return value

    @field_validator("outbound_secrets")
    @classmethod
    def _are_secrets(cls, value: SecretStr | None) -> SecretStr | None:
        for secret in _secrets_in(value):
            key_of(secret)
        return value

    @field_validator("mails_per_minute")
    @classmethod
    def _room_for_one_write(cls, value: int) -> int:
        if 0 < value <= MAILS_PER_WRITE:
            raise ValueError(f"0 or more than {MAILS_PER_WRITE}")
        return value

    @model_validator(mode="after")
    def _keeps_longest_what_is_counted(self) -> Settings:
        # What is younger would rest on what is gone.
        periods = (self.keep_settled_days, self.keep_journal_days, self.keep_pairs_days or 10**6)
        if sorted(periods) != list(periods):
            names = ("settled", "journal", "pairs")
            wanted = " <= ".join(f"{PREFIX}KEEP_{name.upper()}_DAYS" for name in names)
            raise ValueError(wanted)
        return self

    @property
    def outbound_keys(self) -> tuple[bytes, ...]:
        """The keys behind the secrets of the outbound webhook, newest first."""
        return tuple(map(key_of, _secrets_in(self.outbound_secrets)))

    @property
    def pages_url(self) -> str:
        """Root of the pairs' pages; one that leads nowhere where Tandem has no public address."""
        if self.page_url is not None:
            return self.page_url
        return f"{(self.public_url or _NOWHERE).rstrip('/')}/pairs"

    @property
    def link_keys(self) -> tuple[str, ...]:
        """The keys that sign personal links, newest first."""
        return tuple(_secrets_in(self.signing_keys))

    @property
    def mail_pace(self) -> MailPace | None:
        """What one mail costs its mailbox; None = no pace."""
        if not self.mails_per_minute:
            return None
        return MailPace.within_a_minute(self.mails_per_minute, largest=MAILS_PER_WRITE)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Settings from ``TANDEM_*`` variables; empty ones count as absent.

        Raises:
            SettingsError: every fault at once, without the values of secrets.
        """
        values = {
            name: environ[PREFIX + name.upper()]
            for name in cls.model_fields
            if environ.get(PREFIX + name.upper(), "").strip()
        }
        faults = [
            Fault(name, "a variable that Tandem knows")
            for name in sorted(environ)
            if name.startswith(PREFIX) and name[len(PREFIX) :].lower() not in cls.model_fields
        ]
        faults.extend(_unresolved(values))
        faults.extend(_faults_between(values, environ))
        try:
            settings = cls.model_validate(values)
        except ValidationError as error:
            raise SettingsError(
                [*faults, *(_fault(dict(e), values) for e in error.errors())]
            ) from None
        if faults:
            raise SettingsError(faults)
        return settings

    def require_tenant(self) -> None:
        """Raise what is missing before Microsoft Graph can be spoken to."""
        faults = [
            Fault(PREFIX + name.upper(), "a value, to speak to Microsoft Graph")
            for name in ("tenant_id", "client_id", "program_mailboxes")
            if not getattr(self, name)
        ]
        if faults:
            raise SettingsError(faults)


_LEAST_KEY = 32
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _secrets_in(value: SecretStr | None) -> list[str]:
    return [s.strip() for s in value.get_secret_value().split(",") if s.strip()] if value else []


def _unresolved(values: Mapping[str, str]) -> list[Fault]:
    """Variables for which Azure left the reference in place, because it could not follow it.

    Anybody who knows the vault's name can guess that text: as a signing key it is worth nothing.
    """
    return [
        Fault(PREFIX + name.upper(), "the secret behind the reference to Key Vault")
        for name, value in values.items()
        if value.startswith("@Microsoft.KeyVault(")
    ]


def _faults_between(values: Mapping[str, str], environ: Mapping[str, str]) -> list[Fault]:
    """What is wrong with variables taken together, whatever else is wrong with each."""
    faults = []
    if "outbound_url" in values:
        faults += [
            Fault(PREFIX + name.upper(), f"a value with {PREFIX}OUTBOUND_URL")
            for name in ("outbound_hosts", "outbound_secrets")
            if name not in values
        ]
        host = values["outbound_url"].partition("://")[2].partition("/")[0]
        allowed = [name.strip() for name in values.get("outbound_hosts", host).split(",")]
        if "@" not in host and host not in allowed:
            faults.append(Fault(f"{PREFIX}OUTBOUND_URL", f"a host of {PREFIX}OUTBOUND_HOSTS", host))
    links = ("public_url", "signing_keys")
    faults += [
        Fault(PREFIX + name.upper(), f"a value with {PREFIX}{other.upper()}")
        for name, other in (links, links[::-1])
        if other in values and name not in values
    ]
    credential = values.get("credential", "certificate")
    needed = _NEEDED_BY_CREDENTIAL.get(credential)
    if needed and "client_id" in values and needed not in values:
        faults.append(
            Fault(PREFIX + needed.upper(), f"a value with {PREFIX}CREDENTIAL={credential}")
        )
    by_identity = values.get("store_sign_in") == "managed_identity"
    if by_identity and "managed_identity" not in values:
        faults.append(
            Fault(
                f"{PREFIX}MANAGED_IDENTITY", f"a value with {PREFIX}STORE_SIGN_IN=managed_identity"
            )
        )
    # A function app's own disk is lost with its instance, and a store on it as well.
    if environ.get("WEBSITE_INSTANCE_ID") and values.get("store_url", "sqlite").startswith(
        "sqlite"
    ):
        faults.append(Fault(f"{PREFIX}STORE_URL", "a PostgreSQL address inside Azure"))
    return faults


_NEEDED_BY_CREDENTIAL = {
    "certificate": "certificate_file",
    "federated": "managed_identity",
    "secret": "client_secret",
}
_SECRET = {name for name, f in Settings.model_fields.items() if "SecretStr" in str(f.annotation)}


def _fault(error: dict[str, Any], values: Mapping[str, str]) -> Fault:
    """One of pydantic's findings as variable, expectation and, unless secret, value."""
    name = str(error["loc"][0]) if error["loc"] else ""
    expected = _expected(error)
    if not name:
        return Fault("settings", expected)
    value = values.get(name, "")
    # An address may bear a password, even where none belongs.
    is_shown = value and name not in _SECRET and "@" not in value
    return Fault(PREFIX + name.upper(), expected, value if is_shown else None)


def _expected(error: dict[str, Any]) -> str:
    context = error.get("ctx") or {}
    match error["type"]:
        case "literal_error":
            return str(context["expected"])
        case "int_parsing" | "int_type":
            return "a whole number"
        case "greater_than_equal":
            return f"at least {context['ge']}"
        case "less_than_equal":
            return f"at most {context['le']}"
        case "string_pattern_mismatch":
            return f"text like {context['pattern']}"
        case "bool_parsing" | "bool_type":
            return "on or off"
        case _:
            return str(error["msg"]).removeprefix("Value error, ")
