"""A lane's process: what it costs to start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import aura_tui


def test_a_lane_loads_no_more_than_it_needs() -> None:
    program = (
        "import sys, aura_tui.pipeline.encoding.worker\n"
        "print({'asyncio', 'ssl', 'httpx', 'fontTools', 'textual'} & sys.modules.keys())"
    )
    home = Path(aura_tui.__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=home, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
