"""500 seeded runs of a bad network between a real client and a real server.

    python tests/chaos/connection.py [RUNS] [FIRST_SEED]

After each the folded state equals the log, event for event. Prints what was done to it.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.chaos.run import ENGINE_OPTIONS, run
from tests.client.served import ServerProcess

_AT_ONCE = 4


async def main(runs: int, first: int) -> None:
    """Run the seeds from ``first``."""
    faults: Counter[str] = Counter()
    events = done = 0
    began = time.monotonic()
    seeds = iter(range(first, first + runs))

    async def work(server: ServerProcess, folder: Path) -> None:
        nonlocal events, done
        for seed in seeds:
            outcome = await run(seed, server, folder)
            faults.update(outcome.faults)
            events += outcome.events
            done += 1
            if done % 25 == 0:
                took = time.monotonic() - began
                print(
                    f"{done:5} runs  {events:7} events  {took:6.1f} s  {dict(faults)}", flush=True
                )

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with (
            ServerProcess(folder / "home", *ENGINE_OPTIONS) as server,
            asyncio.TaskGroup() as group,
        ):
            for _ in range(_AT_ONCE):
                group.create_task(work(server, folder / "cache"))
    print(f"{done} runs, {events} events: nothing lost, nothing twice. Connections: {dict(faults)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=int, nargs="?", default=500)
    parser.add_argument("first_seed", type=int, nargs="?", default=1)
    options = parser.parse_args()
    asyncio.run(main(options.runs, options.first_seed))
