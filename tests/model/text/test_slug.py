# ruff: noqa: RUF001 - names in many scripts
"""A title in any script makes a file name in that script, and every name is a safe one."""

from __future__ import annotations

import os
import subprocess
import sys
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from aura_tui.model.text.slug import slug
from tests.model.invariants import is_file_stem

NAMES = {
    "Rust, in 60 seconds!": "rust-in-60-seconds",
    "Straße & Smørrebrød: l'été": "straße-smørrebrød-lété",
    "e\u0301te\u0301": "été",
    "İstanbul'da gece": "istanbulda-gece",
    "Приливы и отливы": "приливы-и-отливы",
    "日本語 の 潮": "日本語-の-潮",
    "\u1112\u1161\u11ab 국어": "한-국어",
    "น้ำขึ้นน้ำลง": "น้ำขึ้นน้ำลง",
    "नमस्ते दुनिया": "नमस्ते-दुनिया",
    "مرحبا \u202eبالعالم": "مرحبا-بالعالم",
    "می\u200cخواهم": "می-خواهم",
    "ﬁn ＡＢＣ CO²": "fin-abc-co2",
    "🎉 Party": "party",
    "🎉🎉": "🎉🎉",
    "👩\u200d💻": "👩\u200d💻",
    "❤\ufe0f love": "love",
    "a\u200db\u200e\ufeffc": "a-b-c",
    "../../etc/passwd": "etc-passwd",
    "-take": "take",
    "CON": "con-video",
    "com¹.": "com1-video",
    "x" * 900: "x" * 120,
    "word " * 40: "-".join(["word"] * 24),
    "日" * 41: "日" * 40,
    "": "video",
    "???": "video",
    "\u3164\u3164": "video",
}


def test_a_title_makes_a_name_in_its_own_script() -> None:
    assert {title: slug(title) for title in NAMES} == NAMES


def test_a_long_name_is_never_cut_within_a_character() -> None:
    for whole in ("q\u0301", "नि", "क्ष", "👩\u200d💻", "🇩🇪", "👍🏽", "\u1112\u119e\u11ab"):
        for before in ("", "x", "xx", "xxx", "xxxx"):
            name = slug(before + whole * 100)
            count, rest = divmod(len(name) - len(before), len(whole))
            if whole.isalpha() or before == "":  # beside letters symbols are left out
                assert (name, rest) == (before + whole * count, 0), (before, whole)
                assert 80 < len(name.encode()) <= 120


@given(
    st.text(max_size=200) | st.text(st.characters(categories=("M", "S", "Cf", "Lo")), max_size=200)
)
def test_every_title_makes_a_safe_name(title: str) -> None:
    name = slug(title)
    is_file_stem(name)
    assert slug(name) == name
    letters = [c for c in unicodedata.normalize("NFC", title) if c.isalpha() and c.isprintable()]
    if len(letters) > 4:
        assert name != "video" or "video" in title.lower()


def test_a_locale_without_these_letters_gets_what_ascii_can_write() -> None:
    program = "from aura_tui.model.text.slug import slug; print(slug('\\u65e5'), slug('\\xdcber'))"
    environ = {**os.environ, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout == "video uber\n"
