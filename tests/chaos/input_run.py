"""One hostile brief through the whole program, and what must hold of all that came of it."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import imageio_ffmpeg

from aura_tui.replay.service import ReplayService
from aura_tui.wire.event_json import decode_line
from tests.model.invariants import is_file_stem
from tests.ui.boards import Board, look

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.program import Program

# What no text of ours may hold: controls but for the newline and the tab, DEL, C1, surrogates,
# and what turns a line's direction.
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
SMALL = ("--resolution", "256x144", "--fps", "5", "--progress", "json")
SIZES = ((80, 24), (200, 60), (120, 40), (40, 12))
_TIMES = re.compile(
    r"(\d\d):(\d\d):(\d\d)[,.](\d{3}) --> (\d\d):(\d\d):(\d\d)[,.](\d{3})", re.ASCII
)


def render(program: Program, *arguments: str | Path, text: str) -> Path:
    """Make the video, and hold everything the run said and left against the rules; its recording.
    AssertionError where one is broken."""
    known = {path.name for path in program.folder.iterdir()}
    tape = program.folder / "hostile.jsonl"
    tape.unlink(missing_ok=True)
    done = program.run(
        "run", "-", "-o", program.out, *SMALL, "--record", tape, *arguments,
        input=text.encode(),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert clean(done.stderr, "stderr") == ""
    last = _events(done.stdout)
    assert last["event"] == "job-completed"
    assert {path.name for path in program.folder.iterdir()} - known <= {
        "home", "out", ".cache", ".config", ".local", tape.name,
    }  # fmt: skip
    _files(program.out)
    for path in program.home.rglob("*"):
        if path.suffix in (".log", ".json", ".txt", ".srt", ".vtt", ".otioz") and path.is_file():
            text_file(path)
    return tape


def looked_at(program: Program) -> None:
    """What the commands say of the last job, as people and programs have it."""
    for command in (
        ("jobs",),
        ("jobs", "--json"),
        ("show",),
        ("logs",),
        ("artifacts",),
        ("watch", "@latest", "--progress", "plain"),
        ("watch", "@latest", "--progress", "json"),
    ):
        done = program.run(*command)
        assert done.returncode == 0, (command, done.stderr)
        clean(done.stdout, " ".join(command))
        if "json" in command[-1]:
            for line in done.stdout.splitlines():
                values_clean(json.loads(line), " ".join(command))


def clean(text: str, where: str) -> str:
    """``text`` itself, which holds nothing that a terminal obeys."""
    found = FORBIDDEN.search(text)
    assert found is None, f"{where}: {text[max(0, found.start() - 60) : found.end() + 60]!r}"
    return text


def values_clean(tree: object, where: str) -> None:
    """The same of every text in a document."""
    for value in _strings(tree):
        clean(value, where)


def text_file(path: Path) -> None:
    """The same of a file, and of the document it holds."""
    data = path.read_bytes()
    if path.suffix == ".otioz":
        with zipfile.ZipFile(path) as bundle:
            data = bundle.read("content.otio")
    text = data.decode()  # surely UTF-8
    clean(text, path.name)
    if path.suffix in (".json", ".otioz"):
        values_clean(json.loads(text), path.name)


async def boarded(tape: Path, sizes: tuple[tuple[int, int], ...] = ((80, 24), (120, 40))) -> None:
    """The board on the recorded run: every row is drawable, and as wide as the screen."""
    from rich.cells import cell_len

    for size in sizes:
        service = await ReplayService.open(tape, 0)
        async with _board(service, size) as board:
            await board.shows("succeeded")
            for keys in ((), ("L",), ("escape",), ("escape",), ("?",), ("escape",)):
                await board.press(*keys)
                for row in board.lines:
                    clean(row, f"the board at {size}")
                    assert "\t" not in row
                    assert "\n" not in row
                    assert cell_len(row) <= size[0]


async def served(url: str) -> None:
    """All that a server answers about its last job: headers, documents, stream and files."""
    import httpx

    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as client:
        page = (await client.get("/api/jobs")).json()
        job = f"/api/jobs/{page['jobs'][0]['jobId']}"
        files = (await client.get(f"{job}/artifacts")).json()["artifacts"]
        paths = [f"{job}/artifacts/{quote(each['name'])}" for each in files]
        paths += [job, *(f"{job}/{each}" for each in ("progress", "artifacts", "logs", "events"))]
        paths += ["/api/jobs", "/api/queue", f"{job}/failure-details", "/api/jobs/%1b%5b2J%0d%0aX"]
        for path in paths:
            answer = await client.get(path)
            for name, value in answer.headers.raw:
                clean(value.decode("latin-1"), f"{name!r} of {path}")
            kind = answer.headers.get("content-type", "")
            if kind.startswith(("video/", "image/", "audio/")) or kind.endswith("+zip"):
                continue
            clean(answer.content.decode(), path)
            if "json" in kind:
                values_clean(answer.json(), path)
            if "event-stream" in kind:
                for line in answer.text.split("\n"):
                    if line.startswith("data: "):
                        values_clean(json.loads(line.removeprefix("data: ")), path)


def _board(service: ReplayService, size: tuple[int, int]) -> Any:
    from contextlib import asynccontextmanager
    from datetime import UTC, datetime

    from aura_tui.ui.app import BoardApp

    async def opened() -> ReplayService:
        return service

    async def found(_: object) -> str:
        return service.job_ids[0]

    @asynccontextmanager
    async def shown() -> Any:
        how = look(read_only=True)
        app = BoardApp(opened, found, how, environ={}, now=lambda: datetime.now(UTC))
        async with app.run_test(size=size, notifications=True) as pilot:
            yield Board(app, pilot, service)
        if app.failure is not None:
            raise app.failure

    return shown()


def _strings(tree: object) -> Iterator[str]:
    match tree:
        case str():
            yield tree
        case dict():
            for name, value in tree.items():
                yield str(name)
                yield from _strings(value)
        case list():
            for value in tree:
                yield from _strings(value)
        case _:
            pass


def _events(out: str) -> dict[str, Any]:
    """The last of the events, all of which read."""
    told: dict[str, Any] = {}
    for line in out.splitlines():
        assert decode_line(line.encode()) is not None, line[:500]
        told = json.loads(line)
        values_clean(told, told["event"])
    return told


def _files(folder: Path) -> None:
    """The delivered files: their names, their texts, and a video that plays."""
    paths = {path.suffix: path for path in folder.iterdir()}
    assert sorted(paths) == [".jpg", ".json", ".mp4", ".otioz", ".srt", ".vtt"]
    for path in paths.values():
        stem, _, suffix = path.name.partition(".")
        is_file_stem(stem)
        assert suffix in ("mp4", "srt", "vtt", "otioz", "jpg", "script.json"), path.name
        if path.suffix not in (".mp4", ".jpg"):
            text_file(path)
    for suffix in (".srt", ".vtt"):
        _captions(paths[suffix])
    _plays(paths[".mp4"])


def _captions(path: Path) -> None:
    """Numbered cues of one or two lines, in the order of time, with nothing that players obey."""
    text = path.read_bytes().decode()
    blocks = [block for block in re.split(r"\n\n+", text.strip("\n")) if block]
    if path.suffix == ".vtt":
        assert blocks.pop(0).startswith("WEBVTT\n")
    before = 0
    for number, block in enumerate(blocks, 1):
        lines = block.split("\n")
        assert lines[0] == str(number), block
        times = _TIMES.fullmatch(lines[1])
        assert times is not None, block
        fields = [int(part) for part in times.groups()]
        start, end = (
            ((h * 60 + m) * 60 + s) * 1000 + ms for h, m, s, ms in (fields[:4], fields[4:])
        )
        assert before <= start < end, block
        before = end
        assert 1 <= len(lines[2:]) <= 2, block
        for line in lines[2:]:
            # In SRT an invisible character keeps "<" from being a tag's.
            assert not re.search("<[A-Za-z/!]" if path.suffix == ".srt" else "<", line), block
            assert path.suffix == ".srt" or ("-->" not in line and ">" not in line), block


def _plays(video: Path) -> None:
    """Every frame decodes, and what the container says of itself is clean."""
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", video, "-f", "null", "-"],
        capture_output=True,
        check=False,
        timeout=60,
    )
    said = done.stderr.decode()
    assert done.returncode == 0, said
    clean(said.replace("\r", "\n"), "the video's metadata")
    assert re.search(r"Video: h264.*256x144", said), said
    assert "Audio: aac" in said
    assert "mov_text" in said
    assert "Error" not in said, said
