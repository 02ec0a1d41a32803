"""Which FFmpeg to use: the one the settings name, a good one on the PATH, else the wheel's.

A good one is new enough and has every encoder, format and filter that we use: a distribution's
build without x264 must not take the place of the wheel's.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import importlib.util
import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from aura_tui.errors import Code, InputError
from aura_tui.model.text import clean_line
from aura_tui.process import OutputTooLarge

if TYPE_CHECKING:
    from aura_tui.process import Children, Completed
    from aura_tui.settings import Settings

Source = Literal["settings", "path", "wheel"]

_LOOK_TIMEOUT_S = 10.0
_LIST_LIMIT = 1 << 20
_OLDEST_LIBAVCODEC = 59  # FFmpeg 5.0: what our options and the progress format were written for

_NEEDS: dict[str, frozenset[str]] = {
    "-encoders": frozenset({"libx264", "aac", "mov_text", "pcm_s16le"}),
    "-muxers": frozenset({"mp4", "wav", "null", "framecrc"}),
    "-demuxers": frozenset({"concat", "rawvideo", "wav", "srt", "ffmetadata"}),
    "-filters": frozenset({"aresample", "ebur128", "volume", "scale"}),
}

_INSTALL = (
    "Install it (apt install ffmpeg, brew install ffmpeg), or run "
    "'pip install --force-reinstall imageio-ffmpeg', or name one in AURA_RENDER_FFMPEG."
)


class FFmpeg(msgspec.Struct, frozen=True, kw_only=True):
    """An FFmpeg that was run and found good. ``identity`` changes with its build."""

    path: str
    version: str
    source: Source
    identity: str
    passed_over: str = ""  # why the one on the PATH was not taken, for `doctor`


_NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN)

_found: dict[tuple[str, str], FFmpeg] = {}


async def locate(settings: Settings, children: Children) -> FFmpeg:
    """The FFmpeg to use; looked for once per process.

    Raises :class:`InputError` (``FFMPEG_MISSING``) when there is none, or when the one that the
    settings name is not good: what was asked for by name is never replaced in silence.
    """
    wish = settings.render.ffmpeg
    cached = _found.get((wish, os.environ.get("PATH", "")))
    if cached is not None and os.access(cached.path, os.X_OK):
        return cached
    found = await (_named(wish, children) if wish else _best(children))
    _found[wish, os.environ.get("PATH", "")] = found
    return found


async def _named(wish: str, children: Children) -> FFmpeg:
    path = shutil.which(os.path.expanduser(wish))
    if path is None:
        raise InputError(
            Code.FFMPEG_MISSING,
            f"The FFmpeg of the settings isn't there: {clean_line(wish, 200)}",
            "Correct render.ffmpeg (AURA_RENDER_FFMPEG), or leave it out to have one found.",
            field="render.ffmpeg",
        )
    found = await _examine(path, "settings", children)
    if isinstance(found, str):
        raise InputError(
            Code.FFMPEG_MISSING,
            f"The FFmpeg of the settings can't be used: {found} ({clean_line(path, 200)})",
            "Name another one in render.ffmpeg (AURA_RENDER_FFMPEG), or leave it out.",
            field="render.ffmpeg",
        )
    return found


async def _best(children: Children) -> FFmpeg:
    passed_over = ""
    if path := shutil.which("ffmpeg"):
        found = await _examine(path, "path", children)
        if isinstance(found, FFmpeg):
            return found
        passed_over = f"{clean_line(path, 200)}: {found}"
    wheel = await asyncio.to_thread(_wheel)
    if wheel is None:
        raise InputError(
            Code.FFMPEG_MISSING,
            "There is no FFmpeg" if not passed_over else f"No good FFmpeg: {passed_over}",
            _INSTALL,
        )
    found = await _examine(wheel, "wheel", children)
    if isinstance(found, str):
        raise InputError(Code.FFMPEG_MISSING, f"The wheel's FFmpeg fails: {found}", _INSTALL)
    return msgspec.structs.replace(found, passed_over=passed_over)


def _wheel() -> str | None:
    """The one in imageio-ffmpeg, or the environment's in its place (conda, IMAGEIO_FFMPEG_EXE).

    Looked for rather than asked for: ``get_ffmpeg_exe`` runs what it finds, with our environment,
    keys and all; and it is examined here anyway.
    """
    spec = importlib.util.find_spec("imageio_ffmpeg")
    folders = spec.submodule_search_locations if spec is not None else None
    shipped = [path for each in folders or () for path in Path(each, "binaries").glob("ffmpeg-*")]
    named = os.environ.get("IMAGEIO_FFMPEG_EXE")
    for path in [Path(named)] if named else [*sorted(shipped), Path(sys.prefix, "bin", "ffmpeg")]:
        if path.is_absolute() and path.is_file() and os.access(path, os.X_OK):
            return str(path)
    return None


async def _examine(path: str, source: Source, children: Children) -> FFmpeg | str:
    """The FFmpeg at ``path``, or why it won't do."""
    questions = ("-version", *_NEEDS)
    answers = await asyncio.gather(*(_ask(path, q, children) for q in questions))
    about = answers[0]
    version = re.match(r"ffmpeg version (\S{1,80})", about)
    codec = re.search(r"^libavcodec\s+(\d{1,4})\.", about, re.MULTILINE)
    if not version or not codec:
        return "it doesn't run as FFmpeg does"
    if int(codec[1]) < _OLDEST_LIBAVCODEC:
        return f"version {clean_line(version[1], 40)} is older than 5.0"
    for question, listing in zip(questions[1:], answers[1:], strict=True):
        if lacks := sorted(_NEEDS[question] - _names(listing)):
            return f"it lacks {', '.join(lacks)}"
    return FFmpeg(
        path=path,
        version=clean_line(version[1], 40),
        source=source,
        identity=hashlib.sha256(about.encode()).hexdigest()[:16],
    )


async def _ask(path: str, question: str, children: Children) -> str:
    """What ``path`` prints on stdout; "" when it fails, hangs or floods.

    Raises OSError where the system has no room for another process: no fault of FFmpeg's.
    """
    try:
        done: Completed = await children.run(
            [path, "-nostdin", "-hide_banner", question],
            timeout_s=_LOOK_TIMEOUT_S,
            max_output=_LIST_LIMIT,
        )
    except (OSError, TimeoutError, OutputTooLarge) as e:
        if isinstance(e, OSError) and e.errno in _NO_ROOM:
            raise
        return ""
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""


def _names(listing: str) -> set[str]:
    """The names of a listing's rows: ``FLAGS name[,name] description``."""
    rows = (line.split(maxsplit=2) for line in listing.splitlines())
    return {name for row in rows if len(row) > 1 for name in row[1].split(",")}
