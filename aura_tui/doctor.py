"""``aura-tui doctor``: checks the installation."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import sys
from typing import TYPE_CHECKING, Literal

import msgspec

from aura_tui import __version__
from aura_tui.engine import home as home_
from aura_tui.engine import lock as lock_
from aura_tui.errors import AuraError
from aura_tui.format.words import local_time
from aura_tui.model.text.redact import redact_url
from aura_tui.model.text.sanitize import clean_line
from aura_tui.settings import config_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aura_tui.settings import ScriptSettings, Settings, SpeechSettings, VisualsSettings

Verdict = Literal["ok", "note", "missing"]


class Finding(msgspec.Struct, frozen=True):
    """The result of one check. ``missing`` prevents jobs, ``note`` doesn't; ``advice`` may be
    empty."""

    name: str
    verdict: Verdict
    detail: str
    advice: str = ""


async def examine(settings: Settings, environ: Mapping[str, str]) -> tuple[Finding, ...]:
    """All findings, in display order."""
    return (
        Finding("aura-tui", "ok", f"{__version__}, Python {platform.python_version()}"),
        await _ffmpeg(settings),
        _script(settings),
        await _speech(settings),
        await _visuals(settings),
        await asyncio.to_thread(_themes, settings),
        _home(settings),
        _engine(settings),
        _config(environ),
        _terminal(environ),
    )


async def _ffmpeg(settings: Settings) -> Finding:
    from aura_tui.providers.ffmpeg import find_ffmpeg

    try:
        found = await find_ffmpeg(settings)
    except AuraError as e:
        return Finding("FFmpeg", "missing", e.message, e.remediation)
    return Finding("FFmpeg", "ok", f"{found.version} ({found.source}) {found.path}")


async def _speech(settings: Settings) -> Finding:
    from aura_tui.providers import speech

    try:
        provider = speech.choose("", settings)
        provider.resolve(settings.speech.voice, "")
        count = len(await provider.voices())
    except AuraError as e:
        return Finding("Voice", "missing", e.message, e.remediation)
    endpoint = _endpoint(settings.speech) if provider.name == "openai" else ""
    return Finding(
        "Voice",
        "ok",
        f"{provider.name}{endpoint}, {count} voices (list them with: doctor --voices)",
    )


def _script(settings: Settings) -> Finding:
    from aura_tui.providers import script

    try:
        provider, _ = script.choose("", settings)
    except AuraError as e:
        return Finding("Script", "missing", e.message, e.remediation)
    endpoint = _endpoint(settings.script) if provider.name == "llm" else ""
    return Finding("Script", "ok", f"{provider.name}{endpoint}")


async def _visuals(settings: Settings) -> Finding:
    from aura_tui.providers import visuals

    try:
        provider = await asyncio.to_thread(visuals.choose, "", settings)
    except AuraError as e:
        return Finding("Visuals", "missing", e.message, e.remediation)
    await provider.close()
    endpoint = _endpoint(settings.visuals) if provider.name == "openai" else ""
    return Finding("Visuals", "ok", f"{provider.name}{endpoint}")


def _endpoint(section: ScriptSettings | SpeechSettings | VisualsSettings) -> str:
    return f", {clean_line(section.model, 80)} at {redact_url(section.base_url)}"


def _themes(settings: Settings) -> Finding:
    from aura_tui.providers.visuals import THEMES, check_theme

    try:
        check_theme(settings.visuals.theme)
    except AuraError as e:
        return Finding("Cards", "missing", e.message, e.remediation)
    return Finding("Cards", "ok", f"themes: {', '.join(THEMES)}")


def _home(settings: Settings) -> Finding:
    try:
        home_.Home(settings.home).prepare()
    except AuraError as e:
        return Finding("Home", "missing", e.message, e.remediation)
    free_mb = shutil.disk_usage(settings.home).free // 1_000_000
    detail = f"{settings.home}, {free_mb:,} MB free"
    if not os.access(settings.home, os.W_OK):
        return Finding("Home", "missing", f"{detail}, not writable", "Set AURA_HOME.")
    if free_mb < settings.engine.min_free_mb:
        return Finding("Home", "missing", detail, "Free some space, or set AURA_HOME.")
    if settings.home.stat().st_mode & 0o077:
        detail += ", readable by other users: its file system has no permissions"
        return Finding("Home", "note", detail, "Set AURA_HOME to a folder on a local disk.")
    return Finding("Home", "ok", detail)


def _engine(settings: Settings) -> Finding:
    holder = lock_.holder(home_.Home(settings.home))
    if holder is None:
        return Finding("Engine", "ok", "not running (started on demand)")
    if lock_.is_stopped(holder):
        return Finding("Engine", "note", *lock_.suspended_text(holder))
    since = local_time(holder.since)
    return Finding("Engine", "ok", f"running: process {holder.pid}, since {since}")


def _config(environ: Mapping[str, str]) -> Finding:
    path = config_file(environ)
    there = "read" if path.is_file() else "not found; using defaults"
    return Finding("Configuration", "ok", f"{path} ({there})")


def _terminal(environ: Mapping[str, str]) -> Finding:
    size = shutil.get_terminal_size()
    parts = [environ.get("TERM") or "no TERM", f"{size.columns}x{size.lines}"]
    parts += [
        name for name in ("COLORTERM", "TMUX", "SSH_CONNECTION", "NO_COLOR") if name in environ
    ]
    encoding = (sys.stdout.encoding or "").lower()
    parts.append(encoding)
    if not sys.stdout.isatty():
        return Finding("Terminal", "note", "stdout is not a terminal; output is plain lines")
    if "utf" not in encoding:
        return Finding(
            "Terminal", "note", ", ".join(parts), "Set a UTF-8 locale for bars and markers."
        )
    return Finding("Terminal", "ok", ", ".join(parts))
