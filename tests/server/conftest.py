"""Settings of an engine on a home of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aura_tui.settings import EngineSettings, Settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path / "home",
        engine=EngineSettings(retry_base_s=0.001, retry_cap_s=0.002, min_free_mb=1),
    )
