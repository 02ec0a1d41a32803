"""The language of a text that nobody named, by its letters."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_tui.providers.script.language.writing_system import language_of
from aura_tui.providers.speech.espeak.provider import Espeak

SAMPLES = {
    "el": "\u039a\u03b1\u03bb\u03b7\u03bc\u03ad\u03c1\u03b1 \u03ba\u03cc\u03c3\u03bc\u03b5",
    "ru": "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440! API 2024",
    "uk": "\u041f\u0440\u0438\u0432\u0456\u0442, \u0441\u0432\u0456\u0442\u0435",
    "he": "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd",
    "ar": "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645",
    "fa": "\u0633\u0644\u0627\u0645 \u067e\u0631\u0646\u062f\u0647 \u0686\u06cc\u0633\u062a",
    "hi": "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e",
    "zh": "\u4f60\u597d\uff0c\u4e16\u754c\u3002",
    "ja": "\u65e5\u672c\u8a9e\u306e\u6587\u7ae0\u3067\u3059\u3002",
    "ko": "\uc548\ub155\ud558\uc138\uc694 \uc138\uacc4",
    "": "Plain English with \u4e16\u754c in it, \u00fcber na\u00efve caf\u00e9s.",
}


@pytest.mark.parametrize("language", SAMPLES)
def test_the_letters_tell_the_language(language: str) -> None:
    assert language_of(SAMPLES[language]) == language
    assert Espeak().resolve("", language)


@settings(deadline=None)
@given(st.text())
def test_any_guess_has_a_voice(text: str) -> None:
    guess = language_of(text)
    assert guess == "" or Espeak().resolve("", guess)
