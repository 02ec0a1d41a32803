"""A whole run with a hostile endpoint as model, voice and painter: how it must end."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

from tests.chaos import input_run
from tests.chaos.corpus import SAYS
from tests.waiting import below

if TYPE_CHECKING:
    from tests.e2e.program import Program

KEYS = {
    "AURA_SCRIPT_API_KEY": "sk-script-5d1f0c77a2",
    "AURA_SPEECH_API_KEY": "sk-speech-9b3e6a41c8",
    "AURA_VISUALS_API_KEY": "sk-visuals-2f7c1d95e0",
    "AURA_TOKEN": "token-7e4a9c20b6",
}
TIMEOUT_S = 0.4  # of one call


async def falls_back(program: Program, url: str) -> None:
    """The video is made all the same, with a warning for each of the three, and no key is left
    anywhere. AssertionError where not."""
    program.environ |= KEYS | {
        "AURA_ENGINE_RETRIES": "1",
        "AURA_ENGINE_RETRY_BASE_S": "0.01",
        "AURA_ENGINE_RETRY_CAP_S": "0.02",
    }
    for section in ("SCRIPT", "SPEECH", "VISUALS"):
        program.environ |= {
            f"AURA_{section}_BASE_URL": f"{url}/v1",
            f"AURA_{section}_MODEL": "m",
            f"AURA_{section}_TIMEOUT_S": str(TIMEOUT_S),
        }
    brief = program.folder / "brief.md"
    brief.write_text(SAYS)
    process = program.start(
        "run", brief, "-o", program.out, *input_run.SMALL, "--record", program.folder / "run.jsonl"
    )
    talking = asyncio.create_task(asyncio.to_thread(process.communicate, timeout=60))
    seen: set[int] = set()
    try:
        while not talking.done():
            seen |= {pid for pid in below(process.pid) if _keyless(pid)}
            await asyncio.sleep(0.01)
    except AssertionError:
        process.kill()
        await talking
        raise
    out, err = await talking
    assert process.returncode == 0, err.decode()
    assert len(seen) > 2  # FFmpeg, a voice, a lane ...
    told = [json.loads(line) for line in out.decode().splitlines()]
    warned = [each["data"]["message"] for each in told if each["event"] == "warning"]
    for part in ("written by outline", "spoken by", "drawn as cards"):
        assert any(part in message for message in warned), (part, warned)
    input_run.values_clean(told, "events")
    for section in ("show", "logs"):
        done = program.run(section)
        assert done.returncode == 0, done.stderr
        out += done.stdout.encode()
    for key in KEYS.values():
        assert key.encode() not in out + err
        for path in program.folder.rglob("*"):
            assert not path.is_file() or key.encode() not in path.read_bytes(), path


def _keyless(pid: int) -> bool:
    """Whether a child could be looked at; AssertionError if a key is in its environment or
    command."""
    folder = Path(f"/proc/{pid}")
    try:
        command = (folder / "cmdline").read_bytes()
        environ = (folder / "environ").read_bytes()
    except OSError:
        return False  # it has ended meanwhile
    if b"\0aura_tui\0run\0" in command or not command:
        return False  # a fork of ours that is about to become something else
    for key in KEYS.values():
        assert key.encode() not in command, command
        assert key.encode() not in environ, command
    return True
