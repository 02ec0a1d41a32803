"""Records the jobs that the pictures show: ``run.jsonl``, from real runs of this checkout.

    python tests/pictures/record.py

Takes about a minute; run it on a machine with nothing else to do, so that speeds and times are
those of this machine. Folders of the machine are renamed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
SOLAR = """# How solar panels turn light into power

A solar panel has no moving parts, burns nothing, and works for thirty years. All it needs is light.

## What light does in silicon

Light reaches the cell in small packets of energy. Each one that silicon
absorbs sets an electron free.
A field inside the cell pushes all free electrons to one side. That push is the voltage of the cell.

## From cell to socket

One cell gives half a volt. Sixty of them in a row make a panel of thirty volts.
An inverter turns the direct current of the panels into the alternating current of the grid.

## What a roof brings

| Roof | Panels | Power in a year |
|---|---|---|
| Garage | 6 | 2,400 kWh |
| House | 18 | 7,200 kWh |
| Barn | 60 | 24,000 kWh |

A family of four uses about 4,000 kilowatt hours in a year.

## What takes its share

- Heat: every ten degrees cost four percent.
- Dust: rain washes most of it away.
- Shade: one dark cell holds back its whole row.

## What it comes down to

A panel returns the energy of its making within two years. The other twenty-eight are a gift.
"""
SALT = "# Why the sea is salty\n\nRain takes salt from the rocks. Rivers carry it to the sea.\n"
RELEASE = "# Release 2.4 in one minute\n\nStart-up is twice as fast. Search finds typos, too.\n"
TEAM = (
    "# Welcome to the team\n\n" + "Your first week has three parts: people, tools and a task.\n" * 6
)


class Recorder:
    """The program with a home of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = os.environ | {
            "AURA_HOME": str(folder / "home"),
            "AURA_CONFIG": os.devnull,
            "AURA_ENGINE_RETRIES": "0",
            "AURA_VISUALS_BASE_URL": "http://127.0.0.1:9/v1",  # nobody listens there
            "AURA_VISUALS_MODEL": "images",
        }
        self.recordings: list[Path] = []
        self._program = [sys.executable, "-m", "aura_tui"]

    def start(self, *arguments: str, visuals: str = "cards") -> subprocess.Popen[bytes]:
        """Start a job and record it."""
        path = self.folder / f"{len(self.recordings)}.jsonl"
        self.recordings.append(path)
        out = self.folder / "Videos"
        command = [*self._program, "run", *arguments, "--visuals", visuals]
        command += ["-o", str(out), "--record", str(path)]
        return subprocess.Popen(
            [*command, "--progress", "plain"],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    def job_id(self, path: Path) -> str:
        """The id of the job in a recording, once it is there."""
        while not path.is_file() or not (lines := path.read_text().splitlines()):
            time.sleep(0.02)
        return str(json.loads(lines[0])["job"]["id"])

    def cancel(self, job_id: str) -> None:
        """Cancel a job."""
        subprocess.run(
            [*self._program, "cancel", job_id], env=self.environ, check=True, capture_output=True
        )


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recorder = Recorder(folder)
        texts = {"solar": SOLAR, "salt": SALT, "release": RELEASE, "team": TEAM}
        for key, text in texts.items():
            (folder / f"{key}.md").write_text(text)
        engine = subprocess.Popen(
            [sys.executable, "-m", "aura_tui", "serve", "--port", "0"],
            env=recorder.environ,
            stderr=subprocess.PIPE,
        )
        assert engine.stderr is not None
        engine.stderr.readline()
        solar = ("solar.md", "--duration", "75", "--fresh")
        os.chdir(folder)
        for _ in range(3):
            recorder.start("How tides work").wait()
        for _ in range(2):
            recorder.start(*solar).wait()
        recorder.start("release.md", visuals="openai").wait()
        team = recorder.start("team.md", "--fresh", "--resolution", "1080p")
        recorder.cancel(recorder.job_id(recorder.recordings[-1]))
        team.wait()
        last = [recorder.start(*solar)]
        recorder.job_id(recorder.recordings[-1])
        last += [recorder.start("salt.md"), recorder.start("release.md")]
        for process in last:
            process.wait()
        engine.terminate()
        engine.wait()
        heads: list[str] = []
        events: list[str] = []
        for path in recorder.recordings:
            for line in path.read_text().splitlines():
                (events if "event" in json.loads(line) else heads).append(line)
        events.sort(key=lambda line: tuple(map(int, json.loads(line)["id"].split("-"))))
        heads.sort(key=lambda line: json.loads(line)["job"]["createdAt"])
        text = "\n".join([*heads, *events]) + "\n"
        for real, shown in ((folder / "Videos", "/home/ada/Videos"), (folder, "/home/ada")):
            text = text.replace(str(real), shown)
        (HERE / "run.jsonl").write_text(text)


if __name__ == "__main__":
    main()
