"""Which proxy of the environment a server is reached by: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, except
for hosts that NO_PROXY names. This machine (loopback, a Unix socket) is reached by none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from aura_tui.errors import Code, InputError
from aura_tui.model import redact as redact_

if TYPE_CHECKING:
    from aura_tui.client.address import Address

HINT: Final = "Check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY, or add the server's host to NO_PROXY."


def for_address(address: Address) -> str:
    """The proxy's URL, with its user and password where the environment has them; "" for none."""
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
    """The error of a proxy that no request can be sent through."""
    return InputError(Code.SETTINGS_INVALID, f"Can't use the proxy {proxy}: {why}", todo)


def shown(proxy: str) -> str:
    """The proxy as people are told of it, without its user and password."""
    return (redact_.redact_url(proxy) or "of the environment") if proxy else ""
