"""Sends one operation: msgraph-sdk builds it, the guarded transport lets it out, kiota hands the
answer back unparsed.

A GraphServiceClient belongs to the event loop it was first used in, and so do permits' lines and
the token's lock: everything of that kind lives in a :class:`_Connection`, one per loop.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

import httpx
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.headers_collection import HeadersCollection
from kiota_abstractions.method import Method
from kiota_abstractions.native_response_handler import NativeResponseHandler
from kiota_abstractions.request_information import RequestInformation
from kiota_http.kiota_client_factory import KiotaClientFactory
from kiota_http.middleware import AsyncKiotaTransport, ParametersNameDecodingHandler
from kiota_http.middleware.options import ResponseHandlerOption
from kiota_http.observability_options import ObservabilityOptions
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient
from opentelemetry.trace import Span

from integrations.errors import (
    GraphError,
    OutcomeUnknownError,
    RefusedError,
    ThrottledError,
    UnreachableError,
)
from integrations.graph.addresses import address_of
from integrations.graph.credential import Credential, TokenSource, authentication
from integrations.graph.guard import Guard
from integrations.graph.models import Answer, MalformedAnswerError, parse_json
from integrations.graph.operations import BATCH, Operation
from integrations.graph.permits import Gates, PermitTerms
from integrations.graph.refusals import TOO_MANY, TRANSIENT, dated, refusal, retry_after
from integrations.graph.retry import PassingTroubleError, Retries
from integrations.graph.settings import GraphSettings
from integrations.graph.transport import Departures, GuardedTransport, LanePools
from integrations.ports import Clock, Life, Offload, Store
from integrations.writing import is_decommissioned, writing_stopped

M = TypeVar("M", bound=Answer)
T = TypeVar("T")
Configuration: TypeAlias = RequestConfiguration[Any]
Call: TypeAlias = Callable[[GraphServiceClient, Configuration], Awaitable[object]]
"""Builds and sends a request with the SDK, under the configuration given."""

_UNTOLD_WAIT = timedelta(seconds=10)
"""How long a throttled work is put off where no ``Retry-After`` says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The ports a wire stands on. ``transport`` and ``token_http_client`` replace the network."""

    store: Store
    clock: Clock
    life: Life
    offload: Offload
    chance: Random
    read_only: Callable[[], bool]
    transport: httpx.AsyncBaseTransport | None = None
    token_http_client: Any = None


@dataclass(frozen=True, slots=True)
class _Connection:
    """What belongs to one event loop."""

    http: httpx.AsyncClient
    graph: GraphServiceClient
    adapter: GraphRequestAdapter
    tokens: TokenSource
    gates: Gates


class _Adapter(GraphRequestAdapter):
    """Fills a request's address template in once.

    Kiota fills it in anew each time somebody asks for the address, three times a call.
    """

    async def get_http_response_message(
        self, request_info: RequestInformation, parent_span: Span, claims: str = ""
    ) -> httpx.Response:
        self.set_base_url_for_request_information(request_info)
        request_info.url = address_of(request_info)
        answer: httpx.Response = await super().get_http_response_message(
            request_info, parent_span, claims
        )
        return answer


class Wire:
    """Carries operations to Graph and brings answers, or Tandem's errors, back."""

    def __init__(self, settings: GraphSettings, around: Surroundings) -> None:
        self._settings, self._around = settings, around
        self._credential = Credential(settings, around.token_http_client)
        self._connections: WeakKeyDictionary[asyncio.AbstractEventLoop, _Connection] = (
            WeakKeyDictionary()
        )
        self.retries = Retries(around.clock, around.chance, settings.patience)
        self.calls: Counter[str] = Counter()
        self.clock_off_by: timedelta | None = None
        """How far Graph's clock is ahead of ours; None until an answer told."""

    async def fetch(
        self,
        model: type[M],
        operation: Operation,
        call: Call,
        query: object = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> M:
        """The answer to an operation, parsed.

        Raises:
            GraphError, NoPermitError, OperationNotPermittedError, ReadOnlyModeError
        """
        response = await self.send(operation, call, query, headers=headers)
        try:
            return parse_json(model, response.content)
        except MalformedAnswerError:
            raise malformed(operation, response.status_code) from None

    async def send(
        self,
        operation: Operation,
        call: Call,
        query: object = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """The answer to an operation once it is yes, tried again where that is safe.

        Reads are repeated after passing trouble. A write is repeated only where it certainly was
        not made: throttled, or never connected. Raises as :meth:`fetch`.
        """
        return await self.retries.run(lambda: self._attempt(operation, call, query, headers))

    async def send_batch_once(self, body: bytes) -> httpx.Response:
        """One attempt at an envelope of reads.

        Raises:
            PassingTroubleError: the envelope itself met trouble that may pass.
        """

        async def post(_: GraphServiceClient, configuration: Configuration) -> object:
            connection = self._connection()
            info = RequestInformation(Method.POST, "{+baseurl}/$batch", {})
            info.configure(configuration)
            info.headers.try_add("Accept", "application/json")
            info.set_stream_content(body, "application/json")
            return await connection.adapter.send_primitive_async(info, "bytes", {})

        return await self._attempt(BATCH, post, None, None)

    def url_in_batch(self, info: RequestInformation) -> str:
        """The address of a request as an item of a batch: relative to the version root."""
        info.path_parameters["baseurl"] = self._settings.base_url
        path, mark, query = address_of(info).removeprefix(self._settings.base_url).partition("?")
        # Kiota's own middleware does this for requests that are sent singly.
        names = ParametersNameDecodingHandler().decode_uri_encoded_string(query, ["$"])
        return f"{path}{mark}{names}"

    def now(self) -> datetime:
        """This instant."""
        return self._around.clock.now()

    @property
    def tenant_id(self) -> str:
        """The directory id of the tenant everything is read from."""
        return self._settings.tenant_id

    @property
    def proof(self) -> str:
        """How the app registration proves itself."""
        return self._credential.proof

    @property
    def proof_ends_on(self) -> date | None:
        """The last day of that proof, None where only Entra knows it."""
        return self._credential.ends_on

    @property
    def proof_made_for(self) -> timedelta | None:
        """How long a certificate holds in all; None for other proofs."""
        return self._credential.made_for

    async def fresh_token(self) -> str:
        """A token that was made just now, with the permissions of just now. Raises TokenError."""
        return await self._connection().tokens.renewed()

    @property
    def graph(self) -> GraphServiceClient:
        """The SDK's client, for building requests."""
        return self._connection().graph

    async def close(self) -> None:
        """Let go of the running loop's connections."""
        connection = self._connections.pop(asyncio.get_running_loop(), None)
        if connection is not None:
            await connection.gates.close()
            await connection.http.aclose()

    async def _attempt(
        self,
        operation: Operation,
        call: Call,
        query: object,
        headers: Mapping[str, str] | None,
    ) -> httpx.Response:
        response = await self._once(operation, call, query, headers)
        if response.status_code == 401:
            token = response.request.headers.get("Authorization", "").removeprefix("Bearer ")
            self._connection().tokens.distrust(token)
            response = await self._once(operation, call, query, headers)
        if response.is_success:
            return response
        raise self._trouble(operation, response)

    async def _once(
        self,
        operation: Operation,
        call: Call,
        query: object,
        headers: Mapping[str, str] | None,
    ) -> httpx.Response:
        connection = self._connection()
        try:
            answer = await call(connection.graph, _configuration(query, headers))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise PassingTroubleError(UnreachableError("Graph cannot be reached")) from None
        except httpx.TransportError:
            if operation.writes:
                raise OutcomeUnknownError(f"{operation.name}: the answer was lost") from None
            raise PassingTroubleError(UnreachableError("Graph gave no answer")) from None
        except UnreachableError as error:
            raise PassingTroubleError(error) from None
        if not isinstance(answer, httpx.Response):
            raise TypeError("kiota parsed an answer it was asked to hand over")
        at = dated(answer.headers)
        if at is not None:
            self.clock_off_by = at - self._around.clock.now()
        return answer

    def _trouble(self, operation: Operation, response: httpx.Response) -> Exception:
        status = response.status_code
        error = refusal(status, response.content, operation=operation.name)
        after = retry_after(response.headers, self._around.clock.now())
        if status == TOO_MANY:
            return throttled(error.code, after)
        if status >= 500 and operation.writes:
            return OutcomeUnknownError(f"{operation.name} answered {status}")
        if status in TRANSIENT:
            return PassingTroubleError(error, after)
        return error

    def _connection(self) -> _Connection:
        loop = asyncio.get_running_loop()
        connection = self._connections.get(loop)
        if connection is None:
            connection = self._connections[loop] = self._connect()
        return connection

    def _connect(self) -> _Connection:
        settings, around = self._settings, self._around
        terms = PermitTerms(settings.permit_length, settings.call_timeout, settings.patience)
        gates = Gates(around.store, around.clock, around.chance, terms)
        tokens = TokenSource(self._credential, around.clock, around.offload)
        http = _http_client(settings, self._guarded(gates))
        adapter = _Adapter(authentication(tokens, settings.base_url), client=http)
        adapter.base_url = settings.base_url
        # Traces would otherwise carry whole addresses.
        adapter.observability_options = ObservabilityOptions(include_euii_attributes=False)
        return _Connection(
            http, GraphServiceClient(request_adapter=adapter), adapter, tokens, gates
        )

    def _guarded(self, gates: Gates) -> GuardedTransport:
        settings, around = self._settings, self._around
        guard = Guard(
            settings.base_url,
            settings.program_mailboxes,
            around.read_only,
            settings.own_mailbox_reads,
            settings.news_in_teams,
        )
        departures = Departures(
            around.clock,
            around.life,
            lambda: writing_stopped(around.store),
            lambda: around.store.run(is_decommissioned),
            around.chance,
            self.calls,
            settings.call_timeout,
        )
        return GuardedTransport(around.transport or _network(settings), guard, gates, departures)


def throttled(code: str, after: timedelta | None) -> PassingTroubleError:
    """Trouble that passes after ``after``, or after a while if the answer did not say."""
    return PassingTroubleError(ThrottledError(after or _UNTOLD_WAIT, code=code), after)


def malformed(operation: Operation, status: int) -> GraphError:
    """What an answer that cannot be read means: for a write, that nobody knows."""
    if operation.writes:
        return OutcomeUnknownError(f"{operation.name}: the answer could not be read")
    return RefusedError(status, "malformed_answer", operation=operation.name)


async def together(works: Iterable[Coroutine[Any, Any, T]], *, at_once: int) -> list[T]:
    """The results of ``works`` in their order, ``at_once`` of them under way at a time.

    The first failure ends the others and is raised as it is, not wrapped in a group.
    """
    gate = asyncio.Semaphore(at_once)

    async def one(work: Coroutine[Any, Any, T]) -> T:
        async with gate:
            return await work

    coroutines = list(works)
    tasks = [asyncio.ensure_future(one(work)) for work in coroutines]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for work in coroutines:
            work.close()
        raise


def _configuration(query: object, headers: Mapping[str, str] | None) -> Configuration:
    collection = HeadersCollection()
    for name, value in (headers or {}).items():
        collection.add(name, value)
    return RequestConfiguration(
        headers=collection,
        options=[ResponseHandlerOption(NativeResponseHandler())],
        query_parameters=query,
    )


def _http_client(settings: GraphSettings, transport: GuardedTransport) -> httpx.AsyncClient:
    # Of kiota's middleware this one alone: its retries, redirects and telemetry would act behind
    # the back of permits, guard and log.
    middleware = KiotaClientFactory.create_middleware_pipeline(
        [ParametersNameDecodingHandler()], transport
    )
    return httpx.AsyncClient(
        transport=AsyncKiotaTransport(transport, middleware),
        timeout=httpx.Timeout(settings.call_timeout.total_seconds(), connect=10.0),
        follow_redirects=False,
        trust_env=False,
    )


def _network(settings: GraphSettings) -> LanePools:
    trust = ssl.create_default_context(cafile=settings.ca_file)
    return LanePools(lambda: httpx.AsyncHTTPTransport(verify=trust))
