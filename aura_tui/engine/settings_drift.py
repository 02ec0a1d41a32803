"""By which settings the engine at work makes things: told beside its lock, in the user's own home.

One engine makes the runs of many terminals, each with an environment and a configuration of its
own. What a terminal has set, and the engine has not, would be without effect and without a word.
Keys are in none of this.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import msgspec

from aura_tui.engine import home as home_
from aura_tui.engine import lock as lock_
from aura_tui.model.redact import redact_url
from aura_tui.model.sanitize import clean_line
from aura_tui.settings import Secret
from aura_tui.system import files

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.settings import Settings

_SECTIONS = ("script", "speech", "visuals", "render")  # what becomes of a job depends on them
_MAX_BYTES = 64 * 1024
_NAMED = 3  # settings in a sentence
# What a run says by an option of its own.
_OPTIONS = {
    "script.provider": "--script",
    "speech.provider": "--speech",
    "speech.voice": "--voice",
    "speech.rate": "--rate",
    "visuals.provider": "--visuals",
    "visuals.theme": "--theme",
    "render.crf": "--quality",
}


class _Terms(msgspec.Struct, frozen=True):
    pid: int
    values: dict[str, str]


def publish(home: home_.Home, settings: Settings) -> None:
    """Write down the terms of this process's engine, which holds the lock. A disk that takes no
    more loses a warning, not the engine."""
    with contextlib.suppress(OSError):
        withdraw(home)
        terms = msgspec.json.encode(_Terms(os.getpid(), _values(settings)))
        files.atomic_write(_path(home), terms, mode=0o600, synced=False)


def withdraw(home: home_.Home) -> None:
    """The engine is about to give the home free."""
    with contextlib.suppress(OSError):
        _path(home).unlink(missing_ok=True)


def differences(home: home_.Home, settings: Settings) -> str:
    """What to say to a terminal with ``settings`` of the engine at work on ``home``: in what its
    own are others, and how to have one's own. "" where there is nothing to say."""
    holder, theirs = lock_.holder(home), _read(home)
    if holder is None or theirs is None or theirs.pid != holder.pid:
        return ""
    ours = _values(settings)
    other = [name for name in ours if name in theirs.values and ours[name] != theirs.values[name]]
    if not other:
        return ""
    told = [
        f"{name} = {_shown(theirs.values[name])} (yours: {_shown(ours[name])})"
        for name in other[:_NAMED]
    ]
    if len(other) > _NAMED:
        told.append(f"{len(other) - _NAMED} more")
    options = [_OPTIONS[name] for name in other if name in _OPTIONS]
    or_name = f", or pass {', '.join(options)}" if options else ""
    since = f"process {holder.pid}, since {holder.since.astimezone():%Y-%m-%d %H:%M}"
    return (
        f"The running engine ({since}) uses different settings: {'; '.join(told)}. "
        f"Restart it to apply yours{or_name}"
    )


def _path(home: home_.Home) -> Path:
    return home.root / "engine.terms"


def _read(home: home_.Home) -> _Terms | None:
    try:
        with _path(home).open("rb") as file:
            return msgspec.json.decode(file.read(_MAX_BYTES), type=_Terms)
    except (OSError, ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None


def _values(settings: Settings) -> dict[str, str]:
    return {
        f"{section}.{name}": _plain(name, value)
        for section in _SECTIONS
        for name in getattr(settings, section).__struct_fields__
        if not isinstance(value := getattr(getattr(settings, section), name), Secret)
    }


def _plain(name: str, value: object) -> str:
    """An address may have a key in it: in front of the host, or behind the path."""
    text = str(value)
    return (redact_url(text) or "?") if name == "base_url" and text else text


def _shown(value: str) -> str:
    return clean_line(value, 80) or "not set"
