"""The Unix socket: for the engine's own user, never stale, never somebody else's."""

from __future__ import annotations

import asyncio
import socket
import stat
from typing import TYPE_CHECKING

import httpx
import pytest

from aura_tui.engine.service import EmbeddedService
from aura_tui.errors import Code, EngineError
from aura_tui.server import token_edits, tokens
from aura_tui.server.serve import listen_unix, listening
from aura_tui.wire import routes, unix_socket
from tests.engine.conftest import ended, request
from tests.engine.stages import SmallStages
from tests.server.serving import served, stream
from tests.server.test_jobs import hook

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.settings import Settings


def over(path: str) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(uds=path)
    return httpx.AsyncClient(base_url="http://engine", transport=transport, timeout=10)


async def test_an_engine_is_there_for_its_user_without_a_token(settings: Settings) -> None:
    path = settings.home / unix_socket.NAME
    token_edits.add(settings.home / tokens.FILE, "one")
    async with EmbeddedService(settings, stages=SmallStages()) as service:
        async with listening(service, settings, path), over(str(path)) as client:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            job = await service.submit(request())
            assert (await client.get(routes.path(routes.JOB, job.id))).status_code == 200
            # A name that a page in a browser could come by matters on the network alone.
            strange = {"Host": "evil.example", "Origin": "https://evil.example"}
            assert (await client.get(routes.QUEUE, headers=strange)).status_code == 200
        assert not path.exists()


async def test_the_folder_that_a_local_user_chose_is_not_told_over_the_network(
    settings: Settings, tmp_path: Path
) -> None:
    path = settings.home / unix_socket.NAME
    folder = tmp_path / "out"
    async with served(settings) as server:
        job = await server.service.submit(request(), deliver_to=folder)
        own = routes.path(routes.JOB, job.id)
        async with over(str(path)) as local:
            assert (await local.get(own)).json()["settings"]["outputFolder"] == str(folder)
            async with server.client() as client:
                await client.post(routes.path(routes.JOB_CANCEL, job.id))
                await ended(server.service, job.id)
                for answer in (
                    (await client.get(own)).json(),
                    (await client.get(routes.JOBS)).json()["jobs"][0],
                    (await client.post(routes.path(routes.JOB_RETRY, job.id))).json(),
                ):
                    assert answer.get("settings", {"outputFolder": ""})["outputFolder"] == ""
            listed = (await local.get(routes.JOBS)).json()["jobs"]
            assert {job["settings"]["outputFolder"] for job in listed} == {str(folder)}


async def test_its_streams_are_told_of_the_end(settings: Settings) -> None:
    path = settings.home / unix_socket.NAME
    async with EmbeddedService(settings, stages=SmallStages(hook)) as service:
        async with listening(service, settings, path) as app:
            client = over(str(path))
            reading = asyncio.create_task(stream(client, routes.EVENTS))
            async with asyncio.timeout(5):
                while app.broadcaster.streams == 0:
                    await asyncio.sleep(0.01)
        frames = await asyncio.wait_for(reading, 5)
        assert frames[-1].event == "shutdown"
        await client.aclose()


async def test_a_stale_socket_is_replaced_and_a_live_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / unix_socket.NAME
    listen_unix(path).close()  # the file stays, as after kill -9
    assert path.is_socket()
    with listen_unix(path):
        with pytest.raises(EngineError) as caught:
            listen_unix(path)
        assert caught.value.code is Code.ENGINE_BUSY
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
    path.unlink()
    path.write_text("no socket at all")
    with listen_unix(path):
        assert path.is_socket()
    assert [each.name for each in tmp_path.iterdir()] == [unix_socket.NAME]


async def test_a_folder_that_cannot_have_one_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(EngineError) as caught:
        listen_unix(tmp_path / "none" / unix_socket.NAME)
    assert caught.value.code is Code.HOME_UNUSABLE


async def test_a_socket_that_another_engine_put_there_is_left_alone(settings: Settings) -> None:
    path = settings.home / unix_socket.NAME
    async with EmbeddedService(settings) as service:
        async with listening(service, settings, path):
            path.unlink()
            other = listen_unix(path)
        assert path.exists()
        other.close()


async def test_a_path_of_any_length_will_do(settings: Settings) -> None:
    path = settings.home / ("deep" * 20) / ("er" * 30) / unix_socket.NAME
    path.parent.mkdir(parents=True)
    async with EmbeddedService(settings) as service, listening(service, settings, path):
        with unix_socket.address(path) as address:
            assert len(address) < 100
            async with over(address) as client:
                assert (await client.get(routes.QUEUE)).status_code == 200


async def test_serve_listens_on_both(settings: Settings) -> None:
    async with served(settings) as server, server.client() as net, server.local() as local:
        assert (await net.get(routes.QUEUE)).json() == (await local.get(routes.QUEUE)).json()
        assert server.socket_path.is_socket()
    assert not server.socket_path.exists()
