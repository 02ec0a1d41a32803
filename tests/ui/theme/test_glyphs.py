"""Which glyphs a terminal gets."""

from __future__ import annotations

from aura_tui.ui.theme.glyphs import is_ascii


def test_ascii_is_used_where_a_terminal_may_not_show_more() -> None:
    for environ in (
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX", "LANG": "de_DE.UTF-8"},
        {"LANG": "C"},
        {"LC_ALL": "de_DE.ISO-8859-1@euro"},
        {"TERM": "linux", "LANG": "C.UTF-8"},
        {"AURA_ASCII": "1", "LANG": "C.UTF-8"},
    ):
        assert is_ascii(environ, "utf-8"), environ
    assert is_ascii({"AURA_ASCII": "0"}, "iso8859-1")  # else each sign would be a question mark
    for environ in (
        {},
        {"LANG": "C.UTF-8"},
        {"LANG": "C", "LC_CTYPE": "C.UTF-8"},
        {"LC_ALL": "en_US.utf8", "LANG": "C"},
        {"LANG": "de_DE@euro"},
        {"TERM": "linux", "AURA_ASCII": "0"},
        {"LC_ALL": "C", "AURA_ASCII": "0"},
        {"TERM": "xterm-256color", "LANG": "de_DE.UTF-8"},
    ):
        assert not is_ascii(environ, "UTF-8"), environ
