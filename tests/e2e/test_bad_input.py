"""Bad input gets one clear error with what to do, exit status 2, and leaves nothing half-made."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.e2e.program import SMALL, Program

if TYPE_CHECKING:
    from pathlib import Path


def refuse(program: Program, code: str, *arguments: str | Path, input: bytes = b"") -> str:
    """Run, expect an input error with ``code``; its text."""
    before = set(program.folder.iterdir())
    done = program.run("run", *arguments, input=input)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    first, *rest = done.stderr.splitlines()
    assert first.startswith("Error: ")
    assert first.endswith(f"[{code}]")
    assert len(rest) == 1
    assert rest[0].strip()
    assert "Traceback" not in done.stderr
    assert program.jobs() == []
    assert set(program.folder.iterdir()) - before <= {program.home}
    return done.stderr


def test_an_empty_brief(program: Program) -> None:
    refuse(program, "E101", "")
    refuse(program, "E101", "  ")
    refuse(program, "E101", "-", input=b" \n")
    program.brief.write_text("\n")
    refuse(program, "E101", program.brief)


def test_a_file_that_is_not_there_or_is_a_folder(program: Program) -> None:
    assert "nowhere.md" in refuse(program, "E102", "nowhere.md")
    refuse(program, "E102", "./no/such/file")
    refuse(program, "E102", program.folder)


def test_a_file_that_is_not_text(program: Program) -> None:
    program.brief.write_bytes(os.urandom(4096))
    refuse(program, "E103", program.brief)
    refuse(program, "E103", "-", input=b"a\0b")


def test_ten_megabytes_of_text(program: Program) -> None:
    program.brief.write_text("words and words. " * 600_000)
    refuse(program, "E104", program.brief)


@pytest.mark.parametrize("duration", ["0", "100:00:00", "360000", "nan", "soon", "-5"])
def test_a_duration_that_cannot_be(program: Program, duration: str) -> None:
    refuse(program, "E105", "topic", f"--duration={duration}")


@pytest.mark.parametrize("resolution", ["721x405", "10x10", "99999x2", "8k", "1280x", "4000x200"])
def test_a_resolution_that_cannot_be(program: Program, resolution: str) -> None:
    refuse(program, "E106", "topic", "--resolution", resolution)


def test_an_aspect_that_contradicts_the_resolution(program: Program) -> None:
    refuse(program, "E106", "topic", "--resolution", "1280x720", "--aspect", "9:16")


def test_an_unknown_voice_theme_or_provider(program: Program) -> None:
    assert "--voices" in refuse(program, "E107", "topic", "--voice", "nobody")
    assert "aurora" in refuse(program, "E110", "topic", "--theme", "aurorra")
    for option in ("--script", "--speech", "--visuals"):
        refuse(program, "E109", "topic", option, "nothing")
    refuse(program, "E109", "topic", "--fps", "1000")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--fps", "0"), ("--fps", "1000"), ("--rate", "9"), ("--rate", "nan"),
        ("--quality", "101"), ("--priority", "101"), ("--language", "x" * 501),
        ("--voice", "x" * 501), ("--theme", "x" * 501), ("--script", "x" * 501),
        ("--speech", "x" * 501), ("--visuals", "x" * 501),
    ],
)  # fmt: skip
def test_an_option_that_cannot_be_is_named_as_it_was_typed(
    program: Program, option: str, value: str
) -> None:
    said = refuse(program, "E109", "topic", f"{option}={value}")
    assert said.startswith(f"Error: {option} must be ")


def test_all_wrong_options_are_reported_together(program: Program) -> None:
    wrong = ("--fps=3", "--rate=9", "--theme=aurorra", "--voice=nobody", "--duration=1")
    done = program.run("run", "nowhere.md", *wrong, "-o", "/proc/aura")
    assert done.returncode == 2
    errors = [line for line in done.stderr.splitlines() if not line.startswith("  ")]
    assert [line[-6:] for line in errors] == [
        f"[{code}]" for code in ("E102", "E105", "E109", "E109", "E107", "E110", "E108")
    ]
    assert all(line.startswith("Error: ") for line in errors)
    assert program.jobs() == []


def test_an_output_folder_that_cannot_be_written(program: Program) -> None:
    # Nobody can make a file there, root included.
    said = refuse(program, "E108", program.brief, "-o", "/proc/aura")
    assert "can't create files in /proc " in said


def test_the_board_without_a_terminal(program: Program) -> None:
    refuse(program, "E109", program.brief, "--progress", "tui")


def test_an_output_that_is_a_file(program: Program) -> None:
    refuse(program, "E108", program.brief, "-o", program.brief)


def test_a_broken_ffmpeg_is_told_at_submit_by_every_way_in_and_nothing_is_queued(
    program: Program,
) -> None:
    ffmpeg = program.folder / "ffmpeg"
    ffmpeg.write_text("not executable")
    program.environ["AURA_RENDER_FFMPEG"] = str(ffmpeg)
    why = f"doesn't work: {ffmpeg} (AURA_RENDER_FFMPEG): it is not executable"
    for more in ((), ("--detach",), ("--progress", "json")):
        assert why in refuse(program, "E601", *program.arguments(*more)[1:])
    doctor = program.run("doctor")
    assert (doctor.returncode, why in doctor.stdout) == (1, True)
    # Of an engine that runs, its own FFmpeg counts, whoever asks.
    server = program.start("serve", "--port", "0")
    assert server.stderr
    url = server.stderr.readline().decode().split()[-1]
    for more in ((), ("--server", url)):
        done = program.run(*program.arguments(*more), AURA_RENDER_FFMPEG="")
        assert (done.returncode, why in done.stderr) == (2, True), done.stderr
    assert program.jobs() == []
    assert not program.out.exists()


def test_a_broken_picture(program: Program) -> None:
    pictures = program.folder / "pictures"
    pictures.mkdir()
    (pictures / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 100)
    done = program.run(*program.arguments("--visuals", "folder"), AURA_VISUALS_FOLDER=str(pictures))
    assert done.returncode == 1
    assert "E403" in done.stdout
    assert "a.png" in done.stdout
    assert not program.out.exists()
    (job,) = program.jobs()
    assert (job["status"], job["errors"][0]["code"]) == ("Failed", "E403")


def test_a_setting_that_is_misspelt(program: Program) -> None:
    config = program.folder / "config.toml"
    config.write_text("[engine]\nconcurency = 2\n")
    done = program.run("run", "topic", AURA_CONFIG=str(config))
    assert done.returncode == 2
    assert "concurency" in done.stderr
    assert "[E111]" in done.stderr


def test_unknown_jobs_options_and_commands(program: Program) -> None:
    for command in ("show", "cancel", "watch"):
        done = program.run(command, "beef")
        assert (done.returncode, "[E901]" in done.stderr) == (2, True)
    for arguments in (("run",), ("run", "x", "--no-such"), ("dance",), ("jobs", "--status", "odd")):
        done = program.run(*arguments)
        assert done.returncode == 2
        assert done.stderr
        assert "Traceback" not in done.stderr


def test_a_home_that_cannot_be(program: Program) -> None:
    done = program.run("run", "topic", *SMALL, AURA_HOME=str(program.brief))
    assert (done.returncode, "[E804]" in done.stderr) == (3, True)


def test_a_home_that_cannot_be_read_is_said_by_every_command(program: Program) -> None:
    """Also where only the folder above it is closed; nothing waits for an engine."""
    program.home.mkdir(mode=0o700)
    (program.home / "aura.db").touch()
    above = program.folder / "above"
    (above / "home").mkdir(parents=True, mode=0o700)
    # Even root can't read it without these.
    caps = "-dac_override,-dac_read_search"
    prefix = ["setpriv", f"--bounding-set={caps}", f"--inh-caps={caps}"]
    command = [*(prefix if os.geteuid() == 0 else ()), sys.executable, "-c", _EACH]
    for closed, home in (
        (program.home, program.home),
        (above, above / "home"),
        (program.home / "aura.db", program.home),
    ):
        closed.chmod(0)
        try:
            done = subprocess.run(
                command,
                env=program.environ | {"AURA_HOME": str(home)},
                capture_output=True,
                text=True,
                cwd=program.folder,
                timeout=15,  # less than a background engine may take to start
                check=True,
            )
        finally:
            closed.chmod(0o700)
        assert done.stdout.split() == ["3"] * 9, (closed, done.stderr)
        assert done.stderr.count("[E804]") == 9, done.stderr


_EACH = """
from aura_tui.cli.app import run_command
for line in (
    "jobs", "show", "logs", "artifacts", "cancel x", "resume x", "watch",
    "run topic -o out", "run topic -o out --detach",
):
    print(run_command(line.split()), flush=True)
"""


def test_a_store_of_a_newer_schema(program: Program) -> None:
    program.home.mkdir()
    with closing(sqlite3.connect(program.home / "aura.db")) as db:
        db.execute("PRAGMA user_version=99")
    done = program.run("run", "topic", *SMALL)
    assert (done.returncode, "[E802]" in done.stderr) == (3, True)


def test_a_damaged_store_is_set_aside_and_named(program: Program) -> None:
    program.home.mkdir()
    (program.home / "aura.db").write_bytes(b"not a database at all" * 100)
    done = program.run("run", "The tides", "-o", program.out, *SMALL, "--progress", "plain")
    assert done.returncode == 0, done.stderr
    (aside,) = program.home.glob("aura.db.corrupt-*")
    assert str(aside) in done.stderr
    assert aside.read_bytes() == b"not a database at all" * 100
    shutil.rmtree(program.out)


@pytest.mark.parametrize("odd", ["x\udcff", "x\x1b[2J", "x\x9by", "x\u202ey"])
def test_a_path_that_cannot_be_told_is_refused_before_any_work(program: Program, odd: str) -> None:
    assert "UTF-8" in refuse(program, "E108", program.brief, "-o", odd, *SMALL)
    pictures = program.folder / odd
    pictures.mkdir()
    Image.new("RGB", (300, 200)).save(pictures / "p.png")
    (pictures / "b.md").write_text("# Tides\n\nThey rise.\n\n![A tide](p.png)\n")
    assert "UTF-8" in refuse(program, "E102", pictures / "b.md", *SMALL)
    program.environ["AURA_VISUALS_FOLDER"] = str(pictures)
    refuse(program, "E109", program.brief, "--visuals", "folder", *SMALL)
    program.environ["AURA_HOME"] = str(program.folder / f"home-{odd}")
    for more in ((), ("--detach",)):
        done = program.run(*program.arguments(*more))
        assert done.returncode == 3
        assert "[E804]" in done.stderr.splitlines()[0]
        assert not (program.folder / f"home-{odd}").exists()


def test_a_home_that_no_engine_can_begin_in_is_one_error_also_in_the_background(
    program: Program,
) -> None:
    def said() -> set[tuple[int, str]]:
        runs = [program.run(*program.arguments(*more)) for more in ((), ("--detach",))]
        return {(done.returncode, done.stderr) for done in runs}

    program.home.write_text("a file")
    [(status, error)] = said()
    assert status == 3
    assert "[E804]" in error
    program.home.unlink()
    (program.home / "engine.lock").mkdir(parents=True)
    [(status, error)] = said()
    assert status == 3
    assert "Can't open the lock" in error
    assert "engine.lock: Is a directory" in error
    (program.home / "engine.lock").rmdir()


ESCAPE = "\x1b[2J\x1b]0;gone\x07\x9b31m\u202ex"  # a screen cleared, a title, a colour, an order


@pytest.mark.parametrize(
    ("command", "environ"),
    [
        (("replay", f"{ESCAPE}.jsonl"), {}),
        (("run", "topic", "--progress", "plain", "--record", f"/nonexist/{ESCAPE}.jsonl"), {}),
        (("run", "topic", "-o", f"/proc/{ESCAPE}"), {}),
        (("run", f"./{ESCAPE}.md"), {}),
        (("run", "topic", "--voice", ESCAPE), {}),
        (("run", "topic", "--progress", ESCAPE), {}),
        (("run", "topic", f"--{ESCAPE}"), {}),
        (("run", "topic", ESCAPE), {}),
        (("serve", "--port", "0", "--certificate", ESCAPE), {}),
        (("serve", "--port", "0", "--host", ESCAPE), {}),
        (("token", "add", ESCAPE), {}),
        (("token", "add", "ada", "--token-file", f"/nonexist/{ESCAPE}"), {}),
        (("show", ESCAPE), {}),
        ((ESCAPE,), {}),
        (("jobs", "--status", ESCAPE), {}),
        (("jobs", "--server", f"http://{ESCAPE}/"), {}),
        (("jobs",), {"AURA_CONFIG": ESCAPE}),
        (("jobs",), {"AURA_HOME": f"/proc/{ESCAPE}"}),
        (("doctor",), {"AURA_HOME": f"/proc/{ESCAPE}"}),
        (("doctor",), {"AURA_SCRIPT_MODEL": ESCAPE, "AURA_SCRIPT_BASE_URL": f"http://{ESCAPE}"}),
        (("doctor",), {"AURA_RENDER_FFMPEG": ESCAPE}),
        (("doctor",), {"TERM": ESCAPE}),
        (("doctor", "--voices"), {"AURA_SPEECH_PIPER_MODEL": f"/nonexist/{ESCAPE}.onnx"}),
    ],
)
def test_no_name_that_is_told_again_gets_an_escape_to_the_terminal(
    program: Program, command: tuple[str, ...], environ: dict[str, str]
) -> None:
    program.environ |= environ
    done = program.run(*command)
    told = done.stdout + done.stderr
    assert told
    assert "Traceback" not in told
    assert not [char for char in told if char != "\n" and not char.isprintable()]


def test_a_name_or_topic_that_starts_with_a_dash_is_answered_with_how_to_write_it(
    program: Program,
) -> None:
    (program.folder / "-take").write_text("# Tides\n\nThey rise.\n")
    for arguments, hint in (
        (("run", "-take.md"), "write: ./-take.md"),
        (("run", "-output.md"), "write: ./-output.md"),
        (("run", "--fps", "10", "-take"), "write: ./-take\n"),
        (("run", "-my take.md"), "write: './-my take.md'"),
        (("run", "-40 degrees"), "put -- before it: -- '-40 degrees'"),
        (("replay", "-x.jsonl"), "write: ./-x.jsonl"),
    ):
        done = program.run(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert hint in done.stderr, arguments
    for unrelated in (("run", "topic", "--no-such"), ("watch", "-x"), ("run", "--", "-take.md")):
        done = program.run(*unrelated)
        assert done.returncode == 2
        assert "dash" not in done.stderr
    # As the hint has it, the file is read: what is wrong is another thing.
    assert "--fps" in program.run("run", "./-take", "--fps", "1").stderr


def test_an_empty_name_or_a_link_that_leads_nowhere_is_refused_before_any_work(
    program: Program,
) -> None:
    (program.folder / "link").symlink_to("nowhere")
    for arguments in (("-o", ""), ("-o", " "), ("--record", ""), ("-o", "", "--detach")):
        assert "empty name" in refuse(program, "E108", program.brief, *arguments)
    for place in ("link", "link/sub"):
        for more in ((), ("--detach",), ("--server", "http://127.0.0.1:1")):
            said = refuse(program, "E108", program.brief, "-o", place, *more)
            assert "is a link to nowhere, which doesn't exist" in said
    assert "is a link to a file" in refuse(program, "E108", "topic", "--record", "link")
    for command in (("replay", ""), ("serve", "--token-file", ""), ("artifacts", "--save", "")):
        done = program.run(*command)
        assert (done.returncode, "empty name" in done.stderr) == (2, True), command
