"""Opens a finished file with the desktop's program or the pager, or saves a copy elsewhere.

Workers of the app call it. Nothing here blocks the loop or overwrites a file.
"""

from __future__ import annotations

import asyncio
import errno
import os
import shlex
import shutil
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from aura_tui.errors import AuraError, Code, InputError, NotFound
from aura_tui.model.text.sanitize import clean_line
from aura_tui.system import files, permissions
from aura_tui.system.environment import without_secrets
from aura_tui.system.tasks import in_thread, result_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aura_tui.model.events import Artifact
    from aura_tui.model.job import Job

# A failing opener exits at once; one that shows the file itself runs until it is closed.
_OPENER_ANSWERS_S = 2.0
_CHUNK = 1024 * 1024


async def open_file(
    path: Path, environ: Mapping[str, str], *, platform: str = sys.platform
) -> None:
    """Open ``path`` with the desktop's program; returns when that has started.

    The program is detached from our terminal and outlives us. Raises NotFound if the file doesn't
    exist, and InputError, with the path to copy, if there is no desktop or the program fails.
    """
    path = path.absolute()
    if not path.is_file():
        raise _gone(path)
    command = _opener(path, environ, platform)
    code = await _start(command, path, environ)
    if code:
        raise _unopened(path, f"{command} couldn't open it (exit status {code})")


_TEXTS = {"application/json", "application/x-subrip", "application/x-ndjson", "application/yaml"}
_PAGERS = ("less", "more")


def is_text(artifact: Artifact) -> bool:
    """Whether a file is text, by its media type."""
    return artifact.type.startswith("text/") or artifact.type in _TEXTS


def pager(path: Path, environ: Mapping[str, str]) -> list[str]:
    """The command that shows a text file in the terminal: ``PAGER``, else less or more. Raises
    NotFound if the file doesn't exist, and InputError if there is no pager."""
    if not path.is_file():
        raise _gone(path)
    try:
        words = shlex.split(environ.get("PAGER", ""))
    except ValueError:  # an open quote
        words = []
    wanted = words[:1] or list(_PAGERS)
    found = next((name for name in wanted if shutil.which(name, path=environ.get("PATH"))), None)
    if found is None:
        raise _unopened(path, f"no pager was found ({' or '.join(wanted)}; set PAGER)")
    return [found, *words[1:], str(path)]


def ffmpeg_log(job: Job, home: Path, *, remote: bool, recorded: bool) -> Path:
    """FFmpeg's log of ``job``, whose engine has its state in ``home``. Raises NotFound if there is
    none on this machine."""
    from aura_tui.engine.home import Home

    if recorded:
        raise _no_log("A recording doesn't hold FFmpeg's log")
    if remote:
        raise log_on_server(job.id)
    path = Home(home).ffmpeg_log(job.id)
    if not path.is_file():
        ended = job.status.ended
        raise _no_log(
            "FFmpeg's log of this job no longer exists, or FFmpeg never ran"
            if ended
            else "FFmpeg hasn't run for this job yet"
        )
    return path


def log_on_server(job_id: str) -> NotFound:
    """FFmpeg's log is on another machine."""
    return NotFound(
        Code.ARTIFACT_UNKNOWN,
        "FFmpeg's log is on the server and can't be downloaded",
        f"Show the job's own log with: aura-tui logs {job_id}.",
    )


def _no_log(why: str) -> NotFound:
    return NotFound(Code.ARTIFACT_UNKNOWN, why, "The board's log pane shows the job's own log.")


def _opener(path: Path, environ: Mapping[str, str], platform: str) -> str:
    if platform == "darwin":
        if environ.get("SSH_CONNECTION"):
            raise _unopened(path, "it is on another machine, at the other end of SSH")
        return "open"
    if environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"):
        return "xdg-open"
    if environ.get("SSH_CONNECTION"):
        raise _unopened(path, "it is on another machine, at the other end of SSH")
    raise _unopened(path, "there is no desktop: neither DISPLAY nor WAYLAND_DISPLAY is set")


async def _start(command: str, path: Path, environ: Mapping[str, str]) -> int | None:
    """Start the opener and return its exit status; None: it is still running, and a thread of its
    own waits for it.

    A daemon thread, not an executor's, so that the board can exit while a player is open.
    """
    try:
        process = await asyncio.to_thread(
            subprocess.Popen,
            [command, str(path)],
            env=without_secrets(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            umask=permissions.users_umask(),
        )
    except OSError as e:
        raise _unopened(path, f"can't run {command}: {e.strerror or e}") from None
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[int] = loop.create_future()

    def tell(code: int, error: BaseException | None) -> None:
        if ended.done():
            return
        if error is None:
            ended.set_result(code)
        else:  # raised here, or reported by the loop if nothing awaits it any more
            ended.set_exception(error)

    def wait() -> None:
        code, error = 0, None
        try:
            code = process.wait()
        except BaseException as e:
            error = e
        with suppress(RuntimeError):  # the loop has closed
            loop.call_soon_threadsafe(tell, code, error)

    threading.Thread(target=wait, name=f"waits for {command}", daemon=True).start()
    done, _ = await asyncio.wait((ended,), timeout=_OPENER_ANSWERS_S)
    if not done:
        return None
    return await result_of(ended, command)


async def save_copy(source: Path, target: str | Path) -> Path:
    """Copy ``source`` to ``target``, a new file or a folder; returns the copy's path.

    The copy appears whole or not at all, and never replaces a file. Raises NotFound if the source
    doesn't exist, and AuraError if the copy can't be made. A cancelled copy leaves nothing.
    """
    goal = await asyncio.to_thread(_goal, source, target)
    stop = threading.Event()
    await in_thread(lambda: _copy(source, goal, stop), stop=stop.set)
    return goal


def _goal(source: Path, target: str | Path) -> Path:
    text = os.fspath(target)
    if not text.strip() or "\0" in text:
        raise _unsaved("No file or folder was given for the copy", "Enter a folder or a file.")
    try:
        path = Path(text).expanduser().absolute()
    except RuntimeError:
        raise _unsaved(
            f"{_shown(text)}: unknown user in ~name",
            "Enter an absolute path.",
        ) from None
    if path.is_dir() or text.endswith(("/", os.sep)):
        path = path / source.name
    if not path.parent.is_dir():
        raise _unsaved(
            f"Folder {_shown(path.parent)} not found", "Create it, or choose another folder."
        )
    if os.path.lexists(path):
        raise _taken(path)
    return path


class _Stopped(Exception):
    """The copy was cancelled."""


def _copy(source: Path, goal: Path, stop: threading.Event) -> None:
    try:
        with (
            source.open("rb") as reader,
            files.atomic_writer(goal, new=True, for_person=True) as writer,
        ):
            while data := reader.read(_CHUNK):
                if stop.is_set():
                    raise _Stopped
                writer.write(data)
    except FileExistsError:
        raise _taken(goal) from None
    except OSError as e:
        if not source.is_file():
            raise _gone(source) from None
        raise _refused(goal, e) from None


def _gone(path: Path) -> NotFound:
    return NotFound(
        Code.ARTIFACT_UNKNOWN,
        f"{_shown(path)} no longer exists",
        "It was moved or deleted; retry the job to make it again.",
    )


def _unopened(path: Path, why: str) -> InputError:
    return InputError(
        Code.OPENER_MISSING,
        f"Can't open the file from here: {why}",
        f"Copy its path instead: {_shown(path)}",
    )


def _taken(path: Path) -> InputError:
    return _unsaved(f"{_shown(path)} already exists", "Choose another name, or move that file.")


def _unsaved(message: str, remediation: str) -> InputError:
    return InputError(Code.OUTPUT_UNWRITABLE, message, remediation)


def _refused(goal: Path, error: OSError) -> AuraError:
    where = _shown(goal.parent)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return AuraError(
            Code.DISK_FULL,
            f"No space left for the copy in {where}",
            "Free some space, or save elsewhere.",
        )
    return _unsaved(
        f"Can't write the copy to {where}: {error.strerror or error}",
        "Save it in a folder that you can write to.",
    )


def _shown(path: str | Path) -> str:
    return clean_line(os.fspath(path), 1000)
