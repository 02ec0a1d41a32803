"""Writes the store that a test opens ever after: one of the present schema, with a job in each
state that a job can be in.

    python tests/chaos/upgrade.py

Run it once when a schema is new, and commit what it writes: tests/engine/stores/schema-N.db. A
file that is there is never written again: what was released, was.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[2]))

from msgspec.structs import replace

from aura_tui.engine.service import EmbeddedService
from aura_tui.engine.store.store import SCHEMA
from aura_tui.errors import Code, StageError
from aura_tui.model.status import JobStatus
from aura_tui.settings import EngineSettings, Settings
from tests.engine.conftest import ended, request
from tests.engine.stages import SmallStages, forever

if TYPE_CHECKING:
    from aura_tui.pipeline.context import StageContext

STORES = Path(__file__).parents[1] / "engine" / "stores"
# A name of nobody's machine: it stands in the paths of the jobs' files.
_HOME = Path("/tmp/aura-released")


async def _hook(stage: str, ctx: StageContext, scene: int) -> None:
    text = ctx.request.brief.text
    if (stage, scene) == ("visuals", 2):
        if text == "fails":
            raise StageError(Code.VISUALS_FAILED, "It can't be drawn", "Try another one.")
        if text in ("is cancelled", "is paused", "is at work"):
            ctx.warn("This will take a while")
            await forever()


async def _until(service: EmbeddedService, job_id: str, *statuses: JobStatus) -> None:
    async for envelope in service.events(job_id):
        if "take a while" in str(envelope.event) and JobStatus.RUNNING in statuses:
            return
        if (await service.get(job_id)).status in statuses:
            return


async def write(path: Path) -> None:
    """One job each that succeeded, failed, was cancelled, is paused, was at work, and waits."""
    shutil.rmtree(_HOME, ignore_errors=True)
    settings = Settings(home=_HOME, engine=EngineSettings(min_free_mb=1))
    async with EmbeddedService(settings, stages=SmallStages(_hook)) as service:
        await ended(service, (await service.submit(request("succeeds, ü and 🌊"))).id)
        failed = await service.submit(request("fails"))
        await ended(service, failed.id)
        cancelled = await service.submit(request("is cancelled"))
        await _until(service, cancelled.id, JobStatus.RUNNING)
        await service.cancel(cancelled.id)
        await ended(service, cancelled.id)
        await ended(service, (await service.retry(failed.id)).id)
        paused = await service.submit(request("is paused"))
        await _until(service, paused.id, JobStatus.RUNNING)
        await service.pause(paused.id)
        at_work = await service.submit(request("is at work"))
        await _until(service, at_work.id, JobStatus.RUNNING)
        await service.submit(replace(request("waits"), priority=7))
    path.parent.mkdir(exist_ok=True)
    shutil.copyfile(_HOME / "aura.db", path)
    shutil.rmtree(_HOME)


def main() -> int:
    """Write the file of the present schema."""
    path = STORES / f"schema-{SCHEMA}.db"
    if path.exists():
        print(f"{path} is there already")
        return 1
    asyncio.run(write(path))
    print(f"{path}: {path.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
