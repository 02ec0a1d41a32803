"""kill -9 at seeded moments, spread over all five stages; and of each kind of child process.

    python tests/chaos/crash.py [--seed N] [--moments 100] [--children 3]

After each the next start ends the job, and the video equals the undisturbed one. Prints where the
kills struck.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.chaos.crash_run import CHILDREN, Moment, Outcome, crash, moments, undisturbed

_AT_ONCE = 2
_STAGE_OF = {"espeak worker": "TTS", "drawing worker": "Visuals", "lane": "Rendering"}


def main() -> int:
    """Run them all; 1 when any failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--moments", type=int, default=100)
    parser.add_argument("--children", type=int, default=3, help="kills of each kind of child")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    began = time.monotonic()
    struck: Counter[str] = Counter()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="aura-crash-") as name:
        folder = Path(name)
        usual = undisturbed(_made(folder / "usual"))
        todo = [
            (m, chance.choice((0, 0, 1, 2))) for m in moments(options.seed, options.moments, usual)
        ]
        todo += [
            (Moment(_STAGE_OF.get(kind, ""), 0.0, kind), 0)
            for kind in CHILDREN
            for _ in range(options.children)
        ]

        def one(number: int) -> tuple[int, Outcome | BaseException]:
            moment, again = todo[number]
            try:
                return number, crash(_made(folder / str(number)), moment, usual, again)
            except BaseException as e:
                return number, e

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for number, outcome in pool.map(one, range(len(todo))):
                moment, again = todo[number]
                if isinstance(outcome, BaseException):
                    failed += 1
                    print(
                        f"FAILED {number}: {moment}, again {again}: {outcome!r}"[:3000], flush=True
                    )
                    continue
                where = outcome.struck
                if moment.child:
                    where = f"{moment.child}: {outcome.code or outcome.struck}"
                struck[where] += outcome.starts - 1
    took = time.monotonic() - began
    print(f"{len(todo)} runs, {sum(struck.values())} kills, {failed} failed, {took:.0f} s")
    for where, count in sorted(struck.items()):
        print(f"{count:5}  {where}")
    return 1 if failed else 0


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


if __name__ == "__main__":
    sys.exit(main())
