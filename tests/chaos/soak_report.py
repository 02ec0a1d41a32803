"""What a soak found, as a table: four quarters of it, the slope, and whether that is flat.

The verdicts hold the second quarter against the last. In the first one the engine's rings of
recent events fill, and nothing is old enough to be swept: that is no leak, and shown beside. Times
are held by how long a fixed piece of work took meanwhile: a machine may be busy with other things.
"""

from __future__ import annotations

import math
import statistics
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from tests.benchmarks.measure import machine
from tests.chaos.soak_run import CANCEL_EVERY, FPS, SIZE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from tests.chaos.soak_run import Soak


_LISTED_KB = 2  # of a board's memory, for each job in its list
_CONTROL = "a fixed piece of work, median, ms"


class Row(msgspec.Struct, frozen=True):
    """A column of numbers by quarters. ``slope`` is by hour, over all but the first quarter; flat
    is a last quarter of at most ``factor`` times the second one, or ``more`` above it."""

    name: str
    quarters: tuple[float, float, float, float]
    slope: float
    factor: float
    more: float
    digits: int = 0

    @property
    def flat(self) -> bool:
        """Whether the last quarter is within the bound."""
        _, second, _, last = self.quarters
        return last <= max(second * self.factor, second + self.more)


def rows(soak: Soak) -> list[Row]:
    """All that should be flat."""
    whole = soak.took_s
    made: list[Row] = []
    # A board lists every job that it has seen: half of all between the two quarters.
    listed = _LISTED_KB * soak.wanted / 2 / 1024
    for name, field, unit, factor, more in (
        ("server, resident, MB", "rss_kb", 1024, 1.05, 2),
        ("open files", "fds", 1, 1.0, 4),
        ("threads", "threads", 1, 1.0, 4),
        ("child processes at work", "children", 1, 1.0, 1),
        ("store with its WAL, MB", "store_kb", 1024, 1.10, 1),
        ("all of AURA_HOME, MB", "home_kb", 1024, 1.10, 8),
        ("the watching board, resident, MB", "board_kb", 1024, 1.0, listed),
    ):
        points = [(s.at_s, getattr(s, field) / unit) for s in soak.samples]
        quarters = _quarters(points, whole, statistics.median)
        made.append(Row(name, quarters, _slope(points, whole), factor, more, int(unit > 1)))
    points = [(s.at_s, s.control_ms) for s in soak.samples]
    control = _quarters(points, whole, statistics.median)
    made.append(Row(_CONTROL, control, _slope(points, whole), math.inf, 0, 1))
    busier = max(1.0, control[3] / control[1]) if control[1] else 1.0
    for name, points, at, factor, ms in (
        ("event to client, median, ms", soak.latencies, 0.5, 1.25, 1.0),
        ("event to client, 99th percentile, ms", soak.latencies, 0.99, 1.5, 10.0),
        ("a job, queued to end, median, s", soak.durations, 0.5, 1.25, 0.2),
    ):
        quarters = _quarters(points, whole, partial(_at, share=at))
        made.append(Row(name, quarters, _slope(points, whole), factor * busier, ms, 2))
    return made


def verdict(soak: Soak) -> list[str]:
    """What isn't as it should be; empty: all is well."""
    assert soak.before
    assert soak.after
    bad = [f"{row.name} grows" for row in rows(soak) if not row.flat]
    if soak.after.fds > soak.before.fds:
        bad.append(f"{soak.after.fds - soak.before.fds} open files are left over")
    if soak.after.children:
        bad.append(f"{soak.after.children} children are left over")
    if sum(soak.ends.values()) != soak.wanted:
        bad.append(f"{soak.wanted - sum(soak.ends.values())} jobs never ended")
    return bad


def table(soak: Soak, began: datetime, seed: int) -> str:
    """The report, in Markdown."""
    assert soak.before
    assert soak.after
    before, after = soak.before, soak.after
    bad = verdict(soak)
    ends = ", ".join(f"{count:,} {status}" for status, count in sorted(soak.ends.items()))
    lines = [
        "# Soak",
        "",
        f"`python -m tests.chaos.soak --jobs {soak.wanted} --hours {soak.took_s / 3600:.2g} --seed "
        f"{seed}`, begun {began:%Y-%m-%d %H:%M} UTC, {soak.took_s:,.0f} s, on {machine()} (shared "
        "with other work).",
        "",
        "`aura-tui serve` with a token, on loopback. Jobs at an even pace, each a brief of its own "
        f"of one sentence, {SIZE} at {FPS} fps, through all five stages (eSpeak NG, drawn cards, "
        f"FFmpeg); every {CANCEL_EVERY}th is cancelled at work. Ended jobs and unused pieces are "
        f"kept for {soak.keep_s / 60:.3g} minutes. Watchers, all the while: a client on all jobs, "
        "a reader of all jobs that reads slowly and comes and goes by id, a board of 120x40 on a "
        "terminal; beside them a stream for each job, whose fold is held against the server's.",
        "",
        f"{ends}; {soak.events:,} events; {soak.visits:,} visits of the reader that comes and "
        "goes, which lost and repeated nothing.",
        "",
        "| | 1st quarter | 2nd | 3rd | 4th | slope an hour | flat: 4th at most | |",
        "|---|---:|---:|---:|---:|---:|---|---|",
    ]
    for row in rows(soak):
        numbers = " | ".join(f"{value:,.{row.digits}f}" for value in row.quarters)
        bound = f"{row.factor:.3g} times the 2nd, or {row.more:.3g} more"
        held = "flat" if row.flat else "GROWS"
        if row.name == _CONTROL:
            bound = held = ""
        slope = f"{row.slope:+,.{row.digits + 1}f}"
        lines.append(f"| {row.name} | {numbers} | {slope} | {bound} | {held} |")
    lines += [
        "",
        "Medians of the samples in a quarter; the slope is a straight line through the 2nd to the "
        "4th. In the 1st, the rings of recent events fill, and nothing is old enough to be swept. "
        "The fixed piece of work is the soak's own: it says how busy the machine was; times are "
        f"held by it. A board lists the jobs that it has seen, at up to {_LISTED_KB} KB each once "
        "the 500 that it keeps whole are there.",
        "",
        "| at rest, its watchers there | before | after |",
        "|---|---:|---:|",
        f"| server, resident, MB | {before.rss_kb / 1024:,.1f} | {after.rss_kb / 1024:,.1f} |",
        f"| open files | {before.fds} | {after.fds} |",
        f"| threads | {before.threads} | {after.threads} |",
        f"| child processes | {before.children} | {after.children} |",
        "",
        f"SIGTERM to the server's end, with its watchers there: {soak.exit_s:.2f} s; no process "
        "and no temporary file was left.",
        "",
        f"**{'Flat.' if not bad else 'Not flat: ' + '; '.join(bad) + '.'}**",
        "",
    ]
    return "\n".join(lines)


def _quarters(
    points: Sequence[tuple[float, float]], whole_s: float, of: Callable[[list[float]], float]
) -> tuple[float, float, float, float]:
    parts: list[list[float]] = [[], [], [], []]
    for at, value in points:
        parts[min(3, int(4 * at / whole_s))].append(value)
    first, second, third, last = (of(part) if part else 0.0 for part in parts)
    return first, second, third, last


def _at(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _slope(points: Sequence[tuple[float, float]], whole_s: float) -> float:
    """By hour, of the straight line through all but the first quarter."""
    kept = [point for point in points if point[0] >= whole_s / 4]
    if len(kept) < 2:
        return 0.0
    return statistics.linear_regression(*zip(*kept, strict=True)).slope * 3600
