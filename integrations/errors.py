"""Errors of everything that does input or output.

IntegrationError                  what went wrong and what to do about it: .remedy
├── SettingsError                 .faults: every wrong variable at once
├── RosterError                   .faults: every wrong cell at once; nothing was imported
├── StoreError
│   ├── StoreMissingError
│   ├── StoreUnreachableError     the database server does not answer, or lets nobody in
│   ├── StoreLockedError
│   ├── StoreReadOnlyError
│   ├── StoreFullError
│   ├── StoreOutdatedError        migrations are missing
│   └── StoreNewerError           .required .revision: this code is too old for the store
├── GraphError
│   ├── UnreachableError          no answer, and nothing can have been written
│   ├── OutcomeUnknownError       no clear answer to a write: it may have happened
│   ├── ThrottledError            .retry_after
│   ├── RefusedError              .status .code: the answer was no
│   │   ├── MailboxGoneError      no mailbox is there to be asked
│   │   ├── NotFoundError
│   │   ├── ChangedMeanwhileError  412
│   │   └── DuplicateError        .existing_id
│   └── TokenError
│       ├── TokenRefusedError     .code: Entra's AADSTS number
│       └── CertificateExpiredError  .expired_on
├── SignInFailedError             .code: why nobody is signed in
├── NotPossibleError              what was asked for does not exist or cannot be done
├── OperationNotPermittedError    .method .path: not in the table of operations
├── NoPermitError                 .retry_at: the mailbox is in use or asked us to wait
├── NotTakenError                 .code .status .retry_after: the outbound webhook was not taken
├── ClaimLostError                somebody else works on this now
└── ReadOnlyModeError             writing is switched off
    └── WritingStoppedError       somebody stopped all writing for now
        └── DecommissionedError   nothing is booked from this installation again
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from integrations.language import N_


class IntegrationError(Exception):
    """Root of this tree. ``remedy`` says in one sentence what would help."""

    remedy: str = ""

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        if remedy is not None:
            self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with what was handed in. ``value`` is left out where it is secret.

    ``expected`` may name a ``day``, as ISO 8601 has it and commands take it; pages say it in words.
    """

    where: str
    expected: str
    value: str | None = None
    day: date | None = None

    def __str__(self) -> str:
        got = "" if self.value is None else f", got {self.value!r}"
        return f"{self.where}: expected {self.expected}{got}"


class FaultsError(IntegrationError):
    """Something handed in is wrong in one or more places, all of which are named."""

    def __init__(self, faults: Sequence[Fault], *, remedy: str | None = None) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults), remedy=remedy)


class SettingsError(FaultsError):
    """Environment variables that cannot be used."""

    remedy = N_("Correct the variables named; docs/reference/settings.md lists them all.")


class RosterError(FaultsError):
    """Cells of a roster that cannot be used; nothing of the roster was imported."""

    remedy = N_(
        "Correct the cells named and import again; `tandem import --template` shows the form."
    )


class SignInFailedError(IntegrationError):
    """Somebody came back from the sign-in service and is not signed in; ``code`` says why."""

    remedy = N_("Sign in once more; if it stays so, tell whoever looks after Tandem in your firm.")

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"signing in failed: {code}")


class NotPossibleError(IntegrationError):
    """What somebody asked for does not exist, or cannot be done now; nothing was changed."""


class StoreError(IntegrationError):
    """The program store cannot be used."""


class StoreMissingError(StoreError):
    """There is no store at the address given."""

    remedy = N_("Create it with `tandem db upgrade`, or correct TANDEM_STORE_URL.")


class StoreUnreachableError(StoreError):
    """The database server does not answer, or does not let us in."""

    remedy = N_("Check that the server runs and that TANDEM_STORE_URL has its address and account.")


class StoreLockedError(StoreError):
    """Somebody else holds the store's lock for too long."""

    remedy = N_("Close other programs that have the store open and try again.")


class StoreReadOnlyError(StoreError):
    """The store may be read but not written."""

    remedy = N_("Give this account write permission on the store and its folder.")


class StoreFullError(StoreError):
    """There is no room left where the store lives."""

    remedy = N_("Free disk space; nothing that was reported as done is lost.")


class StoreOutdatedError(StoreError):
    """The store's tables are older than this code."""

    remedy = N_("Run `tandem db upgrade`.")


class StoreNewerError(StoreError):
    """The store asks for newer code than this."""

    remedy = N_("Deploy the newer version of Tandem; this one must not write to the store.")

    def __init__(self, required: int, revision: int) -> None:
        self.required, self.revision = required, revision
        super().__init__(f"the store needs code revision {required}, this is {revision}")


class GraphError(IntegrationError):
    """Microsoft Graph did not do what was asked."""


class UnreachableError(GraphError):
    """No answer came, and nothing can have been written."""

    remedy = N_("Check the network path to Microsoft 365 and try again; nothing was changed.")


class OutcomeUnknownError(GraphError):
    """A write got no clear answer; it may have happened and has to be read back."""

    remedy = N_("Run the command again; Tandem reads back what happened before it writes.")


class ThrottledError(GraphError):
    """The service asked us to wait."""

    remedy = N_("Wait; Tandem goes on by itself after the time asked for.")

    def __init__(self, retry_after: timedelta, *, code: str = "") -> None:
        self.retry_after, self.code = retry_after, code
        super().__init__(f"throttled, asked to wait {retry_after.total_seconds():.0f} s")


_SERVER_ERROR = 500


class RefusedError(GraphError):
    """The answer was no: ``status`` and Graph's ``code`` say why."""

    def __init__(self, status: int, code: str, *, operation: str = "", remedy: str = "") -> None:
        self.status, self.code, self.operation = status, code, operation
        super().__init__(
            f"{operation or 'Graph'} answered {status} {code or '(no code)'}", remedy=remedy
        )

    @property
    def passes(self) -> bool:
        """Whether it is trouble of the service's own, after which nobody has to mend anything."""
        return self.status >= _SERVER_ERROR


class MailboxGoneError(RefusedError):
    """The account has no mailbox, or there is no such account: nothing is known of its items."""


class NotFoundError(RefusedError):
    """The thing asked for is not there (404, 410)."""


class ChangedMeanwhileError(RefusedError):
    """The thing was changed since it was read (412)."""


class DuplicateError(RefusedError):
    """It exists already (409, or 400 ErrorDuplicateTransactionId): read it back."""

    def __init__(
        self, status: int, code: str, *, operation: str = "", existing_id: str | None = None
    ) -> None:
        self.existing_id = existing_id
        super().__init__(status, code, operation=operation)


class TokenError(GraphError):
    """No access token could be had."""


class TokenRefusedError(TokenError):
    """Entra refused the credential; ``code`` is its AADSTS number or error word."""

    remedy = N_("Check tenant id, client id and credential of the app registration.")

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"Entra ID refused the credential ({code})")


class CertificateExpiredError(TokenError):
    """The certificate of the app registration is past its last day."""

    remedy = N_("Upload a new certificate to the app registration and point Tandem to it.")

    def __init__(self, expired_on: date) -> None:
        self.expired_on = expired_on
        super().__init__(f"the certificate expired on {expired_on:%Y-%m-%d}")


class OperationNotPermittedError(IntegrationError):
    """A call that is not in the table of permitted operations; it did not leave."""

    remedy = N_("This is a fault in Tandem: report it. Nothing was sent.")

    def __init__(self, method: str, path: str) -> None:
        self.method, self.path = method, path
        super().__init__(f"{method} {path} is not a permitted Graph operation")


class NoPermitError(IntegrationError):
    """The mailbox is in use by others, or asked us to wait, until about ``retry_at``."""

    remedy = N_("Try again in a minute; a process that died keeps the mailbox to itself that long.")

    def __init__(self, retry_at: datetime) -> None:
        self.retry_at = retry_at
        super().__init__(f"no permit for the mailbox before {retry_at:%Y-%m-%dT%H:%M:%SZ}")


class ClaimLostError(IntegrationError):
    """The claim on this piece of work ran out or went to somebody else."""


class ReadOnlyModeError(IntegrationError):
    """Writing to Graph is switched off."""

    remedy = N_("Switch writing on again with TANDEM_READ_ONLY=off.")


class WritingStoppedError(ReadOnlyModeError):
    """Somebody stopped all writing; what would have been written waits."""

    remedy = N_("Let writing go on: on the page *Stop all writing*, or by `tandem writing go-on`.")


class DecommissionedError(WritingStoppedError):
    """This installation was taken away, or is being: it books and subscribes to nothing."""

    remedy = N_("It is meant so. To begin anew, set up an installation with an empty store.")


class NotTakenError(IntegrationError):
    """A message of the outbound webhook was not taken by its receiver, or did not leave at all.

    ``code`` is ``not_allowed``, ``private_address``, ``no_address``, ``unreachable``,
    ``certificate``, ``timeout`` or ``refused``; with the last, ``status`` is the answer's.
    """

    remedy = N_(
        "Look whether the receiver answers 2xx within ten seconds at TANDEM_OUTBOUND_URL, and "
        "whether its host is in TANDEM_OUTBOUND_HOSTS; it is tried again by itself."
    )

    def __init__(
        self, code: str, *, status: int | None = None, retry_after: timedelta | None = None
    ) -> None:
        self.code, self.status, self.retry_after = code, status, retry_after
        answer = "" if status is None else f" with {status}"
        super().__init__(f"the outbound webhook was not taken: {code}{answer}")
