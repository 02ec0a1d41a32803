"""Singular and plural, in one place: every sentence that counts asks here."""

from __future__ import annotations


def plural(count: int, one: str, many: str = "") -> str:
    """The form that goes with ``count``: ``job``, ``jobs``. ``many`` is for those that take more
    than an s."""
    return one if count == 1 else many or f"{one}s"


def counted(count: int, one: str, many: str = "") -> str:
    """``1 job``, ``3 jobs``; as :func:`plural`."""
    return f"{count} {plural(count, one, many)}"
