"""Every hostile endpoint by hand, as the model, voice and painter of a whole run.

    python tests/chaos/providers.py [NAME ...]

Each run must give its video, with a warning for each of the three, and leave no key anywhere.
Prints a line a run; exits 1 where a rule is broken. About five minutes.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[2]))

from aura_tui.model.text.sanitize import clean_line
from tests.chaos import providers_endpoint as hostile
from tests.chaos.providers_run import falls_back
from tests.e2e.program import Program

if TYPE_CHECKING:
    from tests.chaos.providers_endpoint import Answer


def answers() -> dict[str, Answer]:
    """All of them, by name."""
    found = {each.__name__: each for each in (*hostile.SILENT, *hostile.ENDLESS, *hostile.BROKEN)}
    for to in ("file:///etc/passwd", "http://169.254.169.254/", "/v1/again", "https://[::1"):
        found[f"redirect to {to}"] = hostile.redirect(to)
    for number, shape in enumerate(hostile.SHAPES):
        found[f"json {number} {clean_line(str(shape), 50)}"] = hostile.document(shape)
    return found


async def main(names: list[str]) -> int:
    """Run those named, or all."""
    broken = 0
    for name, answer in answers().items():
        if names and name not in names:
            continue
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            program = Program(Path(folder))
            try:
                async with hostile.HostileEndpoint(answer) as server:
                    await falls_back(program, server.url)
                    sent = server.sent_bytes / hostile.MIB
                said = f"ok  {len(server.heads):3} requests, {sent:6.1f} MiB taken"
            except Exception:
                said = "BROKEN\n" + traceback.format_exc(limit=-3)[-4000:]
                broken += 1
            finally:
                program.close()
        print(f"{name:70} {time.monotonic() - began:5.1f} s  {said}", flush=True)
    print(f"{broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
