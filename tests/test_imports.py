"""The house: imports go downwards only, at every depth, and each outside library stays in its room.

All imports count, those inside functions and those for types alone, too.
"""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent / "aura_tui"

# Who may import whom. From the ground up: what stands on a floor imports lower floors and, in the
# same room, itself. At the top every room has a floor; deeper down what isn't listed may stand
# anywhere, so long as no circle arises.
FLOORS: dict[str, tuple[str, ...]] = {
    "": (
        "errors",
        "model system",
        "net",
        "service settings brief",
        "wire providers format",
        "pipeline server client replay",
        "engine",
        "connect doctor",
        "views",
        "ui",
        "cli",
        "__main__",
    ),
    "brief": ("front_matter", "source title"),
    "cli": ("access_token session", "options option_errors", "connection",
            "run jobs serve engine help_topics",
            "commands", "app"),
    "cli.session": ("exit_status messages", "foreground once", "board lines"),
    "ui": ("keys theme", "state terminal", "widgets", "screens", "sync", "actions",
           "prompts", "key_commands", "app", "run"),
    "engine": ("ports home queue delivery", "lock store stop_request",
               "run presence settings_drift", "event_log queries",
               "read_only retention dispatcher", "service"),
    "engine.store": ("damage checksum wal watermark", "store", "writer recovery trusted_time",
                     "open", "event_reader"),
    "engine.run": ("event_factory failure history manifest", "reporter retry_plan",
                   "context eta_tracker", "runner"),
    "pipeline": ("cache scene_progress", "context", "artifact_files fallback provider_context",
                 "timeline", "encoding", "stages", "preflight"),
    "server.openapi": ("paths request_schema", "document"),
    "providers": ("protocols ffmpeg openai_client", "script speech visuals"),
    "providers.script": ("language prose", "markdown", "outline", "llm"),
    "providers.visuals": ("fonts fingerprint", "card_layouts", "drawing", "cards folder openai"),
    "server": ("options tokens request_body", "auth token_edits", "limits streams",
               "files health listener", "context", "jobs middleware", "openapi", "app", "serve"),
}  # fmt: skip

# Which room, or module, may import an outside library.
HOMES: dict[str, tuple[str, ...]] = {
    "textual": ("ui.app", "ui.prompts", "ui.screens", "ui.widgets", "ui.terminal",
                "ui.keys", "ui.theme"),
    "textual_image": ("ui.terminal",),
    "rich": ("ui", "views"),
    "typer": ("cli",),
    "httpx": ("net", "client", "providers.openai_client"),
    "httpx_sse": ("client",),
    "sqlite3": ("engine.store",),
    "PIL": ("providers.visuals", "pipeline.encoding", "ui.terminal", "ui.widgets"),
    "fontTools": ("providers.visuals",),
    "markdown_it": ("brief.front_matter", "providers.script.markdown"),
    "mdit_py_plugins": ("brief.front_matter", "providers.script.markdown"),
    "pygments": ("providers.visuals",),
    "starlette": ("server",),
    "uvicorn": ("server",),
    "httptools": ("server",),
}  # fmt: skip

# Imports against the rules above that stand for now: (importing module, imported) and why.
EXCEPTIONS: dict[tuple[str, str], str] = {}

NO_IO = {"os", "io", "time", "asyncio", "pathlib", "socket", "sqlite3", "random"}


class Import(NamedTuple):
    """``importer`` and ``name`` without ``aura_tui.``; an outside ``name`` as it is."""

    importer: str
    name: str
    place: str  # file:line
    ours: bool


def _imports() -> list[Import]:
    found: list[Import] = []
    files = sorted(ROOT.rglob("*.py"))
    modules = {_dotted(path) for path in files}
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
                base = node.module or ""
                for alias in node.names:
                    full = f"{base}.{alias.name}"
                    names.append(full if full.removeprefix("aura_tui.") in modules else base)
            for name in names:
                ours = name == "aura_tui" or name.startswith("aura_tui.")
                place = f"{path.relative_to(ROOT.parent)}:{getattr(node, 'lineno', 0)}"
                short = name.removeprefix("aura_tui").removeprefix(".") if ours else name
                found.append(Import(_dotted(path), short, place, ours))
    return found


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _within(module: str, room: str) -> str | None:
    """The child of ``room`` that ``module`` is, or lies in; "" is the room's own __init__.py, None
    a module elsewhere."""
    if module == room:
        return ""
    prefix = f"{room}." if room else ""
    return module[len(prefix) :].split(".")[0] if module.startswith(prefix) else None


IMPORTS = _imports()
ROOMS = sorted({_dotted(path.parent / "__init__.py") for path in ROOT.rglob("*.py")})


def test_imports_go_downwards() -> None:
    found: list[str] = []
    for room, floors in FLOORS.items():
        floor_of = {name: n for n, names in enumerate(floors) for name in names.split()}
        for each in IMPORTS:
            here, there = _within(each.importer, room), _within(each.name, room)
            if not each.ours or not here or not there or here == there:
                continue
            if not room and not floor_of.keys() >= {here, there}:
                found.append(f"{each.place}: {here} or {there} has no floor")
            elif (
                floor_of.get(here, len(floors)) <= floor_of.get(there, -1)
                and (each.importer, each.name) not in EXCEPTIONS
            ):
                found.append(
                    f"{each.place}: {each.importer} imports {each.name}, which isn't below"
                )
    assert not found, "\n".join(dict.fromkeys(found))


def test_no_imports_go_round_in_a_circle_at_any_depth() -> None:
    found: list[str] = []
    for room in ROOMS:
        graph: dict[str, set[str]] = {}
        for each in IMPORTS:
            here, there = _within(each.importer, room), _within(each.name, room)
            if each.ours and here is not None and there is not None and here != there:
                graph.setdefault(here, set()).add(there)
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as e:
            circle = " <- ".join(name or "__init__" for name in e.args[1])
            found.append(f"aura_tui/{room.replace('.', '/')}: {circle}")
    assert not found, "\n".join(dict.fromkeys(found))


def test_libraries_stay_in_their_rooms() -> None:
    found = [
        f"{each.place}: {each.importer} imports {each.name}"
        for each in IMPORTS
        if not each.ours
        and (homes := HOMES.get(each.name.split(".")[0])) is not None
        and not any(each.importer == home or each.importer.startswith(f"{home}.") for home in homes)
        and (each.importer, each.name) not in EXCEPTIONS
    ]
    assert not found, "\n".join(dict.fromkeys(found))


def test_the_model_does_no_io_and_has_no_clock() -> None:
    found = [
        f"{each.place}: {each.importer} imports {each.name}"
        for each in IMPORTS
        if each.importer.split(".")[0] == "model" and each.name.split(".")[0] in NO_IO
    ]
    assert not found, "\n".join(dict.fromkeys(found))


def test_each_room_says_what_lives_in_it() -> None:
    found = [
        room
        for room in ROOMS
        if not ast.get_docstring(
            ast.parse((ROOT.joinpath(*room.split(".")) / "__init__.py").read_text())
        )
    ]
    assert not found, "\n".join(dict.fromkeys(found))
