"""A run is recorded, and shown again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.program import Program

pytestmark = pytest.mark.slow


def test_a_recorded_run_replays_as_it_was(program: Program) -> None:
    recording = program.folder / "run.jsonl"
    done = program.run(*program.arguments("--progress", "json", "--record", recording))
    assert done.returncode == 0, done.stderr
    lines = recording.read_text().splitlines()
    assert json.loads(lines[0])["recording"] == 1
    assert lines[1:] == done.stdout.splitlines()

    again = program.run("replay", recording, "--speed", "0", "--progress", "json")
    assert again.returncode == 0, again.stderr
    assert again.stdout == done.stdout

    plain = program.run("replay", recording, "--speed", "0", "--progress", "plain")
    assert plain.returncode == 0
    assert "how-tides-work.mp4" in plain.stdout

    refused = program.run(*program.arguments("--progress", "json", "--record", recording))
    assert refused.returncode == 2
    assert "Can't write the recording" in refused.stderr
    assert len(program.jobs()) == 1  # and nothing was begun


def test_what_is_no_recording_is_refused_in_a_line(program: Program) -> None:
    (program.folder / "other.jsonl").write_text('{"hello": "world"}\n')
    for name in ("other.jsonl", "nowhere.jsonl"):
        done = program.run("replay", name)
        assert done.returncode == 2
        assert done.stderr.startswith("Error: ")
        assert "Traceback" not in done.stderr
