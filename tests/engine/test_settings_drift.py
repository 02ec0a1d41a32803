"""What a second terminal is told of the settings that the engine at work has."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from aura_tui.engine import settings_drift
from aura_tui.engine.home import Home
from aura_tui.engine.service import EmbeddedService
from aura_tui.settings import ScriptSettings, Secret, Settings, VisualsSettings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path / "home",
        script=ScriptSettings(
            base_url="https://me:pass@llm.example/v1?key=abc", api_key=Secret("sk-1"), model="m"
        ),
    )


async def test_only_what_differs_is_named_with_the_options_for_it(settings: Settings) -> None:
    home = Home(settings.home)
    async with EmbeddedService(settings):
        assert settings_drift.differences(home, settings) == ""
        mine = replace(settings, visuals=VisualsSettings(theme="paper", folder="/pics"))
        said = settings_drift.differences(home, mine)
        assert "visuals.theme = aurora (yours: paper)" in said
        assert "visuals.folder = not set (yours: /pics)" in said
        assert said.endswith("Restart it to apply yours, or pass --theme")
        assert "\n" not in said
    assert settings_drift.differences(home, mine) == ""  # nobody is at work


async def test_what_is_no_matter_of_a_job_is_none_of_it(settings: Settings) -> None:
    async with EmbeddedService(settings):
        mine = replace(settings, board=replace(settings.board, theme="nord"))
        assert settings_drift.differences(Home(settings.home), mine) == ""


async def test_no_key_is_written_down(settings: Settings) -> None:
    async with EmbeddedService(settings):
        path = settings.home / "engine.terms"
        written = path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert "https://llm.example/v1" in written
        assert not any(secret in written for secret in ("sk-1", "pass", "abc", "api_key"))
        other = replace(settings.script, api_key=Secret("sk-2"))
        assert (
            settings_drift.differences(Home(settings.home), replace(settings, script=other)) == ""
        )
    assert not path.exists()


async def test_terms_of_an_engine_that_is_gone_tell_nothing_of_the_next(settings: Settings) -> None:
    home = Home(settings.home)
    async with EmbeddedService(settings):
        left = (settings.home / "engine.terms").read_bytes()
    mine = replace(settings, visuals=VisualsSettings(theme="paper"))
    for damage in (left.replace(b'"pid":', b'"pid":9'), b"\xff", b"[" * 70_000, b"{}"):
        async with EmbeddedService(settings):
            (settings.home / "engine.terms").write_bytes(damage)
            assert settings_drift.differences(home, mine) == ""
