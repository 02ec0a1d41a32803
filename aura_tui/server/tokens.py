"""Access tokens: 256 random bits each; the file stores a name and the SHA-256, never the token.

Random tokens need no salt. The file is small, private to this user, and written atomically; a
running server sees a change at the next request.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from aura_tui.errors import AuraError, Code, EngineError, InputError
from aura_tui.system.files import open_regular

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = "tokens.json"  # under AURA_HOME
_MAX_FILE_BYTES = 1 << 20


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A stored token. ``id`` owns its jobs and stays the same when the token is renewed."""

    id: str
    name: str
    sha256: str
    created_at: datetime


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """The file's content."""

    tokens: tuple[Token, ...] = ()


def read_tokens(path: Path) -> tuple[Token, ...]:
    """All tokens, oldest first; none if the file is missing. Raises EngineError if the file can't
    be read or is not a list of tokens, InputError if it is a dangling link."""
    try:
        with open_regular(path) as file:
            data = file.read(_MAX_FILE_BYTES + 1)
        return msgspec.json.decode(data, type=Tokens).tokens
    except FileNotFoundError:
        check_link(path)
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


def check_link(path: Path) -> None:
    """Raise InputError for a dangling link: its target should have the tokens."""
    if path.is_symlink() and not path.exists():
        raise InputError(
            Code.OUTPUT_UNWRITABLE,
            f"Can't use the token file {path}: it is a link to {os.readlink(path)}, which "
            "doesn't exist",
            "Name that file itself, remove the link, or choose another file.",
            field="token_file",
        )


_NO_FILE = (0, 0, 0)
_NO_TARGET = (0, 0, -1)  # a dangling link


class TokenFile:
    """The tokens of a running server, reread when the file changes. An unreadable file rejects
    every token."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._tokens: tuple[Token, ...] = ()
        self._required = False
        self._trouble = ""

    def __bool__(self) -> bool:
        """Whether a token exists, or a file that can't be read."""
        self._refresh()
        return bool(self._tokens) or bool(self._trouble)

    @property
    def trouble(self) -> str:
        """Why the file can't be used; "" if it can."""
        self._refresh()
        return self._trouble

    @property
    def required(self) -> bool:
        """Whether requests need a token: the file exists, or existed since the server started.
        Removing the last token must not open a server to everybody."""
        self._refresh()
        return self._required

    def find(self, secret: str) -> Token | None:
        """The token with this secret, or None. Takes the same time in every case."""
        self._refresh()
        given = hash_of(secret)
        found: Token | None = None
        for token in self._tokens:
            if hmac.compare_digest(token.sha256, given):
                found = token
        return found

    def has(self, token_id: str) -> bool:
        """Whether the token still exists."""
        self._refresh()
        return any(token.id == token_id for token in self._tokens)

    def _refresh(self) -> None:
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
            self._tokens, self._trouble = read_tokens(self.path), ""
        except AuraError as e:
            self._tokens, self._trouble = (), e.message


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
