"""A terminal that does its worst to a board with a run in it, for a while each: sizes without
rest, one that takes nothing (of a run's lines, too), stops and goes, hang-ups at random moments.

    python -m tests.chaos.terminal [--seed N] [--seconds 60] [--times 10]

``--seconds`` is of the storm and of the stuck terminal, ``--times`` how many runs are stopped, and
how many lose their terminal. Each run ends in its video. 1 where one doesn't.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.chaos.terminal_run import hang_up, pressed, storm, stuck, stuck_lines
from tests.e2e.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> int:
    """Run them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--times", type=int, default=10)
    options = parser.parse_args()
    failed = 0

    def one(name: str, seed: int, act: Callable[[Program, random.Random], object]) -> None:
        nonlocal failed
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="aura-terminal-") as folder:
            program = Program(Path(folder))
            try:
                told = act(program, random.Random(seed))
                said = "well" if told is None else f"well, after {told}"
            except Exception as e:
                failed += 1
                said = f"FAILED: {e!r}"[:3000]
            finally:
                program.close()
        print(f"{name}, seed {seed}: {said}, {time.monotonic() - began:.0f} s", flush=True)

    one("storm of sizes", options.seed, lambda p, chance: storm(p, chance, options.seconds))
    one("stuck", options.seed, lambda p, _: stuck(p, options.seconds))
    for progress in ("plain", "json"):
        one(
            f"stuck, {progress}",
            options.seed,
            lambda p, _, progress=progress: stuck_lines(p, progress, options.seconds),  # type: ignore[misc]  # a default binds the loop's value
        )
    for seed in range(options.seed, options.seed + options.times):
        one("stopped and let go on", seed, pressed)
        one("hang-up", seed, hang_up)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
