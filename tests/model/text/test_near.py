"""Suggestions for misspelt names."""

from __future__ import annotations

from aura_tui.model.text.near import did_you_mean, near

COMMANDS = (
    "run",
    "watch",
    "resume",
    "retry",
    "jobs",
    "show",
    "logs",
    "artifacts",
    "cancel",
    "pause",
)


def test_only_a_name_that_a_typing_error_makes_is_near() -> None:
    for typed, meant in {
        "jbos": "jobs",
        "rnu": "run",
        "rum": "run",
        "Wacth": "watch",
        "artefacts": "artifacts",
        "cancle": "cancel",
        "retyr": "retry",
        "log": "logs",
        "lgos\x1b[31m": "logs",
    }.items():
        assert near(typed, COMMANDS)[:1] == [meant], typed
        assert did_you_mean(typed, COMMANDS) == f"Did you mean {meant}? "
    for typed in ("", " ", "zzz", "reset", "status", "start", "delete", "stop", "x" * 1000, "a"):
        assert near(typed, COMMANDS) == [], typed
        assert did_you_mean(typed, COMMANDS) == ""
    assert near("nobody", ("nb", "no", "en")) == []


def test_the_nearest_come_first_and_not_more_than_asked_for() -> None:
    assert near("m1", ("f1", "m3", "m11", "m1x"), 2) == ["f1", "m3"]
    assert near("resumme", ("resumed", "resume"), 5) == ["resume", "resumed"]
