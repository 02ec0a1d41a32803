"""Authentication: tokens, and checks of a request's Host and Origin."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

import msgspec

from aura_tui.errors import Code, EngineError, InputError
from aura_tui.wire import routes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aura_tui.server.tokens import TokenFile

# These paths need no token; without one they return only public information.
OPEN_PATHS = frozenset(
    {
        routes.HEALTH,
        routes.LIVE,
        routes.READY,
        routes.PROBE_LIVE,
        routes.PROBE_READY,
        routes.OPENAPI,
    }
)
# Repeated headers are refused: a proxy may use one and we the other (for Host: RFC 9112, 3.2).
_SINGLE = frozenset({b"host", b"origin", b"authorization", b"sec-fetch-site", b"idempotency-key"})
# A Host header (RFC 9110, 7.2) with the name or address of a machine.
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::[0-9]{0,5})?")


def check_single(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Raise InputError if a header that must be unique is repeated."""
    found = [name for name, _ in headers if name in _SINGLE]
    for name in set(found):
        if found.count(name) > 1:
            raise InputError(
                Code.REQUEST_MALFORMED,
                f"Duplicate {name.decode().title()} header",
                "Send only one.",
            )


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who sent a request. ``owner``: the id of the token, "" for the engine's own user, who sees
    everything. ``name``: the token's name, "" without one. ``outside``: the request came over a
    network, so paths in it must not be used."""

    owner: str = ""
    name: str = ""
    outside: bool = True
    unauthenticated: bool = False  # without a token, on an open path

    def sees(self, owner: str) -> bool:
        """Whether this caller may see the jobs of ``owner``."""
        return not self.unauthenticated and (not self.owner or self.owner == owner)


LOCAL = Caller(outside=False)  # over the Unix socket: the engine's own user
_ANYBODY = Caller()  # on loopback, while no tokens exist
_UNAUTHENTICATED = Caller(unauthenticated=True)


class Access:
    """The access rules of one TCP listener. ``loopback``: only this machine can reach it."""

    def __init__(
        self,
        tokens: TokenFile,
        *,
        loopback: bool,
        origins: tuple[str, ...] = (),
        hosts: tuple[str, ...] = (),
    ) -> None:
        self._tokens = tokens
        self._loopback = loopback
        self._origins = frozenset(origin.rstrip("/").lower() for origin in origins)
        self._hosts = frozenset(host.lower() for host in hosts)

    def caller(self, method: str, path: str, headers: dict[bytes, bytes]) -> Caller:
        """Authenticate a request. Raises EngineError (TOKEN_REFUSED, ORIGIN_REFUSED)."""
        self._check_host(headers.get(b"host", b"").decode("latin-1"))
        self._check_origin(method, headers)
        given = headers.get(b"authorization")
        if given is None:
            if self._loopback and not self._tokens.required:
                return _ANYBODY
            if path in OPEN_PATHS:
                return _UNAUTHENTICATED
            raise _refused("Authentication required")
        scheme, _, secret = given.decode("latin-1").strip().partition(" ")
        token = self._tokens.find(secret.strip()) if scheme.lower() == "bearer" else None
        if token is not None:
            return Caller(owner=token.id, name=token.name)
        if self._loopback and not self._tokens.required:
            return _ANYBODY
        raise _refused("Invalid token")

    def still_allows(self, caller: Caller) -> bool:
        """Whether an authenticated caller still has access."""
        if caller.owner:
            return self._tokens.has(caller.owner)
        return not caller.outside or (self._loopback and not self._tokens.required)

    def allowed_origin(self, headers: dict[bytes, bytes]) -> str | None:
        """The request's origin if it is an allowed one, else None."""
        origin = headers.get(b"origin", b"").decode("latin-1")
        return origin if origin.lower() in self._origins else None

    def _check_host(self, host: str) -> None:
        # DNS rebinding: a web page can make its own name resolve to 127.0.0.1, so that we are of
        # its origin. The Host header still has that name.
        if not self._loopback:
            return  # every request there needs a token
        name = _name(host)
        if name in self._hosts or name == "localhost" or _is_loopback(name):
            return
        raise EngineError(
            Code.ORIGIN_REFUSED,
            "Host not allowed",
            "Use localhost or 127.0.0.1, or allow the host with: aura-tui serve --name HOST",
        )

    def _check_origin(self, method: str, headers: dict[bytes, bytes]) -> None:
        origin = headers.get(b"origin")
        if origin is None:
            if not self._is_foreign(method, headers):
                return
        elif self.allowed_origin(headers) is not None:
            return
        else:
            _, _, same = origin.decode("latin-1").lower().partition("://")
            if same and same == headers.get(b"host", b"").decode("latin-1").lower():
                return
        raise EngineError(
            Code.ORIGIN_REFUSED,
            "Origin not allowed",
            "Allow it with: aura-tui serve --origin ORIGIN",
        )

    def _is_foreign(self, method: str, headers: dict[bytes, bytes]) -> bool:
        """Whether a browser sends it for another site's page, without an Origin header."""
        if headers.get(b"sec-fetch-site", b"").strip().lower() not in (b"cross-site", b"same-site"):
            return False
        if method not in ("GET", "HEAD"):
            return True
        # It changes nothing and the page can't read the answer. Allowed: a link that somebody
        # follows, and, if there are allowed origins, a picture in a page.
        followed = (
            headers.get(b"sec-fetch-mode") == b"navigate"
            and headers.get(b"sec-fetch-dest") == b"document"
        )
        return not (followed or self._origins)


def _refused(message: str) -> EngineError:
    return EngineError(
        Code.TOKEN_REFUSED,
        message,
        "Set AURA_TOKEN or pass --token-file (over HTTP, send an 'Authorization: Bearer' "
        "header). Create a token on the server with: aura-tui token add NAME",
    )


def _name(host: str) -> str:
    """The name in a Host header, without port and brackets; "" if it is invalid."""
    match = _HOST.fullmatch(host.strip().lower())
    return (match[1] or match[2]) if match else ""


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
