"""Checks that an address is public, so that an untrusted URL can't reach this machine or its
private network (SSRF)."""

from __future__ import annotations

import asyncio
import ipaddress
import socket

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# RFC 6052, RFC 8215: prefixes that embed an IPv4 address for NAT64 translators.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.IPv6Network("64:ff9b:1::/48")
_IPV4_COMPATIBLE = ipaddress.IPv6Network("::/96")  # RFC 4291 2.5.5.1, deprecated


def is_public(address: str) -> bool:
    """Whether a numeric address is public, including any IPv4 address embedded in it."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found in _NAT64_LOCAL or found in _IPV4_COMPATIBLE or found.teredo is not None:
            return False
        if found in _NAT64:
            return _is_public(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF))
        wrapped = found.ipv4_mapped or found.sixtofour
        if wrapped is not None:
            return _is_public(wrapped)
        if found.is_site_local:
            return False
    return _is_public(found)


def _is_public(found: _Address) -> bool:
    return found.is_global and not (found.is_multicast or found.is_reserved)


async def addresses(host: str, port: int) -> tuple[str, ...]:
    """Resolve ``host`` to numeric addresses, in the order to try them. Raises OSError or ValueError
    if it isn't found."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(where[0]) for *_, where in found))
