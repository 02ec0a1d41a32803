"""From a cancel to the last process gone, at seeded moments over a real job's stages.

``python tests/benchmarks/cancel.py [--count 100]``. Each job is cold (nothing is reused). The
time is from the call of ``cancel`` until neither a child nor a grandchild that ran then is left.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

from aura_tui.engine.service import EmbeddedService
from aura_tui.model.request import Brief, JobRequest, Options, PlanSpec, RenderSpec
from aura_tui.model.status import JobStatus
from aura_tui.settings import EngineSettings, Settings
from tests.benchmarks.measure import machine
from tests.e2e.program import BRIEF
from tests.waiting import alive, below

REQUEST = JobRequest(
    brief=Brief(text=BRIEF),
    plan_spec=PlanSpec(target_duration=20),
    render_spec=RenderSpec(res="640x360"),
    options=Options(fresh=True),
)


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100)
    count = parser.parse_args().count
    print(machine())
    dice = random.Random(1)
    times: list[float] = []
    stages: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder), engine=EngineSettings(min_free_mb=1))
        async with EmbeddedService(settings) as service:
            job = await service.submit(REQUEST)
            start = time.perf_counter()
            async for _ in service.events(job.id):
                pass
            whole_s = time.perf_counter() - start
            while len(times) < count:
                job = await service.submit(REQUEST)
                await asyncio.sleep(dice.uniform(0.02, whole_s * 0.95))
                children = below(os.getpid())
                if not children:
                    # Between two children there is nothing to measure.
                    if not (await service.get(job.id)).status.ended:
                        await service.cancel(job.id)
                    async for _ in service.events(job.id):
                        pass
                    continue
                now = await service.get(job.id)
                start = time.perf_counter()
                await service.cancel(job.id)
                while any(alive(pid) for pid in children):
                    await asyncio.sleep(0.001)
                times.append((time.perf_counter() - start) * 1000)
                stages[now.stage.title if now.stage else "-"] += 1
                async for _ in service.events(job.id):
                    pass
                assert (await service.get(job.id)).status is JobStatus.CANCELED
            left = below(os.getpid())
    cuts = statistics.quantiles(times, n=100)
    where = ", ".join(f"{name} {n}" for name, n in stages.most_common())
    print(f"{count} cancels ({where}), each of a job of {whole_s:.1f} s")
    print(
        f"all gone after: median {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms, most {max(times):.0f} ms"
    )
    print(f"left over: {len(left)} processes")


if __name__ == "__main__":
    asyncio.run(main())
