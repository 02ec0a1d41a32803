"""Redacts URLs for display: removes every part that may hold a key."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

from aura_tui.model.text.sanitize import clean_line

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}")
# Names that services give to a key in a query.
_KEY_NAME = re.compile(r"key|token|secret|passw|auth|credential|^(?:sig|signature|code|pwd)$", re.I)


def redact_url(url: str) -> str:
    """``scheme://host:port/path``, without user, password, query and fragment.

    "" for a URL that can't be split safely: any part of it may be a key.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if not host or not _SCHEME.fullmatch(parts.scheme):
        return ""
    # An "@" after the host: a "/", "?" or "#" in the password cut the host short.
    if "@" in parts.path + parts.query + parts.fragment:
        return ""
    named = f"[{host}]" if ":" in host else host
    where = named if port is None else f"{named}:{port}"
    return clean_line(f"{parts.scheme}://{where}{parts.path}", 200)


def has_key(query: str) -> bool:
    """Whether a query has a parameter whose name suggests a key."""
    return any(_KEY_NAME.search(name) for name, _ in parse_qsl(query, keep_blank_values=True))
