"""A bad network between a real client and a real server process loses and repeats nothing.

A few seeds; `python tests/chaos/connection.py` runs 500.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.chaos.run import ENGINE_OPTIONS, run
from tests.client.served import ServerProcess

if TYPE_CHECKING:
    from pathlib import Path

SEEDS = range(1, 13)


async def test_what_is_folded_behind_a_bad_network_is_the_log(tmp_path: Path) -> None:
    async with ServerProcess(tmp_path / "home", *ENGINE_OPTIONS) as server:
        seeds = iter(SEEDS)

        async def work() -> list[dict[str, int]]:
            return [(await run(seed, server, tmp_path / "cache")).faults for seed in seeds]

        met = await asyncio.gather(*(work() for _ in range(4)))
    kinds = {kind for faults in met for each in faults for kind in each}
    assert kinds == {"none", "cut", "stall", "garbage", "again", "answer"}
