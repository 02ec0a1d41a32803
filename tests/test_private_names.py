"""The private parts of libraries that we use: a new release of theirs may drop any.

``pyproject.toml`` holds each library below its next minor version for their sake. A name that
is new here, or gone from the installed version, shows in the list below.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

import aura_tui

PACKAGE = Path(aura_tui.__file__).parent

# Of each library: what we import of its private modules, and what we read, call or override of its
# classes.
USED = {
    "textual": {
        "App._batch_count",
        "App._clipboard",
        "App._display",
        "App._driver",
        "App._exception",
        "App._exception_event",
        "App._exit",
        "App._handle_exception",
        "App._return_code",
        "Driver._app",
        "Driver._auto_restart",
        "Driver._loop",
        "LinuxDriver._run_input_thread",
        "LinuxDriver._file",
        "LinuxDriver._key_thread",
        "LinuxDriver._mouse_pixels",
        "LinuxDriver._must_signal_resume",
        "LinuxDriver._sigcont_application",
        "LinuxDriver._sigtstp_application",
        "LinuxDriver._writer_thread",
        "MessagePump._close_messages_no_wait",
        "MessagePump._running",
        "textual._compositor.ChopsUpdate",
        "textual._compositor.CompositorUpdate",
        "textual._compositor.LayoutUpdate",
        "textual._styles_cache.StylesCache",
        "textual._xterm_parser.XTermParser",
        "textual.drivers._writer_thread.WriterThread",
        "textual.keys._character_to_key",
        "textual.widgets._toast.ToastRack",
    },
    "textual_image": {"textual_image._sixel.image_to_sixels"},
    "uvicorn": {"HttpToolsProtocol._start_asgi_task", "uvicorn._types.ASGI3Application"},
}
ROOMS = {"textual": "ui", "textual_image": "ui", "uvicorn": "server"}


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


@cache
def _members(cls: type) -> frozenset[str]:
    """The private attributes and methods that ``cls`` itself has."""
    names = set(vars(cls)) | set(getattr(cls, "__annotations__", ()))
    names |= set(re.findall(r"\bself\.(_\w+)", inspect.getsource(cls)))
    return frozenset(filter(_is_private, names))


def _module(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)


def _imported(tree: ast.AST, library: str) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == library:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name for name in names if any(map(_is_private, name.split(".")))}
    return found


def _inherited(path: Path, tree: ast.AST, library: str) -> set[str]:
    """What the classes in a file use or override of their bases in ``library``."""
    found = set()
    for node in ast.walk(tree):
        if not (isinstance(node, ast.ClassDef) and node.bases):
            continue
        cls = getattr(importlib.import_module(_module(path)), node.name, None)
        if cls is None:
            continue
        theirs = [each for each in cls.__mro__ if each.__module__.split(".")[0] == library]
        names = {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
        for each in node.body:
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
                names.add(each.name)
            elif isinstance(each, ast.Assign | ast.AnnAssign):
                targets = each.targets if isinstance(each, ast.Assign) else [each.target]
                names |= {target.id for target in targets if isinstance(target, ast.Name)}
        for name in filter(_is_private, names):
            owner = next((each for each in reversed(theirs) if name in _members(each)), None)
            if owner is not None:
                found.add(f"{owner.__qualname__}.{name}")
    return found


def _from_outside(tree: ast.AST) -> set[str]:
    """Private attributes of something other than ``self``, that nothing in our package has."""
    found = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and _is_private(node.attr)
        and ast.unparse(node.value) not in ("self", "cls", "super()")
    }
    return {f"?.{name}" for name in found - _ours() - {"_replace"}}  # a named tuple's is public


@cache
def _ours() -> frozenset[str]:
    sources = "".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    return frozenset(re.findall(r"\bself\.(_\w+)(?:: [^=\n]+)? = ", sources))


@pytest.mark.parametrize("library", USED)
def test_the_private_names_we_use_are_these_and_are_there(library: str) -> None:
    found = set()
    for path in sorted((PACKAGE / ROOMS[library]).rglob("*.py")):
        tree = ast.parse(path.read_text())
        found |= _imported(tree, library) | _inherited(path, tree, library) | _from_outside(tree)
    assert found == USED[library]
    for name in found:
        module, _, attribute = name.rpartition(".")
        if module.startswith(f"{library}."):
            assert hasattr(importlib.import_module(module), attribute)


@pytest.mark.parametrize("library", USED)
def test_a_library_whose_private_parts_we_use_is_held_below_its_next_minor_version(
    library: str,
) -> None:
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["project"]
    name = library.replace("_", "-")
    (wanted,) = [each for each in project["dependencies"] if re.match(rf"{name}\b(?!-)", each)]
    assert re.fullmatch(rf"{name}~=\d+\.\d+\.\d+", wanted)
