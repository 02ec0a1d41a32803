"""Compares this process's settings with those of the running engine, which publishes them in a
file beside its lock.

One engine runs the jobs of many terminals, each with its own environment and configuration. A
setting that differs from the engine's would be ignored silently. Secrets are never published.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Literal

import msgspec

from aura_tui import __version__
from aura_tui.engine import home as home_
from aura_tui.engine import lock as lock_
from aura_tui.format.words import local_time
from aura_tui.model.text.redact import redact_url
from aura_tui.model.text.sanitize import clean_line
from aura_tui.settings import Secret
from aura_tui.system import files

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.service import EngineHolder
    from aura_tui.settings import Settings

_SECTIONS = ("script", "speech", "visuals", "render")  # they change a job's result
_MAX_BYTES = 64 * 1024
_MAX_SHOWN = 3  # settings in the warning
# Settings that `aura-tui run` has an option for.
_OPTIONS = {
    "script.provider": "--script",
    "speech.provider": "--speech",
    "speech.voice": "--voice",
    "speech.rate": "--rate",
    "visuals.provider": "--visuals",
    "visuals.theme": "--theme",
    "render.crf": "--quality",
}


# The command that runs an engine. Background: an engine without a terminal; foreground: a board
# or a command that follows a job.
EngineKind = Literal["background", "foreground", "serve"]


class Published(msgspec.Struct, frozen=True):
    """What an engine says of itself. ``kind`` is None, ``version`` "" for an older version;
    ``urls``: where it serves."""

    pid: int
    values: dict[str, str]
    kind: EngineKind | None = None
    version: str = ""
    urls: tuple[str, ...] = ()


def publish(
    home: home_.Home, settings: Settings, kind: EngineKind, urls: tuple[str, ...] = ()
) -> None:
    """Publish the settings of this process's engine, which holds the lock. Ignores a full disk:
    that costs a warning, not the engine."""
    with contextlib.suppress(OSError):
        withdraw(home)
        terms = msgspec.json.encode(
            Published(os.getpid(), _values(settings), kind, __version__, urls)
        )
        files.atomic_write(_path(home), terms, mode=0o600, synced=False)


def withdraw(home: home_.Home) -> None:
    """Remove the published settings: the engine is about to release the home."""
    with contextlib.suppress(OSError):
        _path(home).unlink(missing_ok=True)


def differences(home: home_.Home, settings: Settings) -> str:
    """The warning that the engine running on ``home`` uses other settings than ``settings``, and
    how to apply these; "" if there is no difference or no engine."""
    holder = lock_.holder(home)
    theirs = published(home, holder) if holder is not None else None
    if holder is None or theirs is None:
        return ""
    ours = _values(settings)
    other = [name for name in ours if name in theirs.values and ours[name] != theirs.values[name]]
    if not other:
        return ""
    parts = [
        f"{name} = {_display(theirs.values[name])} (yours: {_display(ours[name])})"
        for name in other[:_MAX_SHOWN]
    ]
    if len(other) > _MAX_SHOWN:
        parts.append(f"{len(other) - _MAX_SHOWN} more")
    options = [_OPTIONS[name] for name in other if name in _OPTIONS]
    or_name = f", or pass {', '.join(options)}" if options else ""
    since = f"process {holder.pid}, since {local_time(holder.since)}"
    return (
        f"The running engine ({since}) uses different settings: {'; '.join(parts)}. "
        f"Restart it to apply yours{or_name}"
    )


def _path(home: home_.Home) -> Path:
    return home.root / "engine.terms"


def published(home: home_.Home, holder: EngineHolder) -> Published | None:
    """What the engine that holds the lock says of itself; None if it says nothing."""
    try:
        with _path(home).open("rb") as file:
            found = msgspec.json.decode(file.read(_MAX_BYTES), type=Published)
    except (OSError, ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None
    return found if found.pid == holder.pid else None


def _values(settings: Settings) -> dict[str, str]:
    return {
        f"{section}.{name}": _plain(name, value)
        for section in _SECTIONS
        for name in getattr(settings, section).__struct_fields__
        if not isinstance(value := getattr(getattr(settings, section), name), Secret)
    }


def _plain(name: str, value: object) -> str:
    """The value as text. A URL may contain a key (before the host, or after the path), which is
    redacted."""
    text = str(value)
    return (redact_url(text) or "?") if name == "base_url" and text else text


def _display(value: str) -> str:
    return clean_line(value, 80) or "not set"
