"""Selects the proxy for a server from HTTP_PROXY, HTTPS_PROXY and ALL_PROXY, except for hosts in
NO_PROXY. Addresses on this machine (loopback, a Unix socket) never use a proxy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from aura_tui.errors import Code, InputError
from aura_tui.model.text import redact as redact_

if TYPE_CHECKING:
    from aura_tui.client.address import Address

HINT: Final = "Check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY, or add the server's host to NO_PROXY."


def for_address(address: Address) -> str:
    """The proxy's URL, including its user and password if it has them; "" for none."""
    if address.local:
        return ""
    from urllib.request import getproxies, proxy_bypass

    found = getproxies()
    parts = urlsplit(address.base)
    proxy = found.get(parts.scheme) or found.get("all") or ""
    hosts = (parts.hostname or "", parts.netloc)  # NO_PROXY may name a port, too
    if not proxy or any(proxy_bypass(host) for host in hosts):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def unusable(proxy: str, why: str, todo: str) -> InputError:
    """The error for a proxy that can't be used. ``todo`` is the remedy."""
    return InputError(Code.SETTINGS_INVALID, f"Can't use the proxy {proxy}: {why}", todo)


def display(proxy: str) -> str:
    """The proxy for messages, without its user and password; "" for none."""
    return (redact_.redact_url(proxy) or "of the environment") if proxy else ""
