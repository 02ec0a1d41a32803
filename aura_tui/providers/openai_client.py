"""The client for OpenAI-compatible endpoints, shared by the script, speech and visuals providers.

For every call: one try (the caller retries :class:`Transient`), a deadline for the whole exchange,
a bounded body, no redirects, no proxies from the environment. The key is sent in one header, only
to the endpoint's own origin, and appears in no message, log, repr or exception.
"""

from __future__ import annotations

import asyncio
import functools
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from aura_tui import __version__
from aura_tui.errors import Code, InputError, StageError, Transient
from aura_tui.model.text.redact import has_key
from aura_tui.model.text.sanitize import clean_line
from aura_tui.net import exchange, public_addresses
from aura_tui.net.exchange import Fault
from aura_tui.net.headers import is_compressed, is_transient, media_type, retry_after_s

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    import httpx

    from aura_tui.settings import Secret

MAX_JSON_BYTES = 4 * 1024 * 1024
_MAX_ERROR_BYTES = 64 * 1024
_CONNECT_TIMEOUT_S = 10.0
_MAX_TRIED = 4  # addresses of one host
_MIN_KEY_CHARS = 16  # local servers accept any key, and "none" may well occur in a reply

# OpenAI's error codes of a 429 that waiting doesn't cure: the account has no credit.
_OUT_OF_QUOTA = frozenset({"insufficient_quota", "billing_hard_limit_reached"})


Log = Callable[[str], None]


def _no_log(_: str) -> None: ...


class Failure(msgspec.Struct, frozen=True):
    """The error codes of the stage that uses an endpoint."""

    unavailable: Code
    refused: Code
    invalid: Code


class Refused(StageError):
    """The endpoint answered with a permanent HTTP error."""

    def __init__(self, code: Code, message: str, remediation: str, *, status: int) -> None:
        super().__init__(code, message, remediation)
        self.status = status


class _NotReached(Transient):
    """The connection failed: another address of the same host may work."""


class OpenAIClient:
    """A client for the endpoint at ``base_url`` (".../v1"); ``name`` is its name in messages.

    ``timeout_s`` limits one call, from connecting to the last byte. Raises :class:`InputError`
    (SETTINGS_INVALID) for an invalid base URL or key.
    """

    def __init__(
        self, *, base_url: str, api_key: Secret, timeout_s: float, name: str, failure: Failure
    ) -> None:
        self.name = name
        self._failure = failure
        self._timeout_s = timeout_s
        url = _url(base_url.strip())
        if url is None:
            raise _unusable(name, "is not a URL")
        if url.scheme not in ("http", "https") or not url.host:
            raise _unusable(name, "is not an http or https URL")
        if url.userinfo:
            raise _unusable(name, "contains a user name or password")
        if has_key(url.query.decode("ascii", "replace")):
            raise _unusable(name, "contains a key in its query")
        self._url = url.copy_with(path=url.path.rstrip("/"), fragment=None)
        self._key = api_key.reveal().strip()
        if not (self._key.isascii() and (self._key.isprintable())):
            raise InputError(
                Code.SETTINGS_INVALID,
                f"The api_key of {name} contains invalid characters",
                "Copy the key again, without quotes or line breaks.",
            )

    @property
    def host(self) -> str:
        """Host and port, for messages."""
        port = f":{self._url.port}" if self._url.port else ""
        return clean_line(self._url.host, 200) + port

    def __repr__(self) -> str:
        return f"Endpoint({self.name!r}, {self.host!r})"

    async def post_json(
        self,
        path: str,
        body: Mapping[str, object],
        *,
        log: Log = _no_log,
        max_bytes: int = MAX_JSON_BYTES,
    ) -> object:
        """Send ``body`` as JSON to ``path`` ("/chat/completions") and return the decoded reply."""
        started_s = asyncio.get_running_loop().time()
        kind, data = await self.post(path, body, max_bytes=max_bytes, accept="application/json")
        try:
            # In a thread: decoding megabytes takes a tenth of a second.
            reply: object = await asyncio.to_thread(msgspec.json.decode, data)
        except (ValueError, RecursionError):
            pass
        else:
            log(self._call(body, started_s, len(data)) + _tokens(reply))
            return reply
        raise self.invalid(f"its reply is {kind or 'something'}, not JSON")

    async def post(
        self,
        path: str,
        body: Mapping[str, object],
        *,
        max_bytes: int,
        log: Log = _no_log,
        accept: str = "*/*",
    ) -> tuple[str, bytes]:
        """Send ``body`` as JSON; return the reply's media type (no parameters) and its bytes.

        ``log`` gets a line about the call: model, host, duration, size.
        """
        url = self._url.copy_with(path=f"{self._url.path}/{path.lstrip('/')}")
        content = msgspec.json.encode(body)
        started_s = asyncio.get_running_loop().time()
        kind, data = await self._exchange("POST", url, content, accept, max_bytes)
        log(self._call(body, started_s, len(data)))
        return kind, data

    def _call(self, body: Mapping[str, object], started_s: float, size_bytes: int) -> str:
        took_s = asyncio.get_running_loop().time() - started_s
        model = self._public(str(body.get("model", "")))[:80] or "the model"
        return f"{model} at {self.host} replied: {size_bytes / 1000:.1f} KB in {took_s:.1f} s"

    async def get_bytes(
        self, url: str, *, max_bytes: int, accept: str = "*/*"
    ) -> tuple[str, bytes]:
        """Fetch the URL in a reply (a picture); return its media type and bytes.

        Sends the key only to the endpoint's own origin. Any other URL must be https at a public
        address: an endpoint must not make us access this machine's network.
        """
        target = _url(url)
        if target is None or not (target.scheme == "https" or _origin(target) == self._origin):
            raise self.invalid("it points at an address that is not an https URL")
        if _origin(target) == self._origin:
            return await self._exchange("GET", target, b"", accept, max_bytes)
        until = asyncio.get_running_loop().time() + self._timeout_s
        problem: StageError | None = None
        for address in await self._public_addresses(target, until):
            try:
                return await self._exchange("GET", target, b"", accept, max_bytes, address, until)
            except _NotReached as e:
                problem = e
        assert problem is not None
        raise problem

    async def _public_addresses(self, url: httpx.URL, until: float) -> tuple[str, ...]:
        """The public addresses of the URL's host, at least one."""
        found: tuple[str, ...] = ()
        try:
            async with asyncio.timeout_at(until):
                found = await public_addresses.addresses(
                    url.raw_host.decode("ascii"), url.port or 443
                )
        except (OSError, ValueError):  # a TimeoutError is an OSError
            pass
        if not found:
            raise self._unreachable("points at a host that can't be resolved")
        if not (reachable := tuple(each for each in found if public_addresses.is_public(each))):
            raise self.invalid("it points at an address on this machine or its network")
        return reachable[:_MAX_TRIED]

    def invalid(self, why: str) -> StageError:
        """The error for a reply that can't be used; ``why`` completes "... replied, but "."""
        return StageError(
            self._failure.invalid,
            f"{self.name} at {self.host} replied, but {self._public(why)}",
            "Check base_url and model, and that the endpoint is OpenAI-compatible.",
        )

    @property
    def _origin(self) -> tuple[str, str, int | None]:
        return _origin(self._url)

    async def _exchange(
        self,
        method: str,
        url: httpx.URL,
        content: bytes,
        accept: str,
        max_bytes: int,
        address: str | None = None,
        until: float | None = None,
    ) -> tuple[str, bytes]:
        """One call. ``address``: the checked address to connect to, without another lookup (DNS
        rebinding). ``until``: the deadline, by the loop's clock."""
        import httpx

        if until is None:
            until = asyncio.get_running_loop().time() + self._timeout_s
        headers = {
            "Accept": accept,
            "Accept-Encoding": "identity",  # the real size of a compressed body is unbounded
            "User-Agent": f"aura-tui/{__version__}",
        }
        if content:
            headers["Content-Type"] = "application/json"
        if self._key and _origin(url) == self._origin:
            headers["Authorization"] = f"Bearer {self._key}"
        where, extensions = url, {}
        if address is not None:
            where = url.copy_with(host=address)
            headers["Host"] = url.netloc.decode("ascii")
            extensions = {"sni_hostname": url.raw_host.decode("ascii")}  # also what TLS verifies
        # Less than the deadline: httpcore closes a handshake that times out, but not a cancelled
        # one.
        connect_s = min(_CONNECT_TIMEOUT_S, 0.8 * self._timeout_s)
        limits = httpx.Timeout(self._timeout_s, connect=connect_s)
        tls = await asyncio.to_thread(_tls) if url.scheme == "https" else False
        problem: StageError
        try:
            # httpx's timeouts are per read; a server that sends slowly could hold us for ever.
            async with (
                asyncio.timeout_at(until),
                httpx.AsyncClient(verify=tls, timeout=limits, trust_env=False) as client,
                exchange.send(
                    client,
                    client.build_request(
                        method, where, content=content, headers=headers, extensions=extensions
                    ),
                ) as response,
            ):
                if response.status_code == 200:
                    return await self._result(response, max_bytes)
                data = await exchange.read(response, _MAX_ERROR_BYTES, cut=True)
                problem = self._refusal(response.status_code, response.headers, data)
        except TimeoutError:
            problem = self._timed_out()
        except exchange.ExchangeFailure as e:
            problem = self._translate(e)
        except OSError:
            problem = self._unreachable("closed the connection")
        # Raised outside of any handler, so that no exception that holds the request, and with it
        # the key, becomes its context.
        raise problem

    async def _result(self, response: httpx.Response, max_bytes: int) -> tuple[str, bytes]:
        if is_compressed(response.headers):
            raise self.invalid(
                "its reply is compressed, although the request didn't accept compression"
            )
        data = await exchange.read(response, max_bytes)
        if await asyncio.to_thread(self._repeats_key, data):
            raise self.invalid("it repeats the key")
        return media_type(response.headers), data

    def _repeats_key(self, data: bytes) -> bool:
        return len(self._key) >= _MIN_KEY_CHARS and self._key.encode() in data

    def _refusal(self, status: int, headers: httpx.Headers, data: bytes) -> StageError:
        text, error_code = _error_text(data)
        text = self._public(text)
        who = f"{self.name} at {self.host}"
        tail = f": {text}" if text else ""
        out_of_quota = status == 429 and error_code in _OUT_OF_QUOTA
        if is_transient(status) and not out_of_quota:
            busy = "is rate-limiting requests" if status == 429 else "had a server error"
            return Transient(
                self._failure.unavailable,
                f"{who} {busy} (HTTP {status}){tail}",
                "Try again later; finished work is kept.",
                retry_after_s=retry_after_s(headers),
            )
        if out_of_quota or status == 402:
            message, remedy = (
                "rejected the request: quota exceeded",
                "Check the account's plan and billing.",
            )
        elif status in (401, 403):
            message = "rejected the key" if self._key else "requires a key"
            remedy = "Check the api_key setting of this provider."
        elif status == 404:
            message, remedy = "doesn't know the address or the model", "Check base_url and model."
        elif 300 <= status < 400:
            message = "redirects to another address, and redirects are not followed"
            remedy = "Set base_url to the final address."
        elif status < 300:
            message, remedy = "answered without a result", "Check base_url and model."
        else:
            message = "rejected the request"
            remedy = "Check base_url, model and the request."
        return Refused(
            self._failure.refused, f"{who} {message} (HTTP {status}){tail}", remedy, status=status
        )

    def _translate(self, failure: exchange.ExchangeFailure) -> StageError:
        match failure.fault:
            case Fault.CONNECT_TIMEOUT:
                return self._unreachable("can't be reached in time", _NotReached)
            case Fault.UNREACHED:
                return self._unreachable("can't be reached", _NotReached)
            case Fault.CERTIFICATE:
                return StageError(
                    self._failure.unavailable,
                    f"{self.name} at {self.host} has a certificate that can't be trusted",
                    "Check base_url, and this machine's clock.",
                )
            case Fault.NOT_TLS | Fault.TLS:
                return StageError(
                    self._failure.unavailable,
                    f"{self.name} at {self.host} doesn't speak TLS",
                    "Check base_url: is it http rather than https, or another port?",
                )
            case Fault.SILENT | Fault.STALLED | Fault.HEAD_TIMEOUT:
                return self._timed_out()
            case Fault.REDIRECT:
                return self._unreachable("sent an invalid response")
            case Fault.TOO_LARGE:
                return self.invalid(f"its reply is larger than {failure.detail}")
            case _:
                return self._unreachable("closed the connection")

    def _timed_out(self) -> Transient:
        return self._unreachable(f"has not answered within {self._timeout_s:g} s")

    def _unreachable(self, why: str, kind: type[Transient] = Transient) -> Transient:
        return kind(
            self._failure.unavailable,
            f"{self.name} at {self.host} {why}",
            "Check base_url and the network, and that the endpoint is running.",
        )

    def _public(self, text: str) -> str:
        """``text`` from outside, short and on one line, with an echoed key replaced by stars."""
        # Clean it first: removed characters may be within the key.
        text = clean_line(text, 4000)
        return (text.replace(self._key, "***") if self._key else text)[:300]


def _tokens(reply: object) -> str:
    """The tokens that a reply reports: ``, 812 tokens in, 340 out``; "" if none."""
    match reply:
        case {"usage": {"prompt_tokens": int(sent), "completion_tokens": int(got)}}:
            return f", {sent:,} tokens in, {got:,} out"
        case _:
            return ""


def _unusable(name: str, why: str) -> InputError:
    return InputError(
        Code.SETTINGS_INVALID,
        f"The base_url of {name} {why}",
        'Use a URL such as "https://api.example.com/v1", or "http://127.0.0.1:11434/v1"; '
        "put the key in api_key.",
    )


def _url(text: str) -> httpx.URL | None:
    """The URL, with a printable host and a valid port; None if invalid."""
    import httpx

    try:
        url = httpx.URL(text)
        sound = url.host.isprintable() and url.port != 0 and (url.port or 0) < 1 << 16
    except (httpx.InvalidURL, ValueError):  # includes idna's errors, raised by `host`
        return None
    return url if sound else None


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


@functools.cache
def _tls() -> ssl.SSLContext:
    """The TLS context; cached, since reading the certificates takes tens of milliseconds."""
    import httpx

    return httpx.create_ssl_context(trust_env=False)


def _error_text(data: bytes) -> tuple[str, str]:
    """(message, code) of an error body: OpenAI's shape, FastAPI's, or a line of plain text."""
    try:
        document = msgspec.json.decode(data)
    except (ValueError, RecursionError):
        text = data.decode("utf-8", "replace")
        return ("" if re.match(r"\s*<", text) else text), ""  # ignores a proxy's HTML page
    error = document.get("error", document) if isinstance(document, dict) else document
    if isinstance(error, str):
        return error, ""
    if not isinstance(error, dict):
        return "", ""
    message = error.get("message") or error.get("detail") or ""
    code = error.get("code") or error.get("type") or ""
    if not isinstance(message, str):
        message = msgspec.json.encode(message).decode()
    return message, code if isinstance(code, str) else ""
