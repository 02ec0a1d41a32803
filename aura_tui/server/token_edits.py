"""``aura-tui token``: access tokens added, renewed and removed, one edit at a time.

The file is small, for this user alone, and written beside, then renamed.
"""

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
from aura_tui.model.sanitize import clean_line
from aura_tui.server.tokens import Token, Tokens, check_link, hash_of, listed
from aura_tui.system import files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PREFIX: Final = "aura_"  # so that scanners for leaked secrets, and people, know it
MAX_TOKENS: Final = 1000
_NAME = re.compile(r"[\w.@+-]{1,64}")


def add(path: Path, name: str) -> str:
    """Make a token and return it: it is shown once and can't be had again.

    Raises InputError for a name that is taken or can't be one.
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
    """A new secret for a token, which keeps its jobs; the old one is refused from now on."""
    with _changing(path) as tokens:
        i = _find(tokens, name)
        secret = _new()
        tokens[i] = msgspec.structs.replace(tokens[i], sha256=hash_of(secret))
    return secret


def remove(path: Path, name: str) -> None:
    """Refuse a token from now on. Its jobs stay, for the engine's user. Raises InputError."""
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
    """The tokens, to be changed; they are written when the block ends well, to where a link
    leads. One at a time."""
    try:
        check_link(path)
        path = path.resolve()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(
            path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            tokens = list(listed(path))
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
