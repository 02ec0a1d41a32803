"""What a stage's context does around each piece: retries, counts, errors, keys."""

from __future__ import annotations

import asyncio
import errno
import math
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_tui.errors import AuraError, Code, InputError, StageError, Transient
from aura_tui.model.request import Brief, JobRequest, Options
from aura_tui.pipeline.cache import ArtifactCache
from aura_tui.pipeline.context import StageContext, backoff_s, storage_error
from aura_tui.settings import EngineSettings, Settings
from aura_tui.system.processes import ProcessGroup
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from aura_tui.providers.protocols import Severity


class Record:
    """A reporter that keeps what it is told."""

    def __init__(self) -> None:
        self.logs: list[tuple[str, str]] = []
        self.warnings: list[str] = []

    def progress(self, percent: float, message: str, **more: object) -> None:
        raise AssertionError("a piece reports no progress of its own")

    def log(self, message: str, severity: Severity = "info") -> None:
        self.logs.append((severity, message))

    def warn(self, message: str) -> None:
        self.warnings.append(message)

    def artifact(self, name: str, path: Path, type_: str) -> None:
        raise AssertionError("a piece is no artifact")

    def picture(self, path: Path) -> None:
        raise AssertionError("a piece is shown by its stage")


class Bench:
    """A context on a folder, with its reporter."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.record = Record()

    def context(
        self, *, retries: int = 3, cap_s: float = 0.002, lineage: str = "job-1", fresh: bool = False
    ) -> StageContext:
        engine = EngineSettings(retries=retries, retry_base_s=0.0005, retry_cap_s=cap_s)
        return StageContext(
            job_id="job-1",
            correlation_id="c",
            lineage=lineage,
            request=JobRequest(brief=Brief(topic="t"), options=Options(fresh=fresh)),
            settings=Settings(home=self.folder, engine=engine),
            children=ProcessGroup(),
            pieces=ArtifactCache(self.folder / "pieces"),
            scratch=self.folder,
            artifacts=self.folder,
            ffmpeg_log=self.folder / "ffmpeg.log",
            report=self.record,
        )


@pytest.fixture
def ctx(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def busy(**more: Any) -> Transient:
    return Transient(Code.SPEECH_PROVIDER_UNAVAILABLE, "It is busy", "Try later.", **more)


class Build:
    """A build that fails as often as it has errors, then writes "sound"."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.tries = 0
        self.found: list[bool] = []

    async def __call__(self, path: Path) -> int:
        self.tries += 1
        self.found.append(path.exists())
        path.write_bytes(b"half")
        if self.errors:
            raise self.errors.pop(0)
        path.write_bytes(b"sound")
        return self.tries


async def piece(context: StageContext, build: Callable[[Path], Awaitable[int]]) -> Any:
    return await context.piece(context.key("speech", "x"), "speech", int, build, ".wav")


async def test_made_and_reused_pieces_are_counted(ctx: Bench) -> None:
    context = ctx.context()
    assert not (await piece(context, Build())).reused
    assert (await piece(context, Build(AssertionError()))).reused
    # A sentence that is said twice is no work from before: such a run tells how long one takes.
    assert (context.made, context.reused) == (2, 0)
    again = ctx.context()
    await piece(again, Build(AssertionError()))
    assert (again.made, again.reused) == (0, 1)


async def test_a_transient_failure_is_tried_again_from_nothing(ctx: Bench) -> None:
    context, build = ctx.context(), Build(busy(), busy())
    done = await piece(context, build)
    assert done.document == 3
    assert done.path.read_bytes() == b"sound"
    assert build.found == [False, False, False]
    assert (context.made, context.reused) == (1, 0)
    assert [severity for severity, _ in ctx.record.logs] == ["warning", "warning"]
    assert "It is busy; try 2 of 4" in ctx.record.logs[0][1]
    assert "try 3 of 4" in ctx.record.logs[1][1]


@pytest.mark.parametrize("retries", [0, 1, 3])
async def test_the_tries_are_as_many_as_the_settings_say(ctx: Bench, retries: int) -> None:
    context, build = ctx.context(retries=retries), Build(*(busy() for _ in range(9)))
    with pytest.raises(Transient, match="It is busy"):
        await piece(context, build)
    assert build.tries == retries + 1
    assert (context.made, context.reused) == (0, 0)
    assert [p for p in (ctx.folder / "pieces").rglob("*") if p.is_file()] == []


@pytest.mark.parametrize(
    "error",
    [
        StageError(Code.SPEECH_PROVIDER_REFUSED, "No", "Pay."),
        InputError(Code.VOICE_UNKNOWN, "No", "Name one."),
        ValueError("a mistake of ours"),
    ],
)
async def test_a_permanent_failure_is_not_tried_again(ctx: Bench, error: Exception) -> None:
    build = Build(error)
    with pytest.raises(type(error)) as caught:
        await piece(ctx.context(), build)
    assert caught.value is error
    assert build.tries == 1
    assert ctx.record.logs == []


async def test_a_cancelled_wait_ends_at_once_and_leaves_nothing(ctx: Bench) -> None:
    build = Build(busy(retry_after_s=3600.0))
    task = asyncio.create_task(piece(ctx.context(cap_s=1000), build))
    await until(lambda: ctx.record.logs)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert build.tries == 1
    assert [p for p in (ctx.folder / "pieces").rglob("*") if p.is_file()] == []


async def test_while_paused_no_piece_is_begun(ctx: Bench) -> None:
    context, build = ctx.context(), Build()
    context.children.pause()
    task = asyncio.create_task(piece(context, build))
    for _ in range(5):  # time enough for the search that would come before the build
        await asyncio.to_thread(context.pieces.find, "0" * 40, int)
    assert build.tries == 0
    context.children.resume()
    assert (await task).document == 1


async def test_while_paused_no_piece_is_tried_again(ctx: Bench) -> None:
    context, build = ctx.context(), Build(busy())

    async def pausing(path: Path) -> int:
        if build.tries == 0:
            context.children.pause()
        return await build(path)

    task = asyncio.create_task(piece(context, pausing))
    await until(lambda: ctx.record.logs)
    await asyncio.sleep(0.01)  # five times the longest wait
    assert build.tries == 1
    context.children.resume()
    assert (await task).document == 2


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, Code.DISK_FULL),
        (errno.EDQUOT, Code.DISK_FULL),
        (errno.EACCES, Code.FILE_UNUSABLE),
        (errno.EROFS, Code.FILE_UNUSABLE),
        (errno.EMFILE, Code.SYSTEM_LIMIT),
        (errno.EAGAIN, Code.SYSTEM_LIMIT),
        (errno.ENOMEM, Code.OUT_OF_MEMORY),
    ],
)
async def test_a_write_that_fails_is_an_error_that_says_what_to_do(
    ctx: Bench, number: int, code: Code
) -> None:
    failure = OSError(number, os.strerror(number), "/x/piece.wav")
    with pytest.raises(StageError) as caught:
        await piece(ctx.context(), Build(failure))
    assert caught.value.code is code
    assert caught.value.remediation
    assert caught.value.__cause__ is failure
    assert storage_error(failure).message == caught.value.message


async def test_a_file_in_the_stores_place_is_an_error_of_ours(ctx: Bench) -> None:
    (ctx.folder / "pieces").write_bytes(b"no folder")
    with pytest.raises(AuraError):
        await piece(ctx.context(), Build())


async def test_a_timeout_is_not_taken_for_a_broken_file(ctx: Bench) -> None:
    with pytest.raises(StageError) as caught:
        await piece(ctx.context(), Build(TimeoutError()))
    assert caught.value.code is Code.STAGE_TIMEOUT


def test_what_the_other_side_asks_for_is_honoured_up_to_ten_caps() -> None:
    assert backoff_s(1, 1, 30, busy(retry_after_s=12.0)) == 12
    assert backoff_s(1, 1, 30, busy(retry_after_s=300.0)) == 300
    for endless in (301.0, 1e9, math.inf):
        assert backoff_s(1, 1, 30, busy(retry_after_s=endless)) == 300


@given(
    st.integers(1, 1_000_000),
    st.floats(0, 1000),
    st.floats(0, 1000),
    st.none() | st.floats(),
)
def test_any_wait_is_finite_and_bounded(
    tries: int, base_s: float, cap_s: float, asked: float | None
) -> None:
    assert 0 <= backoff_s(tries, base_s, cap_s, busy(retry_after_s=asked)) <= cap_s * 10


def test_waits_double_with_jitter_up_to_the_cap() -> None:
    for tries, ceiling in ((1, 1), (2, 2), (3, 4), (6, 30), (60, 30)):
        waits = {backoff_s(tries, 1, 30, busy()) for _ in range(50)}
        assert ceiling / 2 <= min(waits) < max(waits) <= ceiling


def test_a_deterministic_key_is_shared_by_all_jobs(ctx: Bench) -> None:
    one, other = ctx.context(lineage="a"), ctx.context(lineage="b")
    assert one.key("k", 1) == other.key("k", 1)
    assert one.key("k", 1) != one.key("k", 2)
    assert one.key("k", 1) != one.key("other", 1)


def test_what_no_rule_determines_is_shared_by_a_jobs_retries_alone(ctx: Bench) -> None:
    def key(lineage: str) -> str:
        return ctx.context(lineage=lineage).key("k", 1, deterministic=False)

    assert key("a") == key("a") != key("b")
    assert key("a") != ctx.context(lineage="a").key("k", 1)


def test_fresh_work_is_shared_by_a_jobs_retries_alone(ctx: Bench) -> None:
    def key(lineage: str) -> str:
        return ctx.context(lineage=lineage, fresh=True).key("k", 1)

    assert key("a") == key("a") != key("b")
    assert key("a") != ctx.context(lineage="a").key("k", 1)
