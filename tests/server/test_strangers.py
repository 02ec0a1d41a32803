"""Readers that nobody here wrote, and what stands between them and the server."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from aura_tui.wire import routes
from tests.engine.conftest import follow
from tests.engine.stages import SmallStages
from tests.server.serving import as_frames, of_jobs, parse, served, stream
from tests.server.streams.test_streams import made
from tests.server.test_jobs import hangs, hook

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aura_tui.settings import Settings


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@asynccontextmanager
async def nginx(folder: Path, upstream: int) -> AsyncIterator[str]:
    """nginx as it comes: its own buffering, its own version of HTTP towards the server."""
    port = free_port()
    folder.mkdir()
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;"
        "events {}"
        f"http {{ access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;"
        f"fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;"
        f"server {{ listen 127.0.0.1:{port};"
        f"location / {{ proxy_pass http://127.0.0.1:{upstream}; }} }} }}"
    )
    process = await asyncio.create_subprocess_exec("nginx", "-c", str(config), "-p", str(folder))
    try:
        async with asyncio.timeout(10):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                except ConnectionError:
                    await asyncio.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.skipif(shutil.which("nginx") is None, reason="needs nginx")
async def test_events_pass_nginx_as_they_happen(settings: Settings, tmp_path: Path) -> None:
    async with (
        served(settings, SmallStages(hook)) as server,
        nginx(tmp_path / "nginx", server.port) as url,
        httpx.AsyncClient(base_url=url, timeout=10, trust_env=False) as client,
    ):
        job_id = await hangs(client, server.service)
        path = routes.path(routes.JOB_EVENTS, job_id)
        text = ""
        asked = False
        async with client.stream("GET", path) as answer:
            async for part in answer.aiter_text():
                text += part
                if "It hangs" in text and not asked:  # it has come through while the job runs
                    asked = True
                    await server.service.cancel(job_id)
        assert of_jobs(parse(text)) == as_frames(await follow(server.service, job_id))
        last = of_jobs(parse(text))[-1].id
        assert (await client.get(path, headers={"Last-Event-ID": last})).status_code == 204
        after = of_jobs(parse(text))[3].id
        assert of_jobs(await stream(client, path, after=after)) == of_jobs(parse(text))[4:]


_PAGE = """<!doctype html><title>waiting</title><pre id="told"></pre><script>
const told = document.getElementById("told");
const source = new EventSource("URL");
let opened = 0;
source.onopen = () => { opened += 1; };
for (const name of ["job-status", "step-status", "job-completed"])
  source.addEventListener(name, event => { told.append(event.lastEventId + " " + name + "\\n"); });
source.onerror = () => {
  if (source.readyState === EventSource.CLOSED) told.append("closed after " + opened + "\\n");
};
</script>"""


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
async def test_a_browsers_event_source_reads_once_and_stops(
    settings: Settings, tmp_path: Path
) -> None:
    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = _PAGE.replace("URL", events).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n"
        writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)
        writer.close()

    site = await asyncio.start_server(page, "127.0.0.1", 0)
    origin = f"http://127.0.0.1:{site.sockets[0].getsockname()[1]}"
    async with site, served(settings, origins=(origin,)) as server, server.client() as client:
        job_id = await made(server, client)
        events = server.url + routes.path(routes.JOB_EVENTS, job_id)
        browser = await asyncio.create_subprocess_exec(
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-proxy-server",
            f"--user-data-dir={tmp_path / 'chromium'}", "--virtual-time-budget=8000",
            "--dump-dom", origin,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        out, _ = await asyncio.wait_for(browser.communicate(), 60)
        told = re.findall(r"(\d+-\d+) ([a-z-]+)", out.decode())
        log = as_frames(await follow(server.service, job_id))
        names = ("job-status", "step-status", "job-completed")
        assert told == [(frame.id, frame.event) for frame in log if frame.event in names]
        # It came again, as they do, got 204, and gave up.
        assert "closed after 1" in out.decode()
