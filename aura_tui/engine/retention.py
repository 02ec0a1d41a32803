"""Deletes old work by age, and partial files after a crash. Never touches files delivered with
-o."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
from itertools import chain
from typing import TYPE_CHECKING

from aura_tui.engine.store import trusted_time
from aura_tui.pipeline.cache import ArtifactCache
from aura_tui.system import files, permissions

if TYPE_CHECKING:
    from aura_tui.engine.event_log import EventLog
    from aura_tui.engine.home import Home
    from aura_tui.settings import EngineSettings

_JOB_ID = re.compile(r"[0-9a-f]{10}")


def sweep_partial(home: Home) -> int:
    """Remove the partial files of an engine that was killed; returns how many files and folders.

    Call it before any work starts: no partial file is in use then.
    """
    # Not in the home itself, where other processes write, too (the list of tokens).
    folders = (home.pieces.glob("*/*"), home.jobs.glob("*/*"), home.jobs.glob("*/artifacts/*"))
    halves = [path for path in chain(*folders) if files.is_part(path.name)]
    halves += chain(home.jobs.glob("*/scratch"), home.root.glob(".engine.*.part"))
    halves += home.root.glob(".engine.sock.*")  # earlier versions'
    removed = 0
    for path in halves:
        with contextlib.suppress(OSError):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            removed += 1
    return removed


def every_s(settings: EngineSettings) -> float:
    """Seconds between sweeps: an hour, or less where retention is short, so that little is kept
    for longer than configured."""
    shortest_s = min(settings.keep_workspaces_h * 3600, settings.keep_jobs_days * 86400)
    return max(60.0, min(3600.0, shortest_s / 4))


async def sweep(log: EventLog, home: Home, settings: EngineSettings, now_s: float) -> None:
    """Sweep once. ``now_s`` is the wall clock (seconds since the epoch); ages count up to the
    trusted time, see :mod:`~aura_tui.engine.store.trusted_time`."""
    now_ms = int(now_s * 1000)
    trusted = await log.do(lambda store: trusted_time.look(store, now_ms))
    await _close_to_others(log, home)
    await sweep_as_of(log, home, settings, trusted.as_of(now_ms) / 1000)


async def sweep_as_of(log: EventLog, home: Home, settings: EngineSettings, now_s: float) -> None:
    """Remove all that is old at ``now_s``, whatever the clock says.

    Removes pieces that were unused for ``keep_workspaces_h``, except those that an open job may
    reuse; and jobs with their events and folders ``keep_jobs_days`` after their end. Folders of
    jobs that the store doesn't know (from an earlier, damaged store) are kept as long.
    """
    open_jobs = log.open_jobs()
    age = settings.keep_workspaces_h * 3600
    if open_jobs:
        age = max(age, now_s - min(job.created_at.timestamp() for job in open_jobs))
    await asyncio.to_thread(ArtifactCache(home.pieces).sweep, age, now_s)

    limit_s = now_s - settings.keep_jobs_days * 86400
    limit_ms, now_ms = int(limit_s * 1000), int(now_s * 1000)
    while old := await log.do(lambda store: store.prunable(limit_ms, now_ms)):
        for n, job_id in old:
            await delete_job(log, home, n, job_id)
    known = await log.do(lambda store: store.job_ids())
    await asyncio.to_thread(_sweep_folders, home, known, limit_s)


async def delete_job(log: EventLog, home: Home, n: int, job_id: str) -> None:
    """Delete an ended job: its events, its row, and its folder in the home."""
    last = log.last_id
    # One chunk per transaction: the engine's own appends go in between.
    while not await log.do(lambda store: store.prune(n)):
        pass
    await log.do(lambda store: store.set_meta("last_id", last))
    await asyncio.to_thread(shutil.rmtree, home.job(job_id), ignore_errors=True)


def _sweep_folders(home: Home, known: set[str], limit_s: float) -> None:
    for folder in home.jobs.iterdir():
        if not _JOB_ID.fullmatch(folder.name) or folder.name in known:
            continue
        with contextlib.suppress(OSError):  # a stray file, or removed meanwhile
            if max(p.lstat().st_mtime for p in (folder, *folder.iterdir())) <= limit_s:
                shutil.rmtree(folder, ignore_errors=True)


async def _close_to_others(log: EventLog, home: Home) -> None:
    """Make private, once, what earlier versions left open below the home. It visits every file,
    which may take a while."""
    if not await log.do(lambda store: store.meta("private")):
        await asyncio.to_thread(_take_all_from_others, home)
        await log.do(lambda store: store.set_meta("private", 1))


def _take_all_from_others(home: Home) -> None:
    for root in (home.pieces, home.jobs):
        for folder, _, names in os.walk(root):
            for path in (folder, *(os.path.join(folder, name) for name in names)):
                with contextlib.suppress(OSError):  # removed meanwhile
                    permissions.make_private(path, os.lstat(path))
