"""Changes of several jobs at once, and a retry into another folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chaos.resources_run import small_disk
from tests.e2e.shell import on_terminal
from tests.e2e.test_one_engine import soon
from tests.e2e.test_run import LONG
from tests.e2e.test_serve import address

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.program import Program

pytestmark = pytest.mark.slow


def statuses(program: Program) -> list[str]:
    return [str(job["status"]) for job in program.jobs()]


def test_several_jobs_are_changed_by_id_by_status_or_all_with_a_line_each(
    program: Program,
) -> None:
    ids = [
        program.run(*program.arguments("--detach", "--duration", "60", *LONG)).stdout.strip()
        for _ in range(3)
    ]
    soon(lambda: statuses(program).count("Running") == 1)

    done = program.run("cancel", ids[2], "nope", ids[1], ids[1])
    assert done.returncode == 2
    assert done.stdout.splitlines() == [f"Cancelled {ids[2]}", f"Cancelled {ids[1]}"]
    assert done.stderr == "Error: Job 'nope' not found [E901]\n"
    assert statuses(program) == ["Canceled", "Canceled", "Running"]

    done = program.run("pause", "--all", "--yes")
    assert (done.returncode, done.stdout) == (0, f"Paused {ids[0]}\n")
    done = program.run("resume", ids[0], "--detach")
    assert (done.returncode, done.stdout) == (0, f"Resumed {ids[0]}\n")

    # Two wait behind the one that runs.
    done = program.run("retry", "--status", "cancelled", "--yes")
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [(words[0], words[1], words[2]) for words in lines] == [
        ("Retried", ids[2], "as"),
        ("Retried", ids[1], "as"),
    ]
    assert program.run("retry", "--status", "cancelled", "--yes").stderr == "No jobs to retry\n"

    for arguments in (("cancel", "--all"), ("cancel", "--status", "queued"), ("cancel",)):
        done = program.run(*arguments)
        assert (done.returncode, done.stdout) == (2, ""), arguments
    for refused in (
        ("cancel", "--all", ids[0]),
        ("cancel", "--status", "failed", "--yes"),
        ("resume", "--all", "--yes", "--record", "x.jsonl"),
        ("retry", ids[1], ids[2], "--record", "x.jsonl"),
    ):
        assert program.run(*refused).returncode == 2, refused

    with on_terminal(program, "cancel", "--all") as shown:
        shown.shows("Cancel 3 jobs? [y/N]")
        shown.type("\n")
        assert shown.ends() == 2
        assert "Nothing changed" in shown.text
    assert statuses(program)[-1] == "Running"
    with on_terminal(program, "cancel", "--all") as shown:
        shown.shows("Cancel 3 jobs? [y/N]")
        shown.type("y\n")
        assert shown.ends() == 0
    assert set(statuses(program)) == {"Canceled"}


def test_a_retry_puts_the_files_elsewhere_when_a_disk_is_full(
    program: Program, tmp_path: Path
) -> None:
    """In this process, by a background engine over its socket, and by a remote one."""
    try:
        with small_disk(tmp_path / "small", 16):
            full = program.run(*program.arguments("-o", tmp_path / "small" / "out"))
    except OSError:
        pytest.skip("can't mount")
    assert full.returncode == 1
    assert "[E701]" in full.stderr or "E701" in full.stdout
    assert "aura-tui retry JOB -o DIR" in full.stdout
    job = program.jobs()[0]["jobId"]

    bad = program.run("retry", job, "-o", program.brief / "x")
    assert (bad.returncode, "[E108]" in bad.stderr) == (2, True)

    here = program.run("retry", job, "-o", "here")
    assert here.returncode == 0, here.stderr
    detached = program.run("retry", job, "-o", "detached", "--detach")
    assert detached.returncode == 0, detached.stderr
    new = detached.stdout.strip()
    assert program.run("watch", new).returncode == 0
    assert program.jobs()[0]["jobId"] == new
    files = {path.name for path in (program.folder / "here").iterdir()}
    assert {path.name for path in (program.folder / "detached").iterdir()} == files
    assert any(name.endswith(".mp4") for name in files)
    program.close()

    server = program.start("serve", "--port", "0")
    url = address(server)
    (program.folder / "elsewhere").mkdir()
    remote = program.run(
        "retry", job, "-o", "remote", "--server", url, AURA_HOME=str(program.folder / "elsewhere")
    )
    assert remote.returncode == 0, remote.stderr
    assert {path.name for path in (program.folder / "remote").iterdir()} == files
