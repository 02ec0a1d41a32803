"""The house: imports go downwards only, and each outside library stays in its room."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "aura_tui"

# Everything that affects who may import whom lives here. A room imports lower floors, and itself.
FLOORS: dict[str, int] = {
    "errors": 0,
    "lifeline": 0,
    "named_file": 0,
    "permissions": 0,
    "tasks": 0,
    "threads": 0,
    "outlet": 1,
    "unforeseen": 1,
    "model": 1,
    "settings": 2,
    "service": 2,
    "process": 2,
    "brief": 2,
    "naming": 3,
    "wire": 3,
    "providers": 4,
    "pipeline": 5,
    "engine": 6,
    "server": 6,
    "client": 6,
    "replay": 6,
    "background": 7,
    "doctor": 7,
    "recorder": 7,
    "ui": 8,
    "bootstrap": 9,
    "session": 10,
    "cli": 11,
    "__main__": 12,
}
HOMES: dict[str, tuple[str, ...]] = {
    "textual": ("ui",),
    "rich": ("ui", "cli"),
    "typer": ("cli",),
    "httpx": ("client", "providers"),
    "httpx_sse": ("client",),
    "sqlite3": ("engine",),
    "PIL": ("providers", "pipeline", "ui"),
    "starlette": ("server",),
    "uvicorn": ("server",),
    "textual_image": ("ui",),
}
FILES = sorted(p for p in ROOT.rglob("*.py") if p != ROOT / "__init__.py")


def room(path: Path) -> str:
    part = path.relative_to(ROOT).parts[0]
    return part.removesuffix(".py")


def imported(path: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            base = node.module or ""
            names += [f"{base}.{a.name}" for a in node.names] if base == "aura_tui" else [base]
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_downwards(path: Path) -> None:
    here = room(path)
    for name in imported(path):
        if not name.startswith("aura_tui."):
            continue
        there = name.split(".")[1]
        if there == "__version__" or there == here:
            continue
        assert FLOORS[there] < FLOORS[here], f"{here} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_libraries_stay_in_their_rooms(path: Path) -> None:
    for name in imported(path):
        homes = HOMES.get(name.split(".")[0])
        assert homes is None or room(path) in homes, f"{room(path)} imports {name}"


def test_the_model_does_no_io_and_has_no_clock() -> None:
    forbidden = {"os", "io", "time", "asyncio", "pathlib", "socket", "sqlite3", "random"}
    for path in (ROOT / "model").glob("*.py"):
        assert not forbidden & {name.split(".")[0] for name in imported(path)}, path
