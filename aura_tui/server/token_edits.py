"""Adds, renews and removes access tokens (``aura-tui token``), one edit at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from aura_tui.errors import Code, EngineError, InputError
from aura_tui.model.text.sanitize import clean_line
from aura_tui.server.tokens import Token, Tokens, check_link, hash_of, read_tokens
from aura_tui.system import files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PREFIX: Final = "aura_"  # so that people and scanners for leaked secrets recognize tokens
MAX_TOKENS: Final = 1000
_NAME = re.compile(r"[\w.@+-]{1,64}")


def add(path: Path, name: str) -> str:
    """Create a token and return its secret, which can't be read again later.

    Raises InputError for a name that is invalid or already used.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            Code.OPTION_INVALID,
            f"Invalid token name: {clean_line(name, 80)!r}",
            "Use 1 to 64 letters, digits and . _ - @ +",
            field="name",
        )
    with _changing(path) as tokens:
        if any(token.name == name for token in tokens):
            raise InputError(
                Code.OPTION_INVALID,
                f"A token named {name} already exists",
                f"Renew it with: aura-tui token renew {name}, or choose another name.",
                field="name",
            )
        if len(tokens) >= MAX_TOKENS:
            raise InputError(
                Code.OPTION_INVALID,
                f"Too many tokens: {MAX_TOKENS} is the limit",
                "Remove some with: aura-tui token remove NAME",
            )
        secret = _new()
        tokens.append(
            Token(
                id=secrets.token_hex(6),
                name=name,
                sha256=hash_of(secret),
                created_at=datetime.now(UTC),
            )
        )
    return secret


def renew(path: Path, name: str) -> str:
    """Return a new secret for a token, which keeps its jobs; the old secret is invalid from now
    on. Raises InputError if there is no such token."""
    with _changing(path) as tokens:
        i = _find(tokens, name)
        secret = _new()
        tokens[i] = msgspec.structs.replace(tokens[i], sha256=hash_of(secret))
    return secret


def remove(path: Path, name: str) -> None:
    """Remove a token; its jobs stay for the engine's user. Raises InputError if there is no such
    token."""
    with _changing(path) as tokens:
        del tokens[_find(tokens, name)]


def _new() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def _find(tokens: list[Token], name: str) -> int:
    for i, token in enumerate(tokens):
        if token.name == name:
            return i
    raise InputError(
        Code.OPTION_INVALID,
        f"Token {clean_line(name, 80)!r} not found",
        "List them with: aura-tui token list",
        field="name",
    )


@contextlib.contextmanager
def _changing(path: Path) -> Iterator[list[Token]]:
    """The list of tokens, to change in place; it is written when the block ends without an error,
    to the target of a link. A lock allows one edit at a time."""
    try:
        check_link(path)
        path = path.resolve()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(
            path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            tokens = list(read_tokens(path))
            yield tokens
            _write(path, tokens)
        finally:
            os.close(lock)
    except OSError as e:
        raise EngineError(
            Code.HOME_UNUSABLE,
            f"Can't write the tokens to {path}: {e.strerror}",
            "Choose a file in a folder that you can write to, or set AURA_HOME.",
        ) from None


def _write(path: Path, tokens: list[Token]) -> None:
    data = msgspec.json.format(msgspec.json.encode(Tokens(tokens=tuple(tokens)))) + b"\n"
    files.atomic_write(path, data, mode=0o600)
