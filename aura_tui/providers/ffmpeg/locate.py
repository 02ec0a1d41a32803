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
import stat
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from aura_tui.errors import Code, InputError
from aura_tui.model.sanitize import clean_line
from aura_tui.system.processes import OutputTooLarge, ProcessGroup
from aura_tui.system.tasks import result_of

if TYPE_CHECKING:
    from aura_tui.settings import Settings

Source = Literal["settings", "path", "wheel"]

LOOK = "look for FFmpeg"
_TIMEOUT_S = 2.0  # for all questions: people wait for it at submit
_WHEEL_TIMEOUT_S = 10.0  # the last resort, on a slow disk as well
_BAD_S = 30.0
_WHEEL_VARIABLE = "IMAGEIO_FFMPEG_EXE"
_LIST_LIMIT = 1 << 20
_OLDEST_LIBAVCODEC = 59  # FFmpeg 5.0: what our options and the progress format were written for

_NEEDS: dict[str, frozenset[str]] = {
    "-encoders": frozenset({"libx264", "aac", "mov_text", "pcm_s16le"}),
    "-muxers": frozenset({"mp4", "wav", "null", "framecrc"}),
    "-demuxers": frozenset({"concat", "rawvideo", "wav", "srt", "ffmetadata"}),
    "-filters": frozenset({"aresample", "ebur128", "volume", "scale"}),
}

_INSTALL = (
    "Install it (apt install ffmpeg, brew install ffmpeg), run "
    "'pip install --force-reinstall imageio-ffmpeg', or set AURA_RENDER_FFMPEG to its path."
)


class FFmpeg(msgspec.Struct, frozen=True, kw_only=True):
    """An FFmpeg that was run and found good. ``identity`` changes with its build."""

    path: str
    version: str
    source: Source
    identity: str
    passed_over: str = ""  # why the one on the PATH was not taken, for `doctor`


_NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN)

_Mark = tuple[str, int, int]  # a path, and its file's time of change (ns) and size
# What was found, by what it was: a program replaced or mended is looked at again. What is wrong
# may also lie beside it (a library, a machine with much to do): that is looked at again anyway.
_good: dict[_Mark, FFmpeg] = {}
_looks: dict[str, asyncio.Task[FFmpeg]] = {}
_bad: dict[_Mark, tuple[str, float]] = {}  # why, and until when by the monotonic clock


async def find_ffmpeg(settings: Settings) -> FFmpeg:
    """As :func:`locate`, with no job around it: at submit, and for those who only look. Several
    at once are one look, which goes on when one of them is cancelled: the next one needs it."""
    wish = settings.render.ffmpeg
    look = _looks.get(wish)
    if look is None or look.done() or look.get_loop() is not asyncio.get_running_loop():
        look = _looks[wish] = asyncio.create_task(_look(settings), name=LOOK)
        look.add_done_callback(lambda done: done.cancelled() or done.exception())
    return await result_of(look, "the look for FFmpeg")


async def _look(settings: Settings) -> FFmpeg:
    children = ProcessGroup()
    try:
        return await locate(settings, children)
    finally:
        await children.kill()


async def locate(settings: Settings, children: ProcessGroup) -> FFmpeg:
    """The FFmpeg to use. Each is looked at once per process, and again when its file changes.

    Raises :class:`InputError` (``FFMPEG_MISSING``) within 3 s when there is none, or when the one
    that the settings name is not good: what was asked for by name is never replaced in silence.
    """
    wish = settings.render.ffmpeg
    return await (_named(wish, children) if wish else _best(children))


async def _named(wish: str, children: ProcessGroup) -> FFmpeg:
    path = os.path.expanduser(wish)
    path = path if os.sep in path else shutil.which(path) or path
    found = await _examined(path, "settings", children)
    if isinstance(found, FFmpeg):
        return found
    setting = _setting(wish)
    raise InputError(
        Code.FFMPEG_MISSING,
        f"The configured FFmpeg doesn't work: {clean_line(path, 300)} ({setting}): {found}",
        f"Correct {setting}, or omit it to use the default FFmpeg.",
        field="render.ffmpeg",
    )


def _setting(wish: str) -> str:
    """Where the settings have ``wish`` from, for people."""
    variable = "AURA_RENDER_FFMPEG"
    return variable if os.environ.get(variable) == wish else "render.ffmpeg in the config file"


async def _best(children: ProcessGroup) -> FFmpeg:
    passed_over = ""
    if path := shutil.which("ffmpeg"):
        found = await _examined(path, "path", children)
        if isinstance(found, FFmpeg):
            return found
        passed_over = f"{clean_line(path, 200)}: {found}"
    wheel = await asyncio.to_thread(_wheel)
    if wheel is None:
        raise InputError(
            Code.FFMPEG_MISSING,
            f"No working FFmpeg found: {passed_over}" if passed_over else "FFmpeg was not found",
            _INSTALL,
        )
    found = await _examined(wheel, "wheel", children)
    if isinstance(found, str):
        variable = os.environ.get(_WHEEL_VARIABLE)
        named = f" ({_WHEEL_VARIABLE})" if variable else ""
        why = f"{clean_line(wheel, 200)}{named}: {found}"
        raise InputError(
            Code.FFMPEG_MISSING,
            "No working FFmpeg found: " + "; ".join(filter(None, (passed_over, why))),
            _INSTALL if not variable else f"Correct or unset {_WHEEL_VARIABLE}.",
        )
    return msgspec.structs.replace(found, passed_over=passed_over)


def _wheel() -> str | None:
    """The one in imageio-ffmpeg, or the environment's in its place (conda, IMAGEIO_FFMPEG_EXE).

    Looked for rather than asked for: ``get_ffmpeg_exe`` runs what it finds, with our environment,
    keys and all; and it is examined here anyway.
    """
    spec = importlib.util.find_spec("imageio_ffmpeg")
    folders = spec.submodule_search_locations if spec is not None else None
    shipped = [path for each in folders or () for path in Path(each, "binaries").glob("ffmpeg-*")]
    if named := os.environ.get(_WHEEL_VARIABLE):
        return named if os.path.isabs(named) else None
    for path in [*sorted(shipped), Path(sys.prefix, "bin", "ffmpeg")]:
        if path.is_absolute() and path.is_file() and os.access(path, os.X_OK):
            return str(path)
    return None


async def _examined(path: str, source: Source, children: ProcessGroup) -> FFmpeg | str:
    """The FFmpeg at ``path``, or why it won't do. What is known is not asked again."""
    try:
        file = os.stat(path)
    except OSError as e:
        return "it doesn't exist" if e.errno == errno.ENOENT else e.strerror or "no such path"
    if not stat.S_ISREG(file.st_mode):
        return "it is a folder" if stat.S_ISDIR(file.st_mode) else "it is not a file"
    if not os.access(path, os.X_OK):
        return "it is not executable (chmod +x it)"
    mark = (os.path.abspath(path), file.st_mtime_ns, file.st_size)
    if known := _good.get(mark):
        return msgspec.structs.replace(known, source=source)
    why, until = _bad.get(mark, ("", 0.0))
    if time.monotonic() < until:
        return why
    limit_s = _WHEEL_TIMEOUT_S if source == "wheel" else _TIMEOUT_S
    try:
        async with children.timeout(limit_s):
            found = await _examine(path, source, children)
    except TimeoutError:
        found = f"it didn't answer within {limit_s:g} s"
    if isinstance(found, FFmpeg):
        _good[mark] = found
    else:
        _bad[mark] = (found, time.monotonic() + _BAD_S)
    return found


async def _examine(path: str, source: Source, children: ProcessGroup) -> FFmpeg | str:
    questions = ("-version", *_NEEDS)
    asked = await asyncio.gather(
        *(_ask(path, q, children) for q in questions), return_exceptions=True
    )
    for error in asked:
        if isinstance(error, OSError) and error.errno not in _NO_ROOM:
            return error.strerror or "it can't be started"
        if isinstance(error, BaseException):
            raise error
    answers = [answer for answer in asked if isinstance(answer, str)]
    about = answers[0]
    version = re.match(r"ffmpeg version (\S{1,80})", about)
    codec = re.search(r"^libavcodec\s+(\d{1,4})\.", about, re.MULTILINE)
    if not version or not codec:
        return "it isn't FFmpeg"
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


async def _ask(path: str, question: str, children: ProcessGroup) -> str:
    """What ``path`` prints on stdout; "" when it fails or floods. Raises OSError where it can't be
    started."""
    try:
        done = await children.run(
            [path, "-nostdin", "-hide_banner", question], max_output=_LIST_LIMIT
        )
    except OutputTooLarge:
        return ""
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""


def _names(listing: str) -> set[str]:
    """The names of a listing's rows: ``FLAGS name[,name] description``."""
    rows = (line.split(maxsplit=2) for line in listing.splitlines())
    return {name for row in rows if len(row) > 1 for name in row[1].split(",")}
