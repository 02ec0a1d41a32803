"""Many short jobs and three watchers over an hour: memory, open files, the store's size and the
events' latency stay flat.

    python -m tests.chaos.soak [--jobs 2000] [--hours 1] [--seed N] [--report FILE] [--say]

Ends by itself, 1 where something grows, is lost or is left over. Prints the report, which is kept
as SOAK.md; ``--say`` prints every sample, too.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.chaos.soak_report import table, verdict
from tests.chaos.soak_run import soak
from tests.e2e.program import Program


def main() -> int:
    """Soak."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path)
    parser.add_argument("--say", action="store_true")
    options = parser.parse_args()
    began = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="aura-soak-") as name:
        program = Program(Path(name))
        try:
            found = asyncio.run(
                soak(program, options.jobs, options.hours * 3600, options.seed, options.say)
            )
        finally:
            program.close()
    report = table(found, began, options.seed)
    print(report)
    if options.report:
        options.report.write_text(report)
    return 1 if verdict(found) else 0


if __name__ == "__main__":
    sys.exit(main())
