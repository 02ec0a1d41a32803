"""What people call a job."""

from __future__ import annotations

import pytest

from aura_tui.connect.job_ref import resolve
from aura_tui.errors import InputError, NotFound
from aura_tui.replay.recording import Recording
from aura_tui.replay.service import ReplayService
from tests.ui.recordings import Tape


def service(*job_ids: str) -> ReplayService:
    tapes = [Tape(job_id) for job_id in job_ids]
    return ReplayService(Recording(tuple(tape.job for tape in tapes), (), 0))


async def test_an_id_is_its_own_name_also_where_another_one_begins_with_it() -> None:
    assert await resolve(service("01AB", "01ABC"), "01AB") == "01AB"


async def test_the_beginning_of_one_id_names_it() -> None:
    assert await resolve(service("01AB", "02CD"), "02") == "02CD"


async def test_the_beginning_of_several_ids_names_none_of_them() -> None:
    with pytest.raises(InputError, match="Several job ids start with '01'") as refused:
        await resolve(service("01AB", "01CD"), "01")
    assert "01AB" in refused.value.message
    assert "01CD" in refused.value.message


async def test_latest_is_the_newest_job() -> None:
    assert await resolve(service("01AB", "02CD"), "@latest") == "02CD"


@pytest.mark.parametrize("name", ["@latest", "01"])
async def test_where_no_job_is_none_is_found(name: str) -> None:
    with pytest.raises(NotFound):
        await resolve(service(), name)


async def test_an_empty_name_is_a_usage_error() -> None:
    for name in ("", " "):
        with pytest.raises(InputError, match="empty"):
            await resolve(service("01AB"), name)


@pytest.mark.parametrize("name", ["nothing", "\x1b[2J"])
async def test_what_names_no_job_is_said_to_be_unknown(name: str) -> None:
    with pytest.raises(NotFound) as unknown:
        await resolve(service("01AB"), name)
    assert "\x1b" not in unknown.value.message
