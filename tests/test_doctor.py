"""``doctor``: what a run would refuse is found before it, from the same rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aura_tui.doctor import examine
from aura_tui.model.request import Brief, JobRequest
from aura_tui.pipeline.preflight import check_request
from aura_tui.settings import load

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.doctor import Finding


async def found(tmp_path: Path, **environ: str) -> dict[str, Finding]:
    environ |= {"AURA_HOME": str(tmp_path), "AURA_CONFIG": "/dev/null"}
    return {finding.name: finding for finding in await examine(load(environ), environ)}


@pytest.mark.parametrize(
    ("name", "value", "where"),
    [
        ("AURA_VISUALS_THEME", "pink", "Cards"),
        ("AURA_VISUALS_PROVIDER", "nothing", "Visuals"),
        ("AURA_VISUALS_PROVIDER", "openai", "Visuals"),
        ("AURA_VISUALS_PROVIDER", "folder", "Visuals"),
        ("AURA_SPEECH_VOICE", "nobody", "Voice"),
        ("AURA_SPEECH_PROVIDER", "nothing", "Voice"),
        ("AURA_SPEECH_PROVIDER", "piper", "Voice"),
        ("AURA_SCRIPT_PROVIDER", "nothing", "Script"),
        ("AURA_SCRIPT_PROVIDER", "llm", "Script"),
    ],
)
async def test_a_setting_that_no_run_can_use_is_missing(
    tmp_path: Path, name: str, value: str, where: str
) -> None:
    findings = await found(tmp_path, **{name: value})
    bad = [finding for finding in findings.values() if finding.verdict == "missing"]
    assert [finding.name for finding in bad] == [where]
    assert bad[0].advice
    with pytest.raises(Exception, match=r".") as caught:
        check_request(
            JobRequest(brief=Brief(topic="x")), load({name: value, "AURA_CONFIG": "/dev/null"})
        )
    assert bad[0].detail == getattr(caught.value, "message", "")


async def test_what_is_set_up_is_named(tmp_path: Path) -> None:
    findings = await found(tmp_path, AURA_VISUALS_THEME="Paper ", AURA_SPEECH_VOICE="de")
    assert {finding.verdict for finding in findings.values()} <= {"ok", "note"}
    assert findings["Script"].detail == "outline"
    assert findings["Visuals"].detail == "cards"
    assert "paper" in findings["Cards"].detail
    assert findings["Voice"].detail.startswith("espeak, ")
