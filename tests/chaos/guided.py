"""The readers' rules of ``input.py``, fuzzed by coverage: atheris changes bytes, hypothesis makes
inputs of them, and what reaches new code is kept and changed further.

    pip install atheris && python -m tests.chaos.guided [--seconds 60] [--seed N] [RULE ...]

Each rule has a process and so many seconds of its own; 1 where one is broken. By hand alone:
atheris wants a compiler's runtime, and isn't there for every Python.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_ONE = "--only"  # the call of ourselves that fuzzes a rule


def main() -> int:
    """All rules, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rules", nargs="*", metavar="RULE")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        parser.error("atheris is not there; get it by: pip install atheris")
    sys.path.insert(0, str(ROOT))
    from tests.chaos.input import rules

    broken = 0
    for name in options.rules or rules():
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="aura-guided-") as folder:
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "tests.chaos.guided", _ONE, name),
                    *(f"-max_total_time={options.seconds}", f"-seed={options.seed}"),
                    *("-timeout=60", "-rss_limit_mb=4096", "-print_final_stats=1"),
                    f"-artifact_prefix={folder}/",
                ],
                cwd=ROOT,
                capture_output=True,
                timeout=options.seconds * 3 + 120,
                check=False,
            )
        said = done.stderr.decode(errors="replace")
        tried = next((n.split()[-1] for n in said.splitlines() if "number_of_exec" in n), "?")
        how = "ok"
        if done.returncode:
            broken += 1
            how = f"BROKEN\n{done.stdout.decode(errors='replace')[-3000:]}{said[-3000:]}"
        print(f"{name:60} {tried:>9} inputs  {time.monotonic() - began:5.0f} s  {how}", flush=True)
    print(f"{broken} broken")
    return 1 if broken else 0


def fuzz(name: str, flags: list[str]) -> None:
    """Fuzz one rule; ends the process."""
    import atheris

    with atheris.instrument_imports(include=["aura_tui"]):
        from tests.chaos import input as by_hand

        rule: Any = by_hand.rules()[name]
    atheris.Setup([sys.argv[0], *flags], rule.hypothesis.fuzz_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1:2] == [_ONE]:
        fuzz(sys.argv[2], sys.argv[3:])
    sys.exit(main())
