"""Access tokens: 256 random bits, kept as SHA-256 beside a name, never the token itself.

A hash without salt is enough for what nobody can guess. The file is small, for this user alone,
and written beside, then renamed; a server at work sees a change with the next request.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import os
import re
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from aura_tui.errors import AuraError, Code, EngineError, InputError
from aura_tui.model.sanitize import clean_line
from aura_tui.system import files
from aura_tui.system.files import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE: Final = "tokens.json"  # under AURA_HOME
PREFIX: Final = "aura_"  # so that scanners for leaked secrets, and people, know it
MAX_TOKENS: Final = 1000
_MAX_FILE_BYTES = 1 << 20
_NAME = re.compile(r"[\w.@+-]{1,64}")


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a token. ``id`` owns its jobs, also when it is renewed."""

    id: str
    name: str
    sha256: str
    created_at: datetime


class _File(msgspec.Struct, frozen=True, kw_only=True):
    tokens: tuple[Token, ...] = ()


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
                sha256=_hash(secret),
                created_at=datetime.now(UTC),
            )
        )
    return secret


def renew(path: Path, name: str) -> str:
    """A new secret for a token, which keeps its jobs; the old one is refused from now on."""
    with _changing(path) as tokens:
        i = _find(tokens, name)
        secret = _new()
        tokens[i] = msgspec.structs.replace(tokens[i], sha256=_hash(secret))
    return secret


def remove(path: Path, name: str) -> None:
    """Refuse a token from now on. Its jobs stay, for the engine's user. Raises InputError."""
    with _changing(path) as tokens:
        del tokens[_find(tokens, name)]


def listed(path: Path) -> tuple[Token, ...]:
    """All tokens, oldest first; none where the file isn't there. Raises EngineError for a file
    that can't be read or is no list of tokens, InputError for a link to nothing."""
    try:
        with open_regular(path) as file:
            data = file.read(_MAX_FILE_BYTES + 1)
        return msgspec.json.decode(data, type=_File).tokens
    except FileNotFoundError:
        _check_link(path)
        return ()
    except OSError as e:
        why = e.strerror or "the file can't be read"
    except (msgspec.MsgspecError, ValueError, RecursionError):
        why = "not a list of tokens"
    raise EngineError(
        Code.HOME_UNUSABLE,
        f"Can't use the tokens in {path}: {why}",
        "Correct or remove the file, and create new tokens with: aura-tui token add NAME",
    )


def _check_link(path: Path) -> None:
    """Raise InputError for a link to nothing: whoever made it expects the tokens elsewhere."""
    if path.is_symlink() and not path.exists():
        raise InputError(
            Code.OUTPUT_UNWRITABLE,
            f"Can't use the token file {path}: it is a link to {os.readlink(path)}, which "
            "doesn't exist",
            "Name that file itself, remove the link, or choose another file.",
            field="token_file",
        )


_NO_FILE = (0, 0, 0)
_NO_TARGET = (0, 0, -1)  # of a link


class TokenFile:
    """The tokens as a server asks for them. A file that can't be read refuses everybody."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._tokens: tuple[Token, ...] = ()
        self._required = False
        self._trouble = ""

    def __bool__(self) -> bool:
        """Whether there is any token, or a file that would have them."""
        self._look()
        return bool(self._tokens) or bool(self._trouble)

    @property
    def trouble(self) -> str:
        """Why the file can't be used; "" where it can."""
        self._look()
        return self._trouble

    @property
    def required(self) -> bool:
        """Whether nobody gets in without one: there are tokens, or there were, and the last was
        removed. A server that asked for them doesn't open by that."""
        self._look()
        return self._required

    def find(self, secret: str) -> Token | None:
        """The token that ``secret`` is. Takes as long whichever it is, and if it is none."""
        self._look()
        given = _hash(secret)
        found: Token | None = None
        for token in self._tokens:
            if hmac.compare_digest(token.sha256, given):
                found = token
        return found

    def has(self, token_id: str) -> bool:
        """Whether the token is still good."""
        self._look()
        return any(token.id == token_id for token in self._tokens)

    def _look(self) -> None:
        try:
            stat = os.stat(self.path)
            seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        except OSError:
            seen = _NO_TARGET if self.path.is_symlink() else _NO_FILE
        if seen == self._seen:
            return
        self._seen = seen
        self._required = self._required or seen != _NO_FILE
        try:
            self._tokens, self._trouble = listed(self.path), ""
        except AuraError as e:
            self._tokens, self._trouble = (), e.message


def _new() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


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
        _check_link(path)
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
    data = msgspec.json.format(msgspec.json.encode(_File(tokens=tuple(tokens)))) + b"\n"
    files.atomic_write(path, data, mode=0o600)
