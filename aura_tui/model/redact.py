"""Addresses as people are told of them. Whatever part may hold a key is never shown."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

from aura_tui.model.sanitize import clean_line

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}")
# What services call the key that they take in a query.
_OF_A_KEY = re.compile(r"key|token|secret|passw|auth|credential|^(?:sig|signature|code|pwd)$", re.I)


def redact_url(url: str) -> str:
    """``scheme://host:port/path``: without a user, a password, a query or a fragment.

    "" for what can't be told apart so, which may be a key as well as anything else.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if not host or not _SCHEME.fullmatch(parts.scheme):
        return ""
    # An "@" further on: a password with a slash, a "?" or a "#" in it ends the host too early.
    if "@" in parts.path + parts.query + parts.fragment:
        return ""
    named = f"[{host}]" if ":" in host else host
    where = named if port is None else f"{named}:{port}"
    return clean_line(f"{parts.scheme}://{where}{parts.path}", 200)


def has_key(query: str) -> bool:
    """Whether a query has a field in it that is called as keys are."""
    return any(_OF_A_KEY.search(name) for name, _ in parse_qsl(query, keep_blank_values=True))
