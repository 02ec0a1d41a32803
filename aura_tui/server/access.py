"""Who calls, and whether they may: tokens, and the names and pages a request comes by."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from aura_tui.errors import Code, EngineError
from aura_tui.wire import routes

if TYPE_CHECKING:
    from aura_tui.server.tokens import TokenFile

# Answered without a token; what they say then is for everybody.
OPEN_PATHS = frozenset({routes.HEALTH, routes.OPENAPI})


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who sent a request. ``owner``: the id of the token, "" for the engine's own user, who sees
    everything. ``outside``: the request came over a network; its texts name no file of ours."""

    owner: str = ""
    outside: bool = True
    stranger: bool = False  # nobody we know, on an open path

    def sees(self, owner: str) -> bool:
        """Whether a job of ``owner`` is there for this caller."""
        return not self.stranger and (not self.owner or self.owner == owner)


LOCAL = Caller(outside=False)  # over the Unix socket: the engine's own user
_ANYBODY = Caller()  # on loopback while there are no tokens
_STRANGER = Caller(stranger=True)


class Access:
    """The rules of one TCP listener. ``loopback``: it can be reached from this machine alone."""

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

    def caller(self, path: str, headers: dict[bytes, bytes]) -> Caller:
        """Who it is. Raises EngineError (TOKEN_REFUSED, ORIGIN_REFUSED)."""
        self._check_host(headers.get(b"host", b"").decode("latin-1"))
        self._check_origin(headers)
        given = headers.get(b"authorization")
        if given is None:
            if self._loopback and not self._tokens.required:
                return _ANYBODY
            if path in OPEN_PATHS:
                return _STRANGER
            raise _refused("This server wants a token, and the request has none")
        scheme, _, secret = given.decode("latin-1").strip().partition(" ")
        token = self._tokens.find(secret.strip()) if scheme.lower() == "bearer" else None
        if token is not None:
            return Caller(owner=token.id)
        if self._loopback and not self._tokens.required:
            return _ANYBODY
        raise _refused("The request's token is not one of this server's")

    def still(self, caller: Caller) -> bool:
        """Whether a caller that was let in would be now."""
        if caller.owner:
            return self._tokens.has(caller.owner)
        return not caller.outside or (self._loopback and not self._tokens.required)

    def allowed_origin(self, headers: dict[bytes, bytes]) -> str | None:
        """The request's origin where it is a page that was named."""
        origin = headers.get(b"origin", b"").decode("latin-1")
        return origin if origin.lower() in self._origins else None

    def _check_host(self, host: str) -> None:
        # A page on the web can make its own name resolve to 127.0.0.1 and call it its own
        # origin; the Host header still has that name.
        if not self._loopback:
            return  # nothing is answered there without a token
        name = _name(host)
        if name in self._hosts or name == "localhost" or _is_loopback(name):
            return
        raise EngineError(
            Code.ORIGIN_REFUSED,
            "The request's Host is not a name of this server",
            "Call it as localhost or 127.0.0.1, or name the host when serving (--name).",
        )

    def _check_origin(self, headers: dict[bytes, bytes]) -> None:
        origin = headers.get(b"origin")
        if origin is None or self.allowed_origin(headers) is not None:
            return
        same = urlsplit(origin.decode("latin-1")).netloc.lower()
        if same and same == headers.get(b"host", b"").decode("latin-1").lower():
            return
        raise EngineError(
            Code.ORIGIN_REFUSED,
            "Web pages of that origin may not use this server",
            "Name the origin when serving (--origin).",
        )


def _refused(message: str) -> EngineError:
    return EngineError(
        Code.TOKEN_REFUSED,
        message,
        "Give one with --token or AURA_TOKEN (an 'Authorization: Bearer' header); make one on the "
        "server with: aura-tui token add NAME",
    )


def _name(host: str) -> str:
    """The name in a Host header, without its port and brackets."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
