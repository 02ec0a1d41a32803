"""JSON lines: the very events and nothing else, whatever the reader does."""

from __future__ import annotations

import asyncio
import io
import os
import pty
import threading
import tty
from typing import TYPE_CHECKING

import pytest

from aura_tui.errors import OutputError, ReaderGone
from aura_tui.model import events as ev
from aura_tui.model.status import JobStatus
from aura_tui.replay.service import ReplayService
from aura_tui.views.json_lines import follow_json
from aura_tui.wire.event_json import encode_line
from tests.ui import recordings

if TYPE_CHECKING:
    from pathlib import Path


async def test_the_lines_are_the_events_and_the_last_is_the_terminal_one() -> None:
    tape = recordings.success()
    out = io.BytesIO()
    job = await follow_json(ReplayService(tape.recording(), speed=0), tape.job.id, out)
    assert out.getvalue() == b"".join(map(encode_line, tape.envelopes))
    assert job.status is JobStatus.SUCCEEDED


async def test_after_an_id_come_exactly_those_after_it() -> None:
    tape = recordings.success()
    out = io.BytesIO()
    after = tape.envelopes[20].id
    service = ReplayService(tape.recording(), speed=0)
    await follow_json(service, tape.job.id, out, after=after)
    assert out.getvalue() == b"".join(map(encode_line, tape.envelopes[21:]))


async def test_its_output_is_a_recording(tmp_path: Path) -> None:
    tape = recordings.retried()
    path = tmp_path / "out.jsonl"
    with path.open("wb") as out:
        await follow_json(ReplayService(tape.recording(), speed=0), tape.job.id, out)
    service = await ReplayService.open(path, 0)
    assert [e async for e in service.events(tape.job.id)] == tape.envelopes


async def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    read, write = os.pipe()
    os.close(read)
    tape = recordings.success()
    with os.fdopen(write, "wb") as out:
        with pytest.raises(ReaderGone):
            await follow_json(ReplayService(tape.recording(), speed=0), tape.job.id, out)
        out.write(b"nobody reads this")
        out.flush()


async def test_a_full_disk_is_an_output_error() -> None:
    tape = recordings.success()
    with open("/dev/full", "wb") as out:
        with pytest.raises(OutputError, match="Can't write to stdout: No space left on device"):
            await follow_json(ReplayService(tape.recording(), speed=0), tape.job.id, out)
        out.write(b"nobody keeps this")


async def test_a_reader_that_is_slow_does_not_hold_up_the_loop() -> None:
    read, write = os.pipe()
    tape = recordings.Tape()
    recordings.start(tape)
    for n in range(2000):  # several times what a pipe holds
        tape.log(f"line {n} {'x' * 200}")
    tape.tell(ev.JobCompleted)
    with os.fdopen(write, "wb") as out, os.fdopen(read, "rb") as reader:
        service = ReplayService(tape.recording(), speed=0)
        following = asyncio.create_task(follow_json(service, tape.job.id, out))
        for _ in range(100):
            await asyncio.sleep(0.001)  # the loop turns although the pipe is full
        assert not following.done()
        for envelope in tape.envelopes:
            assert await asyncio.to_thread(reader.readline) == encode_line(envelope)
        assert (await following).status is JobStatus.SUCCEEDED


async def test_a_terminal_that_nobody_reads_does_not_hold_up_the_loop() -> None:
    tape = recordings.Tape()
    recordings.start(tape)
    for n in range(20):  # a terminal calls itself writable where one of these has no room
        tape.log(f"line {n} {'x' * 3850}")
    tape.tell(ev.JobCompleted)
    whole = b"".join(map(encode_line, tape.envelopes))
    master, slave = pty.openpty()
    tty.setraw(slave)
    turns = threading.Event()
    told = bytearray()

    def read() -> None:
        turns.wait(10)  # whatever becomes of the loop, the test has an end
        while len(told) < len(whole):
            told.extend(os.read(master, 65536))

    reader = threading.Thread(target=read)
    reader.start()
    with os.fdopen(slave, "wb") as out, os.fdopen(master, "rb"):
        service = ReplayService(tape.recording(), speed=0)
        following = asyncio.create_task(follow_json(service, tape.job.id, out))
        for _ in range(100):
            await asyncio.sleep(0.001)
        held_up = bool(told)
        assert os.get_blocking(slave)  # others have it, too
        turns.set()
        assert (await following).status is JobStatus.SUCCEEDED
        await asyncio.to_thread(reader.join)
    assert not held_up
    assert told == whole


async def test_a_pipe_that_another_program_left_non_blocking_gets_every_line() -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    tape = recordings.Tape()
    recordings.start(tape)
    for n in range(500):
        tape.log(f"line {n} {'x' * 200}")
    tape.log("y" * 3900)
    tape.tell(ev.JobCompleted)
    with os.fdopen(write, "wb") as out, os.fdopen(read, "rb") as reader:
        service = ReplayService(tape.recording(), speed=0)
        following = asyncio.create_task(follow_json(service, tape.job.id, out))
        following.add_done_callback(lambda _: out.close())  # the reader waits for no more
        for envelope in tape.envelopes:
            assert await asyncio.to_thread(reader.readline) == encode_line(envelope)
        assert (await following).status is JobStatus.SUCCEEDED
