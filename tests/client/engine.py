"""A real engine behind a real server, as a program of its own, over stages that talk.

    python -m tests.client.engine HOME PORT [--heartbeat S] [--lines N] [--pace S]

Each piece of a job writes N lines to the log, S seconds apart. A brief that says "hangs" hangs in
its second stage; one that says "fails" fails in its last.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from aura_tui.engine.service import EmbeddedService
from aura_tui.errors import Code, StageError
from aura_tui.server import tokens
from aura_tui.server.options import Limits, ServeOptions
from aura_tui.server.serve import serve
from aura_tui.settings import EngineSettings, Settings
from aura_tui.wire import unix_socket
from tests.engine.stages import SmallStages, forever

if TYPE_CHECKING:
    from aura_tui.pipeline.context import StageContext


def main() -> None:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("home", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("--heartbeat", type=float, default=10.0)
    parser.add_argument("--lines", type=int, default=0)
    parser.add_argument("--pace", type=float, default=0.0)
    given = parser.parse_args()

    async def talk(stage: str, ctx: StageContext, scene: int) -> None:
        for i in range(given.lines):
            ctx.log(f"{stage} {scene} says {i} \u2028 {'so ' * (i % 7)}")
            ctx.report.progress(100 * i / given.lines, f"line {i}", item=scene, total=3)
            await asyncio.sleep(given.pace)
        text = ctx.request.brief.text
        if stage == "voice" and "hangs" in text:
            await forever()
        if stage == "render" and "fails" in text:
            raise StageError(Code.RENDER_FAILED, "The encoder broke", "Try again.")

    settings = Settings(home=given.home, engine=EngineSettings(min_free_mb=1, concurrency=4))
    options = ServeOptions(
        tokens=given.home / tokens.FILE,
        port=given.port,
        heartbeat_s=given.heartbeat,
        limits=Limits(streams=None, jobs_a_minute=None, cancels_a_minute=None),
    )

    def say(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    stages = SmallStages(talk)
    engine = EmbeddedService(settings, stages=stages)
    path = given.home / unix_socket.NAME
    asyncio.run(serve(lambda: engine, settings, options, socket_path=path, say=say))


if __name__ == "__main__":
    main()
