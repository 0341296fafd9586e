"""Builds the application once, from settings: the only place that joins adapters to workflows."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509

from integrations.errors import Fault, SettingsError
from integrations.graph.ahead import import_ahead
from integrations.graph.graph import open_graph
from integrations.graph.quiet import quiet_libraries
from integrations.graph.settings import (
    AppCredential,
    CertificateCredential,
    GraphSettings,
    ManagedIdentityCredential,
    SecretCredential,
)
from integrations.outbound.addresses import Resolve, resolve
from integrations.outbound.handshake import GraphHandshake
from integrations.outbound.sender import Receiver, SignedWebhook
from integrations.ports import Clock, Life, Offload, Queue
from integrations.queue.mortal_queue import MortalQueue
from integrations.queue.no_queue import NoQueue
from integrations.queue.storage_queue import StorageQueue
from integrations.runtime import (
    Immortal,
    SystemClock,
    ease_garbage_collection,
    hand_over_sooner,
    in_thread,
)
from integrations.settings import Settings
from integrations.store.identity import identity_password
from integrations.store.store import SqlStore
from integrations.workflows.app import App, Keeping, Options
from integrations.workflows.attendance.links import PersonalLinks
from integrations.workflows.registry import HANDLERS
from integrations.workflows.work import Worker


def settings_from_environment(defaults: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process; the only reader of its environment."""
    return Settings.from_environ({**(defaults or {}), **os.environ})


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What differs between production and simulation, and nothing else does."""

    clock: Clock = field(default_factory=SystemClock)
    life: Life = field(default_factory=Immortal)
    offload: Offload = in_thread
    seed: int | None = None
    holder: str | None = None
    transport: httpx.AsyncBaseTransport | None = None
    token_http_client: Any = None
    queue: Queue | None = None
    outbound_transport: httpx.AsyncBaseTransport | None = None
    resolve: Resolve = resolve


def build_app(settings: Settings, around: Surroundings | None = None) -> App:
    """The application with its adapters; nothing is connected before it is used.

    Raises:
        SettingsError: what Microsoft Graph needs is missing.
    """
    settings.require_tenant()
    around = around or Surroundings()
    quiet_libraries()
    unguessable = random.SystemRandom()
    chance = random.Random(unguessable.getrandbits(64) if around.seed is None else around.seed)
    store = build_store(settings, around)
    mailbox_ids: set[str] = set()
    graph = open_graph(
        graph_settings(settings, mailbox_ids),
        store=store,
        clock=around.clock,
        life=around.life,
        offload=around.offload,
        chance=chance,
        read_only=lambda: settings.read_only,
        transport=around.transport,
        token_http_client=around.token_http_client,
    )
    return App(
        store=store,
        graph=graph,
        clock=around.clock,
        offload=around.offload,
        queue=_within_life(around.queue or build_queue(settings), around.life),
        outbound=build_outbound(settings, around),
        links=build_links(settings),
        handshake=GraphHandshake(
            unguessable,
            ca_file=str(settings.ca_file) if settings.ca_file else None,
            transport=around.outbound_transport,
        ),
        chance=chance,
        secrets=unguessable if around.seed is None else random.Random(f"secrets {around.seed}"),
        options=options_of(settings),
        holder=around.holder or f"worker-{chance.getrandbits(48):012x}",
        mailbox_ids=mailbox_ids,
    )


def build_store(settings: Settings, around: Surroundings | None = None) -> SqlStore:
    """The program store alone, for what needs no tenant."""
    around = around or Surroundings()
    by_identity = settings.store_sign_in == "managed_identity"
    return SqlStore(
        settings.store_url.get_secret_value(),
        offload=around.offload,
        life=around.life,
        password=identity_password(settings.managed_identity) if by_identity else None,
    )


def build_worker(app: App) -> Worker:
    """Who does the application's due work."""
    return Worker(app, HANDLERS)


def warm_up() -> None:
    """What a process that works for long does once, before its first piece of work; blocking.

    It imports what the first calls need and has collector and threads disturb each other less.
    """
    import_ahead()
    ease_garbage_collection()
    hand_over_sooner()


def start_telemetry(settings: Settings) -> None:
    """Send traces and metrics where the settings say; nowhere if they do not.

    Raises:
        SettingsError: the extra is missing, or the address is none.
    """
    if settings.telemetry_connection is not None:
        # Not above: nothing of it is installed, or takes part in a cold start, unless asked for.
        from integrations.telemetry_export import NOTHING_ELSE, export_to_application_insights

        os.environ.update(NOTHING_ELSE)
        export_to_application_insights(
            settings.telemetry_connection.get_secret_value(), settings.managed_identity
        )


def build_queue(settings: Settings) -> Queue:
    """The storage queue of the settings; without one, due work is found by looking."""
    if settings.queue_connection is not None:
        return StorageQueue.by_connection(
            settings.queue_connection.get_secret_value(), settings.work_queue
        )
    if settings.queue_account_url is not None:
        return StorageQueue.by_identity(
            settings.queue_account_url, settings.work_queue, settings.managed_identity
        )
    return NoQueue()


def build_outbound(settings: Settings, around: Surroundings) -> SignedWebhook | None:
    """The webhook that is told of verdicts; None where the settings name none."""
    if settings.outbound_url is None:
        return None
    receiver = Receiver(
        url=settings.outbound_url,
        hosts=settings.outbound_hosts,
        keys=settings.outbound_keys,
        private=settings.outbound_private,
        ca_file=str(settings.ca_file) if settings.ca_file else None,
    )
    return SignedWebhook(
        receiver,
        clock=around.clock,
        life=around.life,
        resolve=around.resolve,
        transport=around.outbound_transport,
    )


def build_links(settings: Settings) -> PersonalLinks | None:
    """Personal links under the settings' address; None where they name none."""
    if settings.public_url is None:
        return None
    return PersonalLinks(settings.public_url, settings.link_keys)


def _within_life(queue: Queue, life: Life) -> Queue:
    """A queue that the dead cannot use; one that sends nothing needs no asking."""
    return queue if isinstance(queue, NoQueue) else MortalQueue(queue, life)


def options_of(settings: Settings) -> Options:
    """What workflows need to know of the settings."""
    return Options(
        program_mailboxes=settings.program_mailboxes,
        zone=settings.zone,
        language=settings.language,
        read_only=settings.read_only,
        mail_pace=settings.mail_pace,
        workers=settings.workers,
        page_url=settings.pages_url,
        own_mailbox_reads=settings.free_busy_reader == "own_mailbox",
        teams_app=settings.teams_app,
        webhooks=settings.webhooks,
        webhook_url=settings.webhook_url,
        public_url=settings.public_url,
        outside_mailbox=settings.outside_mailbox,
        poll=timedelta(seconds=settings.poll_seconds),
        credential_ends_at=_certificate_ends_at(settings),
        nightly_doctor=settings.nightly_doctor,
        keeping=Keeping(
            passing=timedelta(days=settings.keep_passing_days),
            settled=timedelta(days=settings.keep_settled_days),
            journal=timedelta(days=settings.keep_journal_days),
            pairs=timedelta(days=settings.keep_pairs_days) if settings.keep_pairs_days else None,
        ),
    )


def graph_settings(settings: Settings, mailbox_ids: set[str]) -> GraphSettings:
    """What the Graph adapter needs to know of the settings.

    ``mailbox_ids`` are the program mailboxes' object ids as far as they are known by now.
    """
    return GraphSettings(
        tenant_id=settings.tenant_id,
        client_id=settings.client_id,
        credential=_credential(settings),
        program_mailboxes=lambda: mailbox_ids,
        base_url=settings.graph_url,
        authority=settings.authority,
        own_mailbox_reads=settings.free_busy_reader == "own_mailbox",
        news_in_teams=settings.teams_app is not None,
        ca_file=str(settings.ca_file) if settings.ca_file else None,
    )


def _credential(settings: Settings) -> AppCredential:
    if settings.credential == "secret" and settings.client_secret is not None:
        return SecretCredential(secret=settings.client_secret.get_secret_value())
    if settings.credential == "federated":
        return ManagedIdentityCredential(identity_client_id=settings.managed_identity)
    if settings.certificate_file is None:
        raise SettingsError([Fault("TANDEM_CERTIFICATE_FILE", "a value")])
    pem = _pem_in(settings.certificate_file)
    _certificate_in(pem)
    return CertificateCredential(pem=pem)


def _certificate_ends_at(settings: Settings) -> datetime | None:
    if settings.credential != "certificate" or settings.certificate_file is None:
        return None
    return _certificate_in(_pem_in(settings.certificate_file)).not_valid_after_utc


def _pem_in(file: Path) -> str:
    return file.read_text("ascii", errors="replace")


def _certificate_in(pem: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        raise SettingsError(
            [Fault("TANDEM_CERTIFICATE_FILE", "a PEM file with certificate and private key")]
        ) from None
