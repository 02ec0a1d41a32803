"""Prints a Markdown page to standard output."""

from __future__ import annotations

import sys

_WIDEST = 100  # columns: longer lines are hard to read


def print_page(page: str) -> None:
    """Print Markdown: formatted on a terminal, unchanged elsewhere."""
    if not sys.stdout.isatty():
        sys.stdout.write(page)
        return
    from rich.console import Console
    from rich.markdown import Markdown
    from rich.theme import Theme

    console = Console(theme=Theme({"markdown.code": "bold cyan"}))  # on the terminal's background
    console.print(
        Markdown(page, code_theme="ansi_dark", hyperlinks=False),
        width=min(_WIDEST, console.width),
    )
