"""What a view doesn't need it doesn't load: start-up is part of a command's time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def loaded(module: str) -> set[str]:
    program = f"import sys, {module}; print(*sys.modules)"
    out = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return set(out.stdout.split())


@pytest.mark.parametrize("module", ["aura_tui.views.plain", "aura_tui.views.json_lines"])
def test_lines_need_no_terminal_library(module: str) -> None:
    assert not loaded(module) & {"textual", "rich", "httpx", "PIL", "sqlite3"}


def test_the_board_loads_no_engine_and_no_network() -> None:
    heavy = {"httpx", "PIL", "sqlite3", "fontTools", "aura_tui.engine", "aura_tui.pipeline"}
    assert not loaded("aura_tui.ui.app") & heavy
