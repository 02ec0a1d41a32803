"""Singular and plural: one function, and nobody else spells it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import aura_tui
from aura_tui.model.text.plural import counted, plural

PACKAGE = Path(aura_tui.__file__).parent


def test_one_is_singular_and_all_else_plural() -> None:
    assert [counted(n, "job") for n in (0, 1, 2, 21)] == ["0 jobs", "1 job", "2 jobs", "21 jobs"]
    assert [counted(n, "job waits", "jobs wait") for n in (1, 2)] == ["1 job waits", "2 jobs wait"]
    assert [plural(n, "it", "them") for n in (1, 2)] == ["it", "them"]


def _text(node: ast.expr) -> str:
    """A text as it is written, with ``xx`` for what is put into it; "" for all else."""
    if isinstance(node, ast.JoinedStr):
        parts = [_text(each) if isinstance(each, ast.Constant) else "xx" for each in node.values]
        return "".join(parts)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _chooses_a_form(choice: ast.IfExp) -> bool:
    """``"s" if ... else ""``, or one of two texts, a plural among them, by whether there is 1."""
    texts = [_text(choice.body), _text(choice.orelse)]
    if "s" in texts:
        return True
    by_one = any(
        isinstance(compare.ops[0], ast.Eq | ast.NotEq | ast.Gt)
        and ast.unparse(compare.comparators[0]) == "1"
        for compare in ast.walk(choice.test)
        if isinstance(compare, ast.Compare)
    )
    return by_one and any(re.search(r"[a-z]{2}s\b|\bthem\b", text) for text in texts)


def test_plurals_come_from_one_function() -> None:
    found: dict[tuple[str, str], int] = {}
    for path in PACKAGE.rglob("*.py"):
        module = str(path.relative_to(PACKAGE))
        tree = ast.parse(path.read_text())
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.IfExp) and _chooses_a_form(node):
                        found[module, function.name] = node.lineno
    new = {each: line for each, line in found.items() if each[0] != "model/text/plural.py"}
    assert not new, f"use model/text/plural: {new}"
