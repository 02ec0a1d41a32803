"""The address of an engine: a URL, or a Unix socket on this machine."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from aura_tui.errors import Code, InputError
from aura_tui.model.text.redact import redact_url
from aura_tui.model.text.sanitize import clean_line
from aura_tui.wire.routes import DEFAULT_PORT

if TYPE_CHECKING:
    from pathlib import Path

# Gives requests to a Unix socket the Host that servers accept: a loopback name.
_SOCKET_BASE: Final = "http://localhost"


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """``base`` has no trailing slash; ``shown`` is the address in messages, without secrets.

    ``local``: requests to it stay on this machine.
    """

    base: str
    shown: str
    uds: str | None
    local: bool

    @property
    def secure(self) -> bool:
        """Whether requests are encrypted, or stay on this machine."""
        return self.local or self.base.startswith("https:")


def of_socket(path: Path | str) -> Address:
    """The engine that listens on a Unix socket."""
    return Address(base=_SOCKET_BASE, shown=clean_line(str(path), 200), uds=str(path), local=True)


def of_url(url: str) -> Address:
    """Parse ``https://host/prefix``, ``http://host:port``, or ``host[:port]`` (http, our port).

    Raises InputError for an invalid address, or one that contains a password.
    """
    text = url.strip()
    bare = "://" not in text
    text = f"http://{text}" if bare else text
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _refuse("", "is not a URL") from None
    if parts.scheme not in ("http", "https"):
        raise _refuse(text, "is not an http or https URL")
    if not host or not _is_host(host):
        raise _refuse(text, "has no host")
    if parts.username is not None or parts.password is not None:
        # The URL is not shown: it may contain a password.
        raise _refuse("", "contains a user name or password; set AURA_TOKEN instead")
    if parts.query or parts.fragment:
        raise _refuse(text, "contains a query; set AURA_TOKEN to pass a token")
    if bare and port is None:
        port = DEFAULT_PORT
    named = f"[{host}]" if ":" in host else host
    where = f"{named}:{port}" if port is not None else named
    return Address(
        base=f"{parts.scheme}://{where}{parts.path.rstrip('/')}",
        shown=clean_line(where + parts.path.rstrip("/"), 200),
        uds=None,
        local=_is_loopback(host),
    )


def _is_host(host: str) -> bool:
    return host.isprintable() and not any(c.isspace() or c in "<>\"'\\^`{|}" for c in host)


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse(url: str, why: str) -> InputError:
    named = f" {known!r}" if (known := redact_url(url)) else ""
    return InputError(
        Code.SETTINGS_INVALID,
        f"The server's address{named} {why}",
        f"Use a URL such as http://127.0.0.1:{DEFAULT_PORT} or https://render.example.com.",
        field="server",
    )
