"""A real ``aura-tui serve`` on loopback, asked for all that it must not give: every route of its
document without, with a wrong, with another's token; paths, hosts, origins and bodies that mean no
good; slow heads; connections opened and left; jobs that name files of the server; links.

    python -m tests.chaos.access [--connections 2000]

A minute or two; 1 where something gave in. CI asks every route, too (tests/server).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[2]))

from PIL import Image

from aura_tui.wire import routes
from tests.chaos import access_run as run
from tests.chaos.access_run import Asker, bearer
from tests.e2e.program import Program

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

_CANARY = b"the canary sings"
_BODY_BYTES = 8 * 1024 * 1024
_HEAD_S, _IDLE_S = 10.0, 60.0  # the server's own bounds


class Served:
    """A server process."""

    def __init__(self, program: Program, asker: Asker, pid: int) -> None:
        self.program = program
        self.asker = asker
        self.pid = pid

    def holds(self) -> tuple[int, int]:
        """Open files, and resident KB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir())), int(resident.split()[1])

    async def job(self, text: str, *headers: str, **more: object) -> str:
        """A small job's id, when it has ended."""
        body = {
            "brief": {"text": text},
            "planSpec": {"targetDuration": 5},
            "renderSpec": {"res": "128x128", "fps": 5},
            **more,
        }
        made = await self.asker.ask("POST", routes.JOBS, *headers, body=json.dumps(body).encode())
        assert made.status == 202, made
        job: str = json.loads(made.body)["jobId"]
        async with asyncio.timeout(60):
            while True:
                got = await self.asker.ask("GET", routes.path(routes.JOB, job), *headers)
                if json.loads(got.body)["status"] in ("Succeeded", "Failed"):
                    return job
                await asyncio.sleep(0.1)


@asynccontextmanager
async def served(folder: Path, *arguments: str) -> AsyncIterator[Served]:
    program = Program(folder)
    server = program.start("serve", "--port", "0", *arguments)
    assert server.stderr is not None
    line = (await asyncio.to_thread(server.stderr.readline)).decode()
    try:
        yield Served(program, Asker(int(line.strip().rpartition(":")[2])), server.pid)
        server.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(server.wait, 10) == 0
    finally:
        program.close()


async def say(name: str, check: Awaitable[object]) -> None:
    began = time.monotonic()
    told = await check
    print(f"{name}: {told}, {time.monotonic() - began:.1f} s", flush=True)


async def paths(server: Served, token: str) -> str:
    """A job that names files of the server: none is read, none is written."""
    folder = server.program.folder
    secret, out = folder / "secret.png", folder / "planted"
    Image.new("RGB", (64, 64), "red").save(secret)
    told = await server.job(
        f"# Files\n\n![It]({secret}) ![It](file://{secret})\n\nThe files are named here.\n",
        bearer(token),
        f"{routes.DELIVER_TO}: {out}",
    )
    assert not out.exists()
    got = await server.asker.ask("GET", routes.path(routes.JOB, told), bearer(token))
    made = json.loads(got.body)["artifacts"]
    for artifact in made:
        assert artifact["path"].startswith(str(server.program.home)), artifact
    (name,) = [each["name"] for each in made if each["name"].endswith(".script.json")]
    where = routes.path(routes.JOB_ARTIFACT, told, name)
    script = await server.asker.ask("GET", where, bearer(token))
    assert script.status == 200
    assert b'"kind": "picture"' not in script.body
    refused = 0
    for field in ("deliverTo", "output", "outputPath", "origin"):
        body = {"brief": {"text": "x"}, field: str(out)}
        answer = await server.asker.ask(
            "POST", routes.JOBS, bearer(token), body=json.dumps(body).encode()
        )
        assert (answer.status, answer.code) == (422, "E112"), (field, answer)
        refused += 1
    for section, field in (("options", "visuals"), ("options", "theme"), ("voiceSpec", "voiceName"),
                           ("renderSpec", "container"), ("renderSpec", "codec")):  # fmt: skip
        for value in (str(secret), f"../{secret.name}", "-f lavfi"):
            body = {"brief": {"text": "x"}, section: {field: value}}
            answer = await server.asker.ask(
                "POST", routes.JOBS, bearer(token), body=json.dumps(body).encode()
            )
            assert answer.status == 422, (section, field, value, answer)
            refused += 1
    return f"{refused} refused"


async def slow_heads(server: Served) -> str:
    """Heads that come a byte at a time, and none at all: closed after what is given to them."""
    began = time.monotonic()

    async def trickle(first: bytes) -> float:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.asker.port)
        writer.write(first)
        try:
            async with asyncio.timeout(3 * _HEAD_S):
                while not reader.at_eof():
                    writer.write(b"x" if first else b"")
                    try:
                        async with asyncio.timeout(0.5):
                            await reader.read(1)
                    except TimeoutError:
                        continue
        except ConnectionError:
            pass
        writer.close()
        return time.monotonic() - began

    head = b"GET /api/queue HTTP/1.1\r\nX-Slow: "
    cancel = (
        b"POST /api/jobs/none/cancel HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n"
    )
    took = await asyncio.gather(*(trickle(first) for first in (head, b"", b"G", cancel) * 25))
    assert max(took) < _HEAD_S + 5, took
    return f"{len(took)} closed after {min(took):.1f} to {max(took):.1f} s"


async def left_open(server: Served, count: int) -> str:
    """Connections opened and left, half of them after a request: others are answered meanwhile,
    and all is given back."""
    before = server.holds()
    held = []
    slowest = 0.0
    for number in range(count):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.asker.port)
        if number % 2:
            writer.write(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        held.append((reader, writer))
        if number % 100 == 99:
            began = time.monotonic()
            assert (await server.asker.ask("GET", routes.HEALTH)).status == 200
            slowest = max(slowest, time.monotonic() - began)
    most = server.holds()
    assert slowest < 2.0, slowest
    async with asyncio.timeout(_IDLE_S + 30):
        while server.holds()[0] > before[0] + 2:
            assert (await server.asker.ask("GET", routes.HEALTH)).status == 200
            await asyncio.sleep(0.5)
    after = server.holds()
    for _, writer in held:
        writer.close()
    return (
        f"{count} held {most[0]} files and {most[1] // 1024} MB, answers within {slowest:.2f} s; "
        f"given back to {after[0]} files and {after[1] // 1024} MB (before: {before[0]}, "
        f"{before[1] // 1024})"
    )


async def ask_all(connections: int, folder: Path) -> None:
    (folder / "with").mkdir()
    (folder / "without").mkdir()
    limits = ("--jobs-a-minute", "10000", "--cancels-a-minute", "10000")
    async with served(folder / "without") as server:
        job = await server.job("The tide comes in.")
        await say("forged hosts and origins", run.check_rebinding(server.asker, job))
        token = server.program.run("token", "add", "late").stdout.strip()
        await say("the same with a token", run.check_rebinding(server.asker, job, bearer(token)))
    async with served(folder / "with", *limits) as server:
        mine, other = (
            server.program.run("token", "add", name).stdout.strip() for name in ("mine", "other")
        )
        asker = server.asker
        job = await server.job("The tide comes in.", bearer(mine))
        home = server.program.home
        hashes = [
            token["sha256"].encode()
            for token in json.loads((home / "tokens.json").read_text())["tokens"]
        ]
        await say("tokens", run.check_tokens(asker, mine, other, job))
        await say("methods", run.check_methods(asker, mine, job))
        await say("traversal", run.check_traversal(asker, mine, job, hashes))
        await say("paths in a job", paths(server, mine))
        await say("bodies", run.check_bodies(asker, mine, job, _BODY_BYTES))
        await say("slow heads", slow_heads(server))
        await say("left open", left_open(server, connections))
        canary = folder / "canary"
        canary.write_bytes(_CANARY)
        await say("linked folders", run.check_folders(asker, mine, home, job, canary))
        names = run.plant_links(home, job, canary)
        await say("links", run.check_links(asker, mine, job, names, _CANARY))


def main() -> int:
    """Ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=2000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aura-access-") as name:
        try:
            asyncio.run(ask_all(options.connections, Path(name)))
        except (AssertionError, TimeoutError) as e:
            print(f"FAILED: {e!r}"[:3000])
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
