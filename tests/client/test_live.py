"""A real client and a real server process: killed, frozen, stopped; over TCP and a socket."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import TYPE_CHECKING

import pytest

from aura_tui.client.delivery import Delivery
from aura_tui.client.service import RemoteService
from aura_tui.engine.delivery import check_folder, deliver
from aura_tui.errors import Code, EngineError, InputError
from aura_tui.model import events as ev
from aura_tui.model.connection import ConnectionStatus
from aura_tui.model.job import as_created
from aura_tui.model.reduce import fold
from aura_tui.model.status import JobStatus
from tests.client.served import ServerProcess
from tests.engine.conftest import request
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HEARTBEAT_S = 0.4
OPTIONS = ("--heartbeat", str(HEARTBEAT_S), "--lines", "20", "--pace", "0.005")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ServerProcess]:
    async with ServerProcess(tmp_path / "home", *OPTIONS) as server:
        yield server


@pytest.fixture
async def service(server: ServerProcess, tmp_path: Path) -> AsyncIterator[RemoteService]:
    async with RemoteService(
        server.url, heartbeat_s=HEARTBEAT_S, cache=tmp_path / "cache"
    ) as service:
        yield service


class Watch:
    """Follows a job, and notes what came and when."""

    def __init__(self, service: RemoteService, job_id: str) -> None:
        self.seen: list[ev.Envelope] = []
        self._service = service
        self._job_id = job_id
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        async for envelope in self._service.events(self._job_id):
            self.seen.append(envelope)

    async def more(self, count: int = 5) -> None:
        """Until so many more have come."""
        before = len(self.seen)
        await until(lambda: len(self.seen) >= before + count)

    async def end(self) -> list[ev.Envelope]:
        """All of them."""
        async with asyncio.timeout(30):
            await self.task
        return self.seen


async def assert_whole(service: RemoteService, seen: list[ev.Envelope]) -> None:
    job_id = seen[0].event.job_id
    assert seen == [envelope async for envelope in service.events(job_id)]
    job = await service.get(job_id)
    assert fold(as_created(job), seen) == job


async def test_a_server_killed_in_the_middle_of_a_job_is_waited_for(
    server: ServerProcess, service: RemoteService
) -> None:
    job = await service.submit(request())
    watch = Watch(service, job.id)
    await watch.more(40)
    await server.stop(signal.SIGKILL)
    await until(lambda: service.connection.status is ConnectionStatus.RETRYING)
    assert service.connection.reason
    await server.start()
    began = time.monotonic()
    await until(lambda: service.connection.status is ConnectionStatus.LIVE)
    assert time.monotonic() - began < 1.6
    seen = await watch.end()
    await assert_whole(service, seen)
    assert isinstance(seen[-1].event, ev.JobCompleted)
    path = await service.artifact(job.id, "small.mp4")
    assert path.read_bytes() == b"render 1render 2render 3"


async def test_a_frozen_server_is_noticed_by_its_silence(
    server: ServerProcess, service: RemoteService
) -> None:
    job = await service.submit(request("hangs"))
    watch = Watch(service, job.id)
    await watch.more(40)
    server.freeze()
    began = time.monotonic()
    await until(lambda: service.connection.status is not ConnectionStatus.LIVE)
    assert time.monotonic() - began < 2.7 * HEARTBEAT_S
    server.thaw()
    await service.cancel(job.id)
    seen = await watch.end()
    await assert_whole(service, seen)
    assert (await service.get(job.id)).status is JobStatus.CANCELED


async def test_a_server_that_stops_says_so_and_is_waited_for(
    server: ServerProcess, service: RemoteService
) -> None:
    job = await service.submit(request())
    watch = Watch(service, job.id)
    await watch.more(40)
    await server.stop(signal.SIGTERM)
    await until(lambda: service.connection.status is ConnectionStatus.RETRYING)
    await server.start()
    service.reconnect()
    await assert_whole(service, await watch.end())


async def test_many_iterators_of_one_service_each_get_everything(
    service: RemoteService,
) -> None:
    jobs = [await service.submit(request(f"some words {i}")) for i in range(3)]
    watches = [Watch(service, job.id) for job in jobs for _ in range(3)]
    for watch in watches:
        await assert_whole(service, await watch.end())


async def test_changes_reach_the_engine_and_come_back_as_events(
    service: RemoteService,
) -> None:
    job = await service.submit(request("hangs"), correlation_id="c-7")
    assert job.correlation_id == "c-7"
    watch = Watch(service, job.id)
    await watch.more(40)
    assert (await service.pause(job.id)).status is JobStatus.PAUSED
    assert (await service.resume(job.id)).status is JobStatus.RUNNING
    assert (await service.queue()).running == 1
    await service.cancel(job.id)
    seen = await watch.end()
    assert isinstance(seen[-1].event, ev.JobCancelled)
    again = await service.retry(job.id)
    assert (again.retry_of, again.attempt) == (job.id, 2)
    await service.cancel(again.id)


async def test_the_socket_of_a_home_with_a_long_path_is_reached(tmp_path: Path) -> None:
    home = tmp_path / ("a long name " * 8) / ("and a longer one " * 8)
    home.mkdir(parents=True)
    async with (
        ServerProcess(home, *OPTIONS) as server,
        RemoteService(uds=server.socket, heartbeat_s=HEARTBEAT_S) as service,
    ):
        job = await service.submit(request())
        watch = Watch(service, job.id)
        await watch.more(20)
        await server.stop(signal.SIGKILL)
        await server.start()
        await assert_whole(service, await watch.end())
        path = await service.artifact(job.id, "small.mp4")
        assert path.is_relative_to(home)  # it is this user's own: nothing is copied


async def test_what_was_made_elsewhere_is_delivered_here(
    server: ServerProcess, tmp_path: Path
) -> None:
    delivery = Delivery(check_folder, deliver)
    folder = tmp_path / "out"
    async with RemoteService(server.url, cache=tmp_path / "cache", delivery=delivery) as service:
        job = await service.submit(request(), deliver_to=folder)
        assert not service.has_delivered(job.id)
        last = (await Watch(service, job.id).end())[-1].event
        assert isinstance(last, ev.JobCompleted)
        assert service.has_delivered(job.id)
        (video,) = last.artifacts
        assert video.path == str(folder / "small.mp4")
        assert (folder / "small.mp4").read_bytes() == b"render 1render 2render 3"
        with pytest.raises(InputError):
            await service.submit(request(), deliver_to=server.socket / "no-folder")
    async with RemoteService(server.url) as service:
        with pytest.raises(InputError):
            await service.submit(request(), deliver_to=folder)


async def test_a_delivery_that_fails_is_said_behind_the_end(
    server: ServerProcess, tmp_path: Path
) -> None:
    def full(*_: object) -> tuple[ev.Artifact, ...]:
        raise EngineError(Code.DISK_FULL, "The disk is full", "Make room.")

    async with RemoteService(
        server.url, cache=tmp_path / "cache", delivery=Delivery(check_folder, full)
    ) as service:
        job = await service.submit(request(), deliver_to=tmp_path / "out")
        watch = Watch(service, job.id)
        with pytest.raises(EngineError) as caught:
            await watch.end()
        assert caught.value.code is Code.DISK_FULL
        assert isinstance(watch.seen[-1].event, ev.JobCompleted)
