"""Sends requests to one server: bounded in size and time, with every failure translated.

There are two kinds of failure: a :class:`TransportFailure` is temporary (another try may help), an
``AuraError`` is not. The token is sent in one header, to this server only; redirects are not
followed. Proxies from the environment apply to other hosts, never to this machine. No exception of
httpx gets out: it would hold the request, and with it the token.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from aura_tui import __version__
from aura_tui.client import proxies
from aura_tui.client.peer import Peer
from aura_tui.errors import AuraError, Code, EngineError, InputError
from aura_tui.model.text.sanitize import clean_line
from aura_tui.net import exchange
from aura_tui.net.exchange import Fault
from aura_tui.net.headers import is_compressed, media_type
from aura_tui.wire import routes, unix_socket
from aura_tui.wire.decode import MAX_ANSWER_BYTES
from aura_tui.wire.lenient_values import parse

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

    import httpx

    from aura_tui.client.address import Address
    from aura_tui.settings import Secret

CONNECT_S: Final = 5.0
ANSWER_S: Final = 30.0  # a whole small answer, from connecting to its last byte
_PROBE_S: Final = 2.0
_MAX_PROBLEM_BYTES: Final = 256 * 1024
# Shorter than servers keep idle connections open: else they close ours while we write to it.
_KEEP_ALIVE_S: Final = 3.0

# A TLS alert (RFC 8446 6) in place of a status line, as h11 quotes it.
_TLS_RECORD = re.compile(r"\\x15\\x03")
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")  # in no header, RFC 9110 5.5


class TransportFailure(Exception):
    """A temporary failure of the connection.

    ``retry_after_s`` is the server's Retry-After; ``error`` is the engine's own error, None if it
    sent none; ``silent``: no data arrived for too long; ``unsent``: no server can have received the
    request; ``answered``: something other than an engine answered; ``no_route``: the answer is what
    other kinds of servers send for an unknown route; ``too_large``: a proxy rejected the request's
    size; ``hint``: the remedy ("": the default one).
    """

    def __init__(
        self,
        reason: str,
        *,
        retry_after_s: float | None = None,
        error: AuraError | None = None,
        silent: bool = False,
        unsent: bool = False,
        answered: bool = False,
        no_route: bool = False,
        too_large: bool = False,
        hint: str = "",
    ) -> None:
        super().__init__(reason)
        self.silent = silent
        self.unsent = unsent
        self.answered = answered
        self.no_route = no_route
        self.too_large = too_large
        self.hint = hint
        self.reason = reason
        self.retry_after_s = retry_after_s
        self.error = error


def damaged_response() -> TransportFailure:
    """The failure for a response that was damaged on the way."""
    return TransportFailure("a response was damaged in transit")


class Answer(msgspec.Struct, frozen=True):
    """An answer with its complete body. Header names match in any case. ``to_body``: the request
    had a body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    to_body: bool = False

    @property
    def damaged(self) -> bool:
        """Whether its media type is JSON, but its body isn't."""
        is_json = media_type(self.headers).endswith("json")
        return is_json and parse(self.body, len(self.body)) is None


class Http:
    """A client of one server. ``ca`` is a file with additional certificates to trust. ``peer`` is
    what earlier clients in this process learned about the server."""

    def __init__(
        self, address: Address, token: Secret, *, ca: Path | None = None, peer: Peer | None = None
    ) -> None:
        self.address = address
        self.peer = peer or Peer()
        self._proxy_url = proxies.for_address(address)
        self.proxy = proxies.display(self._proxy_url)  # for messages; "": none
        self._token = token.reveal().strip()
        if not (self._token.isascii() and self._token.isprintable()):
            raise InputError(
                Code.SETTINGS_INVALID,
                "The token contains invalid characters",
                "Copy the token again, without quotes or line breaks.",
                field="token",
            )
        self._ca = ca
        self.closed = False
        self._client: httpx.AsyncClient | None = None
        self._making = asyncio.Lock()
        self._open = contextlib.ExitStack()  # the folder of a socket whose path is too long

    @property
    def has_token(self) -> bool:
        """Whether requests carry a token."""
        return bool(self._token)

    async def aclose(self) -> None:
        """Close all connections; no new one can be opened."""
        self.closed = True
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()
        self._open.close()

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        limit: int = MAX_ANSWER_BYTES,
        within_s: float | None = None,
    ) -> Answer:
        """Send a request and return its complete answer, whatever its status, within ``within_s``
        (None: ``ANSWER_S``).

        Raises :class:`TransportFailure`, or EngineError for a permanent failure.
        """
        sent = dict(headers or {})
        if body is not None:
            sent["Content-Type"] = routes.JSON
        within_s = ANSWER_S if within_s is None else within_s
        try:
            async with asyncio.timeout(within_s):
                async with self.open(
                    method,
                    path,
                    query=query,
                    body=body,
                    headers=sent,
                    read_s=within_s,
                ) as response:
                    max_bytes = limit if response.status_code < 300 else _MAX_PROBLEM_BYTES
                    data = await exchange.read(response, max_bytes)
                    return Answer(response.status_code, response.headers, data, bool(body))
        except TimeoutError:
            raise TransportFailure(f"no answer within {within_s:g} s") from None

    @asynccontextmanager
    async def open(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        read_s: float,
        head_s: float = ANSWER_S,
    ) -> AsyncIterator[httpx.Response]:
        """Send a request and stream its body. ``read_s`` limits each silence, ``head_s`` the time
        until the status line.

        Translates failures while the caller reads, too.
        """
        import httpx

        client = await self._ready()
        sent = {"Accept-Encoding": "identity", **(headers or {})}
        if self._token:
            sent["Authorization"] = f"Bearer {self._token}"
        limits = httpx.Timeout(read_s, connect=CONNECT_S)
        problem: TransportFailure | AuraError
        try:
            request = client.build_request(
                method,
                self.address.base + path,
                params=query,
                content=body,
                headers=sent,
                timeout=limits,
            )
            async with exchange.send(client, request, head_s=head_s) as response:
                texts = (response.reason_phrase, *response.headers.values())
                if any(_CONTROL.search(text) for text in texts):
                    raise damaged_response()
                if is_compressed(response.headers):
                    raise self.unexpected_answer("unexpected compressed response")
                yield response
            return
        except exchange.ExchangeFailure as e:
            problem = self._translate(e, read_s, head_s)
        except httpx.InvalidURL as e:
            problem = TransportFailure(f"the connection broke ({type(e).__name__})")
        except Exception as e:
            if not type(e).__module__.startswith("socksio."):  # httpx doesn't wrap its errors
                raise
            problem = self._refused_by_proxy(clean_line(str(e), 100))
        raise problem from None

    async def _ready(self) -> httpx.AsyncClient:
        async with self._making:
            if self.closed:
                raise TransportFailure("the connection was closed")
            if self._client is None:
                self._client = await self._make()
            return self._client

    async def _make(self) -> httpx.AsyncClient:
        import httpx

        secure = self.address.base.startswith("https:")
        tls = await asyncio.to_thread(self._tls) if secure else False
        limits = httpx.Limits(max_connections=None, keepalive_expiry=_KEEP_ALIVE_S)
        uds = self.address.uds
        if uds is not None:
            try:
                uds = self._open.enter_context(unix_socket.address(Path(uds)))
            except OSError:
                raise TransportFailure("socket not found", unsent=True) from None
        try:
            transport = httpx.AsyncHTTPTransport(
                verify=tls, limits=limits, uds=uds, proxy=self._proxy_url or None, trust_env=False
            )
        except ImportError:  # of socksio
            raise proxies.unusable(
                self.proxy,
                "SOCKS support isn't installed",
                "Install it beside aura-tui with: pip install 'httpx[socks]'. Or set HTTP_PROXY "
                "or HTTPS_PROXY to an http proxy, or add the server's host to NO_PROXY.",
            ) from None
        except (ValueError, httpx.InvalidURL):
            raise proxies.unusable(
                self.proxy,
                "only http, https, socks5 and socks5h proxies are supported",
                "Correct HTTP_PROXY, HTTPS_PROXY or ALL_PROXY, or add the server's host "
                "to NO_PROXY.",
            ) from None
        agent = {"User-Agent": f"aura-tui/{__version__}"}
        return httpx.AsyncClient(transport=transport, headers=agent, trust_env=False)

    def _tls(self) -> ssl.SSLContext:
        import httpx

        context = httpx.create_ssl_context()  # reads SSL_CERT_FILE and SSL_CERT_DIR
        if self._ca is not None:
            try:
                context.load_verify_locations(self._ca)
            except OSError as e:  # ssl.SSLError is one
                raise InputError(
                    Code.SETTINGS_INVALID,
                    f"Can't read the certificates in {self._ca}: {e.strerror or e}",
                    "Set SSL_CERT_FILE to a file of PEM certificates.",
                    field="ca",
                ) from None
        return context

    def _refused_by_proxy(self, detail: str) -> TransportFailure:
        return TransportFailure(
            f"the proxy {self.proxy} refused the connection ({detail})",
            unsent=True,
            answered=True,
            hint=proxies.HINT,
        )

    def _translate(
        self, failure: exchange.ExchangeFailure, read_s: float, head_s: float
    ) -> TransportFailure | AuraError:
        detail, met = failure.detail, self.peer.met
        match failure.fault:
            case Fault.PROXY:
                return self._refused_by_proxy(detail)
            case Fault.CERTIFICATE if met:  # a network's login page, for example
                return TransportFailure(f"its certificate can't be trusted: {detail}", unsent=True)
            case Fault.CERTIFICATE:
                return EngineError(
                    Code.CERTIFICATE_INVALID,
                    f"The certificate of {self.address.shown} can't be trusted: {detail}",
                    "Check the address and this machine's clock, or set SSL_CERT_FILE to its "
                    "certificate.",
                )
            case Fault.NOT_TLS if met or self.proxy:
                return self._unreached("it answered a TLS connection without TLS")
            case Fault.NOT_TLS:
                return self.not_an_engine(
                    "its port speaks plain HTTP, not TLS",
                    f"Use http:// instead of https://: --server http://{self.address.shown}",
                )
            case Fault.CONNECT_TIMEOUT:
                return self._unreached(f"no connection within {CONNECT_S:g} s")
            case Fault.UNREACHED | Fault.TLS:
                return self._unreached(detail)
            case Fault.HEAD_TIMEOUT:
                return TransportFailure(f"no answer within {head_s:g} s")
            case Fault.SILENT:
                return TransportFailure(f"no data for {read_s:.3g} s", silent=True)
            case Fault.RESET:
                return TransportFailure("the connection was reset")
            case Fault.PROTOCOL if _TLS_RECORD.search(detail) and not met:
                return self.wants_tls()
            case Fault.PROTOCOL if "illegal" in detail:  # h11's word for a line that isn't HTTP
                return TransportFailure("the response isn't HTTP", answered=True)
            case Fault.PROTOCOL:
                return TransportFailure(f"the connection was cut ({detail})")
            case Fault.REDIRECT:
                return self.unexpected_answer("redirected to an invalid address")
            case Fault.TOO_LARGE:
                return self.unexpected_answer(f"the response is larger than {detail}")
            case _:
                return TransportFailure(f"the connection broke ({detail})")

    def _unreached(self, reason: str) -> TransportFailure:
        """The failure of a request that no server received. With a proxy, the proxy is at fault."""
        if self.proxy:
            reason, hint = f"can't reach the proxy {self.proxy}: {reason}", proxies.HINT
            return TransportFailure(reason, unsent=True, hint=hint)
        return TransportFailure(reason, unsent=True)

    def unreachable(self, broken: TransportFailure, *, unknown: bool = False) -> EngineError:
        """The error of a command that gives up. ``unknown``: the server may have done the request
        all the same."""
        if unknown:
            todo = (
                "The server may have received the request: check `aura-tui jobs` before you "
                "try again."
            )
        elif self.address.uds is not None:
            todo = "Its process has stopped; any aura-tui command that needs an engine starts one."
        else:
            todo = "Check the address and the network, and that `aura-tui serve` runs there."
        return EngineError(
            Code.ENGINE_UNREACHABLE,
            f"Can't reach an engine at {self.address.shown}: {broken.reason}",
            broken.hint or todo,
        )

    def unexpected_answer(self, reason: str, hint: str = "") -> TransportFailure | EngineError:
        """The failure when something other than an engine answered: an outage if an engine was met
        here, else permanent."""
        if self.peer.met:
            return TransportFailure(reason, answered=True, hint=hint)
        return self.not_an_engine(reason, hint)

    async def speaks_tls(self) -> bool:
        """Whether the port accepts a TLS handshake although the address is plain HTTP: some TLS
        servers silently close other connections. Sends no request."""
        parts = urlsplit(self.address.base)
        if parts.scheme != "http" or self.address.uds is not None or self.proxy:
            return False
        import ssl

        anybody = ssl.create_default_context()
        anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
        try:
            async with asyncio.timeout(_PROBE_S):
                _, writer = await asyncio.open_connection(
                    parts.hostname, parts.port or 80, ssl=anybody
                )
        except OSError:  # TimeoutError and ssl.SSLError are some
            return False
        writer.transport.abort()
        return True

    def wants_tls(self) -> EngineError:
        """The error for plain HTTP to a TLS port."""
        return self.not_an_engine(
            "its port speaks TLS, not plain HTTP",
            f"Use https:// instead of http://: --server https://{self.address.shown}",
        )

    def not_an_engine(self, why: str, hint: str = "") -> EngineError:
        """``why`` completes "isn't an aura-tui server: "."""
        return EngineError(
            Code.NOT_AN_ENGINE,
            f"{self.address.shown} isn't an aura-tui server: {why}",
            hint or "Check the URL, the port and any proxy in between.",
        )
