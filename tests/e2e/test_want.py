"""Runs in want of something, a few of ``tests/chaos/resources.py``: room on the disk in each stage,
a home that can be written, open files, memory of the children, a disk in a hurry."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.chaos import resources
from tests.chaos.crash_run import STAGES, Undisturbed, undisturbed
from tests.chaos.resources_run import may_mount

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Case = tuple[str, Callable[[], str]]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return undisturbed(tmp_path_factory.mktemp("usual"))


@pytest.fixture
def chance() -> random.Random:
    return random.Random(20)


@pytest.fixture
def disks(tmp_path: Path, usual: Undisturbed) -> list[Case]:
    if not may_mount(tmp_path):
        pytest.skip("small disks want a user who may mount them")
    return [*resources.disks(tmp_path, usual)]


@pytest.mark.parametrize("stage", STAGES)
def test_a_disk_gets_full(disks: list[Case], chance: random.Random, stage: str) -> None:
    name, act = chance.choice([case for case in disks if f"left in {stage} " in case[0]])
    assert act(), name


def test_a_home_that_nobody_may_write(disks: list[Case]) -> None:
    (act,) = (act for name, act in disks if name == "a read-only home")
    assert act()


def test_open_files_and_memory(tmp_path: Path, usual: Undisturbed, chance: random.Random) -> None:
    cases = [*resources.limits(tmp_path, usual, chance)]
    for what in ("open files", "MB for each child"):
        name, act = chance.choice([case for case in cases if case[0].endswith(what)])
        assert act(), name


@pytest.mark.skipif(shutil.which("cc") is None, reason="it is made slow by a library of C")
def test_a_disk_whose_every_sync_takes_its_time(tmp_path: Path, usual: Undisturbed) -> None:
    (act,) = (
        act for name, act in resources.others(tmp_path, usual) if name.startswith("every sync")
    )
    assert act()
