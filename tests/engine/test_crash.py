"""kill -9 of the engine, or of a child, at a seeded moment: the next start ends the job, and the
video equals the undisturbed one. A few moments; `python tests/chaos/crash.py` has a hundred."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from aura_tui.engine.home import Home
from aura_tui.engine.retention import sweep_partial
from aura_tui.system.files import part_path
from tests.chaos.crash_run import Moment, Undisturbed, crash, moments, undisturbed

if TYPE_CHECKING:
    from pathlib import Path

SEED = 5


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return undisturbed(tmp_path_factory.mktemp("undisturbed"))


@pytest.mark.slow
def test_after_a_crash_the_next_start_makes_the_same_video(
    tmp_path: Path, usual: Undisturbed
) -> None:
    todo = [(moment, 0) for moment in moments(SEED, 6, usual)]
    todo[-1] = (todo[-1][0], 1)  # and once more while it is taken up
    children = (("Visuals", "drawing worker"), ("", "ffmpeg"), ("TTS", "espeak worker"))
    todo += [(Moment(stage, 0, child), 0) for stage, child in children]
    folders = [tmp_path / str(number) for number in range(len(todo))]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(2) as pool:
        outcomes = [
            pool.submit(crash, folder, moment, usual, again)
            for folder, (moment, again) in zip(folders, todo, strict=True)
        ]
    found = [outcome.result() for outcome in outcomes]
    assert {outcome.struck for outcome in found} >= {"Visuals", "Rendering"}
    # A voice that is killed is asked again; what draws and encodes has made much, and fails.
    assert [outcome.code for outcome in found[-3:]] == ["E703", "E703", ""]
    assert found[-1].struck == "TTS"


def test_what_a_killed_engine_had_in_hand_is_removed_and_nothing_else(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    key = "ab12" * 10
    kept = [
        home.pieces / "ab" / "ab12.json",
        home.pieces / "ab" / "ab12.0123.mp4",
        home.artifacts("0123456789") / "a.part.mp4",  # a title may be "a.part"
        home.job("0123456789") / "pieces.json",
        home.root / "engine.lock",
        part_path(home.root / "tokens.json"),  # `aura-tui token add` writes it at this moment
    ]
    halves = [
        part_path(home.pieces / "ab" / key, suffix=".mp4"),
        part_path(home.pieces / "ab" / f"{key}.json"),
        home.scratch("0123456789") / "render" / "list.txt",
        home.scratch("ffffffffff") / "of a job that had just ended.txt",
        part_path(home.artifacts("0123456789") / "a.mp4"),
        part_path(home.job("0123456789") / "preview"),
        part_path(home.root / "engine.sock"),
        part_path(home.root / "engine.terms"),
        # Earlier versions':
        home.pieces / "ab" / f"{key}.89abcdef.part.mp4",
        home.pieces / "ab" / f"{key}.89abcdef.part",
        home.artifacts("0123456789") / "a.mp4.part",
        home.job("0123456789") / ".preview.part",
        home.root / ".engine.sock.0123abcd",
    ]
    for path in (*kept, *halves):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    assert sweep_partial(home) == len(halves)
    assert all(path.exists() for path in kept)
    assert not any(path.exists() for path in halves)
