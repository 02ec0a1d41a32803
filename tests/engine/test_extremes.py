"""The greatest and the least of each number that a setting takes: a job's end and a sweep."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, get_args, get_origin, get_type_hints

import msgspec
import pytest

from aura_tui.engine.service import EmbeddedService
from aura_tui.errors import Code, InputError, NotFound
from aura_tui.model.status import JobStatus
from aura_tui.settings import Settings, load
from tests.e2e.program import SMALL, Program
from tests.engine.conftest import follow, request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine.stages import SmallStages

# What a job may fail with: no room like that, no time like that.
_ALLOWED = {"min_free_mb": Code.DISK_FULL, "stage_timeout_s": Code.STAGE_TIMEOUT}


def numbers() -> dict[str, tuple[type, float | None, float | None]]:
    """Each number among the settings, by its variable: its type, the least and the greatest."""
    found = {}
    for section in msgspec.structs.fields(Settings)[1:]:
        kinds = get_type_hints(section.type, include_extras=True)
        for name, kind in kinds.items():
            plain = get_args(kind)[0] if get_origin(kind) is Annotated else kind
            if plain in (int, float):
                metas = [part for part in get_args(kind)[1:] if isinstance(part, msgspec.Meta)]
                (meta,) = metas or [msgspec.Meta()]
                found[f"AURA_{section.name}_{name}".upper()] = (plain, meta.ge, meta.le)
    return found


NUMBERS = numbers()
EXTREMES = [(name, end) for name, (_, *ends) in NUMBERS.items() for end in ends]


def environ(home: Path, **more: str) -> dict[str, str]:
    return {"AURA_HOME": str(home), "AURA_CONFIG": "/dev/null", "AURA_ENGINE_MIN_FREE_MB": "1"} | (
        more
    )


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_has_two_ends_that_load_and_nothing_beyond_them(
    name: str, tmp_path: Path
) -> None:
    kind, least, most = NUMBERS[name]
    assert least is not None
    assert most is not None
    for end in (least, most):
        load(environ(tmp_path, **{name: str(kind(end))}))
    beyond = [least - 1, most + 1, -(2**63), 2**63, 10**400]
    texts = [str(kind(each) if abs(each) < 1e300 else each) for each in beyond]
    if kind is float:
        texts += [str(math.nextafter(least, -math.inf)), str(math.nextafter(most, math.inf))]
    for text in (*texts, "inf", "-inf", "nan", "1e308"):
        with pytest.raises(InputError):
            load(environ(tmp_path, **{name: text}))


@pytest.mark.parametrize(("name", "end"), EXTREMES)
async def test_an_engine_does_a_job_and_a_sweep_with_each_extreme(
    name: str, end: float, small: SmallStages, tmp_path: Path
) -> None:
    settings = load(environ(tmp_path / "home", **{name: str(NUMBERS[name][0](end))}))
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        await follow(service, job.id)
        done = await service.get(job.id)
        field = name.lower().partition("_")[2].partition("_")[2]
        if done.status is not JobStatus.SUCCEEDED:
            assert done.errors[0].code == _ALLOWED[field]
        await service._sweep_once()
        if name == "AURA_ENGINE_KEEP_JOBS_DAYS" and end == 0:
            with pytest.raises(NotFound):
                await service.get(job.id)
        else:
            assert (await service.get(job.id)).status is done.status


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path)
    yield program
    program.close()


@pytest.mark.slow
@pytest.mark.parametrize("which", [0, 1], ids=["least", "most"])
def test_a_run_with_all_of_them_at_once_makes_the_video(program: Program, which: int) -> None:
    ends = {name: str(kind(ends[which])) for name, (kind, *ends) in NUMBERS.items()}
    ends |= {"AURA_ENGINE_MIN_FREE_MB": "1", "AURA_ENGINE_STAGE_TIMEOUT_S": "600"}
    program.environ |= ends
    done = program.run("run", "The tides", "-o", program.out, *SMALL)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (program.out / "the-tides.mp4").is_file()
