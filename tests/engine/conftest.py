"""An engine on a home of its own, over stages that do little."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from aura_tui.model.request import Brief, JobRequest
from aura_tui.settings import EngineSettings, Settings
from tests.engine.stages import SmallStages

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.engine.service import EmbeddedService
    from aura_tui.model.events import Envelope
    from aura_tui.model.job import Job


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path / "home",
        engine=EngineSettings(retry_base_s=0.001, retry_cap_s=0.002, min_free_mb=1),
    )


@pytest.fixture
def small() -> SmallStages:
    return SmallStages()


def request(text: str = "some words", priority: int = 0) -> JobRequest:
    return JobRequest(brief=Brief(text=text), priority=priority)


def with_engine(settings: Settings, **changes: object) -> Settings:
    return replace(settings, engine=replace(settings.engine, **changes))


async def follow(service: EmbeddedService, job_id: str) -> list[Envelope]:
    """All events of a job, to its end."""
    return [envelope async for envelope in service.events(job_id)]


async def ended(service: EmbeddedService, job_id: str) -> Job:
    await follow(service, job_id)
    return await service.get(job_id)
