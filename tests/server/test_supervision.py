"""A background task of the server that dies costs no reader an event, and is told."""

from __future__ import annotations

import asyncio
import errno
import gc
import socket
from typing import TYPE_CHECKING

import pytest

from aura_tui.client.service import RemoteService
from aura_tui.connect.locator import LISTENER, EngineLocator
from aura_tui.engine.service import EmbeddedService
from aura_tui.server import token_edits, tokens
from aura_tui.server.listener import Listener
from aura_tui.server.options import Bounds
from aura_tui.system import crash_report
from aura_tui.wire import routes
from tests.engine.conftest import follow, request
from tests.killing import HOW, kill, quick, told
from tests.server.serving import Frame, as_frames, of_jobs, parse, served
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    import httpx
    from starlette.types import Receive, Scope, Send

    from aura_tui.errors import AuraError
    from aura_tui.settings import Settings


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    quick(monkeypatch, tmp_path)


class Reading:
    """A stream of all jobs that is read as it comes, over one connection."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._text = ""
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async with self._client.stream("GET", routes.EVENTS) as response:
            async for part in response.aiter_text():
                self._text += part

    @property
    def frames(self) -> list[Frame]:
        return parse(self._text)

    async def until(self, frames: int = 0, jobs: int = 0) -> None:
        """Return once so many have come, of all and of jobs."""
        await until(lambda: len(self.frames) >= frames and len(of_jobs(self.frames)) >= jobs)

    async def aclose(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def told_of(service: EmbeddedService, job_ids: list[str]) -> list[Frame]:
    """Every event of the jobs, in order."""
    found = [envelope for job_id in job_ids for envelope in await follow(service, job_id)]
    return as_frames(sorted(found, key=lambda envelope: envelope.id))


async def test_streams_go_on_over_the_death_of_what_feeds_them(settings: Settings) -> None:
    mishaps: list[AuraError] = []
    with crash_report.telling(mishaps.append):
        async with served(settings, heartbeat_s=0.1) as server, server.client() as client:
            reading = Reading(client)
            job_ids: list[str] = []
            for name in ("event broadcaster", "heartbeat timer"):
                for how in HOW:
                    await kill(name, how)
                    job_ids.append((await server.service.submit(request())).id)
                    expected = await told_of(server.service, job_ids)
                    await reading.until(jobs=len(expected))
                    assert of_jobs(reading.frames) == expected
                    await reading.until(frames=len(reading.frames) + 1)  # a heartbeat
                    assert told(mishaps, name, how)
                    health = (await client.get(routes.HEALTH)).json()
                    assert health["status"] == "failing"
                    assert any(name in reason for reason in health["reasons"])
            await reading.aclose()


async def test_a_reader_who_leaves_is_noticed_though_its_watcher_died(settings: Settings) -> None:
    mishaps: list[AuraError] = []
    with crash_report.telling(mishaps.append):
        async with served(settings) as server, server.client() as client:
            for how in HOW:
                reading = Reading(client)
                await reading.until(frames=1)
                await kill("disconnect watcher", how)
                assert told(mishaps, "disconnect watcher", how)
                await reading.aclose()
                async with asyncio.timeout(5):  # of the ten seconds to the next heartbeat
                    while (await client.get(routes.HEALTH)).json().get("streams"):
                        await asyncio.sleep(0.05)


async def test_connections_are_accepted_again_after_accepting_failed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    mishaps: list[AuraError] = []
    taking = Listener._accept_batch
    errors: list[Exception] = []

    def take(self: Listener, sock: socket.socket) -> None:
        if errors:
            raise errors.pop()
        taking(self, sock)

    monkeypatch.setattr(Listener, "_accept_batch", take)
    with crash_report.telling(mishaps.append):
        async with served(settings) as server:
            for error, words in (
                (KeyError("killed"), "accepting connections stopped unexpectedly (KeyError"),
                (OSError(errno.EMFILE, "Too many open files"), "Too many open files"),
            ):
                errors.append(error)
                async with server.client() as client:
                    assert (await client.get(routes.HEALTH)).json()["status"] == "ok"
                assert not errors
                assert any(words in mishap.message for mishap in mishaps)


async def test_a_connection_whose_start_dies_is_closed_and_the_next_one_is_served(
    settings: Settings, certificate: tuple[Path, Path]
) -> None:
    mishaps: list[AuraError] = []
    with crash_report.telling(mishaps.append):
        async with served(settings, certificate=certificate[0], key=certificate[1]) as server:
            for how in HOW:  # each waits for its TLS handshake
                reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
                await kill("connection", how)
                assert await asyncio.wait_for(reader.read(), 5) == b""
                writer.close()
            assert told(mishaps, "connection", "raise")
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.close()
            async with server.local() as client:
                assert (await client.get(routes.QUEUE)).status_code == 200


async def test_a_connection_that_ends_before_its_task_began_leaves_no_socket_open() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        """Never reached."""

    listener = Listener(app, Bounds())
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        reader, writer = await asyncio.open_connection(*server.getsockname())
        listener._accept_batch(server)
        await listener.supervisor.aclose()
        gc.collect()  # would warn of one that was forgotten
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_an_engine_s_socket_listens_again_after_its_task_died(settings: Settings) -> None:
    mishaps: list[AuraError] = []
    with crash_report.telling(mishaps.append):
        doors = EngineLocator(settings)
        async with doors.embedded(listen_after_s=0):
            for how in HOW:
                await until(lambda: doors.socket.exists())
                await kill(LISTENER, how)
                async with asyncio.timeout(10):
                    while not await asyncio.to_thread(doors.answers):
                        await asyncio.sleep(0.01)
                assert told(mishaps, LISTENER, how)
        assert not doors.socket.exists()


async def test_what_fails_in_the_engine_is_in_its_health_and_reaches_clients_at_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    now: tuple[str, ...] = ()

    def told_to() -> tuple[str, ...]:
        return now

    monkeypatch.setattr(EmbeddedService, "troubles", lambda _: told_to(), raising=False)
    settings.home.mkdir(mode=0o700)
    token = token_edits.add(settings.home / tokens.FILE, "someone")
    async with served(settings) as server, RemoteService(server.url, token) as remote:
        following = asyncio.create_task(_drain(remote))
        for now in (("dispatcher stopped", "the queue stands still"), ()):
            await until(lambda: remote.troubles() == told_to(), 3)  # ten to a heartbeat
            async with server.client(token) as client, server.client() as stranger:
                answer, public = [await c.get(routes.HEALTH) for c in (client, stranger)]
            assert answer.status_code == public.status_code == (503 if now else 200)
            assert answer.json()["status"] == ("failing" if now else "ok")
            assert answer.json().get("reasons", []) == list(now)
            assert set(public.json()) == {"service", "status"}
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def _drain(service: RemoteService) -> None:
    async for _ in service.events():
        pass
