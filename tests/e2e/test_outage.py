"""A command over a network that answers in the engine's place."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from aura_tui.model.reduce import fold
from aura_tui.wire import sse
from tests.client.scripted import Scripted, health, job, json, page, refusal, stream
from tests.model.strategies import JOB_ID, fresh_job, in_order, plausible_run
from tests.waiting import until

if TYPE_CHECKING:
    from tests.e2e.program import Program

JOB = f"/api/jobs/{JOB_ID}"
EVENTS = f"{JOB}/events"
RUN = in_order(plausible_run(), 1_800_000_000_000 << 20)
PARTLY = fold(fresh_job(), RUN[:3])


async def ended(program: Program, *arguments: str, interrupt: bool = False) -> tuple[int, str]:
    """The exit status and what stderr says."""
    process = program.start(*arguments)
    if interrupt:
        assert process.stderr is not None
        for expected in (b"Connection lost", b"Cancelling"):
            assert expected in await asyncio.to_thread(process.stderr.readline)
            process.send_signal(signal.SIGINT)
    _, errors = await asyncio.to_thread(process.communicate, timeout=60)
    return process.returncode, errors.decode()


async def test_a_watch_survives_what_answers_for_the_engine(program: Program) -> None:
    async with Scripted() as server:
        server.on("/api/health", health)
        found = [job(PARTLY)] * 2  # which job it is, and how it stands
        server.on(JOB, *found, page(302, Location="/login"), page(404), job(PARTLY))
        server.on(EVENTS, stream(*RUN[:3]), page(200), page(204, ""), stream(sse.OPENING, *RUN))
        status, errors = await ended(
            program, "watch", JOB_ID, "--server", server.url, "--progress", "json"
        )
    assert status == 0
    assert "Connection lost: redirected to " in errors
    assert "a web page answered instead of the engine (HTTP 200, text/html)" in errors
    assert "the stream of an unfinished job (HTTP 204)" in errors
    assert "Connection restored after" in errors


async def test_an_accepted_run_says_its_job_and_how_to_go_on_whatever_comes_then(
    program: Program,
) -> None:
    async with Scripted() as server:
        where = ("--server", server.url)
        command = ("run", str(program.brief), *where, "--progress", "plain")
        server.on("/api/health", health)
        server.on("/api/jobs", json({"jobId": JOB_ID, "status": "Queued"}, 202))
        how = f"aura-tui watch {JOB_ID} --server {server.url}"
        server.on(JOB, page(200))
        status, errors = await ended(program, *command, interrupt=True)
        assert status == 130
        assert how in errors
        server.on(JOB, refusal(401, "E807"))
        status, errors = await ended(program, *command)
        assert status == 3
        assert how in errors
        assert "E807" in errors


async def test_a_run_that_no_engine_confirms_is_left_by_ctrl_c(program: Program) -> None:
    async with Scripted() as server:
        server.on("/api/health", health)
        server.on("/api/jobs", page(502))
        process = program.start("run", str(program.brief), "--server", server.url)
        await until(lambda: len(server.asked("/api/jobs")) > 1)
        process.send_signal(signal.SIGINT)
        _, errors = await asyncio.to_thread(process.communicate, timeout=60)
    assert process.returncode == 130
    assert b"aura-tui jobs --server" in errors
