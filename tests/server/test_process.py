"""A server process of its own: its start, TLS, and how it ends on a signal."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
import time
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from aura_tui.errors import Code, EngineError
from aura_tui.server.options import Bounds
from aura_tui.wire import routes
from tests.server.serving import served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aura_tui.settings import Settings

ROOT = Path(__file__).parent.parent.parent
HANGS_S = 90.0  # what takes so long hangs; no promise about time


@asynccontextmanager
async def process(
    home: Path, *before: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A server over small stages, and its address. ``before``: what starts it."""
    server = await asyncio.create_subprocess_exec(
        *before,
        sys.executable,
        "-m",
        "tests.server.program",
        str(home),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE if before else None,
    )
    assert server.stdout is not None
    try:
        line = (await asyncio.wait_for(server.stdout.readline(), HANGS_S)).decode()
        yield server, line.split()[-1]
    finally:
        if server.returncode is None:
            server.kill()
        await server.wait()


async def _open(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {routes.EVENTS} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    await reader.readuntil(b"event: heartbeat")
    return reader, writer


async def test_a_signal_ends_it_quickly_with_many_streams_open(tmp_path: Path) -> None:
    async with process(tmp_path) as (server, url):
        streams = [await _open(url) for _ in range(100)]
        began = time.monotonic()
        server.terminate()
        assert await server.wait() == 0
        took = time.monotonic() - began
        for reader, writer in streams:
            assert b"event: shutdown" in await reader.read()
            writer.close()
        assert took < 3.0  # 0.3 s on a quiet machine: see tests/benchmarks/server.py


async def test_a_reader_that_is_stuck_does_not_hold_the_end_up(tmp_path: Path) -> None:
    async with process(tmp_path) as (server, url):
        _, writer = await _open(url)  # and nothing more is read
        server.terminate()
        assert await asyncio.wait_for(server.wait(), 5) == 0
        writer.close()


async def test_more_connections_than_files_leave_the_engine_what_it_needs(tmp_path: Path) -> None:
    few = ("sh", "-c", 'ulimit -n 256; exec "$@"', "sh")
    async with asyncio.timeout(HANGS_S), process(tmp_path, *few) as (server, url):
        assert server.stdout is not None
        assert server.stderr is not None
        assert "at most 64 connections" in (await server.stdout.readline()).decode()
        host, _, port = url.removeprefix("http://").partition(":")
        ask = b"GET /api/queue HTTP/1.1\r\nHost: localhost\r\n\r\n"
        held, first = [], []
        for _ in range(300):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(ask)
            held.append((reader, writer))
        for reader, _ in held:
            try:
                first.append((await reader.readline())[9:12])
            except ConnectionError:
                first.append(b"")
        assert first[:64] == [b"200"] * 64
        assert set(first[64:]) == {b"503", b""}
        reader, writer = held[0]
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"brief":{"text":"x"}}'
        writer.write(
            b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        made = await reader.readuntil(b'"jobId"')
        assert b" 202 " in made, made
        writer.write(ask.replace(b"/queue", b"/events"))
        await reader.readuntil(b"event: job-completed")
        for _, writer in held:
            writer.close()
        async with httpx.AsyncClient(trust_env=False, timeout=HANGS_S) as client:
            status = 0
            while status != 200:  # 503, or closed, until it has seen that they have gone
                with suppress(httpx.TransportError):
                    status = (await client.get(url + routes.QUEUE)).status_code
                await asyncio.sleep(0.05)
        server.terminate()
        assert await server.wait() == 0
        assert await server.stderr.read() == b""


def test_nothing_but_serving_imports_the_web() -> None:
    code = (
        "import sys; import aura_tui.cli, aura_tui.connect.locator, aura_tui.server.tokens,"
        "aura_tui.server.options;"
        "print([m for m in ('starlette', 'uvicorn', 'httptools', 'anyio') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


async def test_tls_is_two_files(settings: Settings, certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    async with served(settings, certificate=cert, key=key) as server:
        assert server.url.startswith("https://")
        trust = ssl.create_default_context(cafile=str(cert))
        async with httpx.AsyncClient(verify=trust, trust_env=False) as client:
            assert (await client.get(server.url + routes.QUEUE)).status_code == 200
        with pytest.raises(httpx.ConnectError):
            async with httpx.AsyncClient(trust_env=False) as client:
                await client.get(server.url + routes.QUEUE)


async def test_connections_that_say_nothing_before_tls_are_bounded(
    settings: Settings, certificate: tuple[Path, Path]
) -> None:
    cert, key = certificate
    async with served(settings, certificate=cert, key=key, bounds=Bounds(connections=2)) as server:
        silent = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(40)]
        closed = [asyncio.create_task(reader.read()) for reader, _ in silent]
        async with asyncio.timeout(5):  # of the ten seconds that a handshake has
            while sum(each.done() for each in closed) < 40 - 2 - 32:
                await asyncio.sleep(0.02)
        for _, writer in silent:
            writer.close()
        await asyncio.gather(*closed, return_exceptions=True)
        trust = ssl.create_default_context(cafile=str(cert))
        async with (
            asyncio.timeout(5),
            httpx.AsyncClient(verify=trust, trust_env=False) as client,
        ):
            while True:
                try:
                    assert (await client.get(server.url + routes.QUEUE)).status_code == 200
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.05)


async def test_a_certificate_that_is_none_is_said_in_words(
    settings: Settings, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    cert, key = certificate
    (tmp_path / "empty.pem").write_text("")
    for wrong in ((tmp_path / "none.pem", key), (tmp_path / "empty.pem", key), (cert, cert)):
        with pytest.raises(EngineError) as caught:
            async with served(settings, certificate=wrong[0], key=wrong[1]):
                raise AssertionError
        assert caught.value.code is Code.ADDRESS_REFUSED
        assert "PEM" in caught.value.remediation
