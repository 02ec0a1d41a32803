"""The engine served to another home, as two people with two machines have it."""

from __future__ import annotations

import hashlib
import json
import re
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import opentimelineio as otio
import pytest

from tests.e2e.program import Program
from tests.e2e.test_one_engine import soon
from tests.e2e.test_run import LONG
from tests.ui.pseudo_terminal import terminal
from tests.waiting import alive, below, state, stopped

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

BRIEF = {"brief": {"topic": "One"}}


def address(process: subprocess.Popen[bytes]) -> str:
    """Where ``serve`` says that it listens."""
    assert process.stderr is not None
    for line in iter(process.stderr.readline, b""):
        if found := re.search(rb"Serving on (\S+)", line):
            return found[1].decode()
    raise AssertionError("it never served")


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Program]:
    """The other machine."""
    (tmp_path / "there").mkdir()
    program = Program(tmp_path / "there")
    yield program
    program.close()


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_a_remote_run_gives_the_files_of_an_embedded_one(program: Program, there: Program) -> None:
    server = there.start("serve", "--port", "0")
    url = address(server)
    far = program.run(*program.arguments("--progress", "json", "--server", url))
    assert far.returncode == 0, far.stderr
    assert json.loads(far.stdout.splitlines()[-1])["event"] == "job-completed"
    near = there.run("run", program.brief, "-o", there.out, *program.arguments()[4:])
    assert near.returncode == 0, near.stderr
    assert hashes(program.out) == hashes(there.out)
    assert len(hashes(there.out)) == 6
    (bundle,) = program.out.glob("*.otioz")
    opened = program.folder / "opened"
    opened.mkdir()
    timeline = otio.adapters.read_from_file(str(bundle), extract_to_directory=str(opened))
    clips = list(timeline.find_clips())
    assert clips
    assert all((opened / clip.media_reference.target_url).is_file() for clip in clips)

    listed = program.run("jobs", "--json", "--server", url)
    assert len(listed.stdout.splitlines()) == 2
    name = "how-tides-work.script.json"
    saved = program.run("artifacts", "--server", url, "--save", "saved", "--name", name)
    assert saved.returncode == 0, saved.stderr
    assert [path.name for path in (program.folder / "saved").iterdir()] == [name]

    server.send_signal(signal.SIGTERM)
    assert server.wait(5) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_ctrl_z_stops_a_server_s_children_too(program: Program) -> None:
    server = program.start("serve", "--port", "0")
    address(server)
    done = program.run(*program.arguments(*LONG, "--duration", "30", "--detach"))
    assert done.returncode == 0, done.stderr
    soon(lambda: len(below(server.pid)) >= 2)
    server.send_signal(signal.SIGTSTP)
    soon(lambda: state(server.pid) == "T")
    children = below(server.pid)
    soon(lambda: all(stopped(pid) or not alive(pid) for pid in children))
    server.send_signal(signal.SIGCONT)
    soon(lambda: not any(state(pid) == "T" for pid in below(server.pid)))
    server.send_signal(signal.SIGTERM)
    assert server.wait(10) == 0


def test_a_token_comes_from_a_file_or_from_a_person_who_is_asked_without_echo(
    program: Program, there: Program
) -> None:
    token = there.run("token", "add", "ada").stdout.strip()
    where = ("--server", address(there.start("serve", "--port", "0")))
    file = program.folder / "token"
    for content, status, words in (
        (f"{token}\n", 0, ""),
        ("wrong", 3, "rejected the token"),
        (" \n", 2, "it is empty"),
        (f"{token} {token}", 2, "it contains more than a token"),
        ("x" * 5000, 2, "it contains more than a token"),
    ):
        file.write_text(content)
        # An option is nearer to the person than the environment.
        before = ("--token-file", file, "jobs", *where)
        after = ("jobs", *where, "--token-file", file)
        done = program.run(*(before if status else after), AURA_TOKEN="another")
        assert (done.returncode, words in done.stderr) == (status, True), done.stderr
    file.unlink()
    assert "No such file" in program.run("jobs", *where, "--token-file", file).stderr
    # Nobody is asked on a pipe, nor in vain: not where a token was given.
    assert program.run("jobs", *where, input=token.encode()).returncode == 3
    command = [sys.executable, "-m", "aura_tui"]
    with terminal([*command, "jobs", *where], program.environ | {"AURA_TOKEN": "x"}) as shown:
        assert shown.ends() == 3
        assert "Access token:" not in shown.text
    # The board isn't opened before the answer; nothing that is typed shows.
    for arguments, seen, keys, status in (
        (("jobs", *where), "No job", "", 0),
        (("jobs", *where), "requires a token", "", 3),
        (("watch", *where), "No job", "", 2),
        ((), "No job", "q", 0),
    ):
        environ = program.environ | {"AURA_SERVER": where[1]}
        with terminal([*command, *arguments], environ, (100, 30)) as shown:
            shown.shows("Access token:")
            assert b"\x1b[?1049h" not in shown.sent
            shown.type("\x04" if status == 3 else f"{token}\n")
            shown.shows(seen)
            shown.type(keys)
            assert shown.ends() == status
            assert token not in shown.text


def test_a_token_lets_in_and_nothing_else_does(program: Program, there: Program) -> None:
    refused = there.run("serve", "--host", "0.0.0.0", "--port", "0")
    assert refused.returncode == 3
    assert "aura-tui token add" in refused.stderr

    token = there.run("token", "add", "ada").stdout.strip()
    assert token
    assert token not in (there.home / "tokens.json").read_text()
    assert "ada" in there.run("token", "list").stdout
    server = there.start("serve", "--port", "0")
    url = address(server)
    for wrong in ("", "0" * 64):
        done = program.run("jobs", "--server", url, AURA_TOKEN=wrong)
        assert done.returncode == 3, done.stderr
        assert len(done.stderr.splitlines()) == 2
    assert program.run("jobs", "--server", url, AURA_TOKEN=token).returncode == 0
    assert there.run("token", "remove", "ada").returncode == 0
    assert program.run("jobs", "--server", url, AURA_TOKEN=token).returncode == 3


def test_serve_does_what_options_say_then_the_environment_then_the_file(there: Program) -> None:
    tokens = there.folder / "who.json"
    config = there.folder / "config.toml"
    config.write_text(
        f'[serve]\nport = 0\nhost = "127.0.0.2"\ntoken_file = "{tokens}"\njobs_a_minute = 0\n'
        'origins = ["https://file.example"]\n'
    )
    there.environ |= {
        "AURA_CONFIG": str(config),
        "AURA_SERVE_HOST": "127.0.0.1",
        "AURA_SERVE_JOBS_A_MINUTE": "1",
        "AURA_SERVE_ORIGINS": "https://one.example, https://two.example",
    }
    token = there.run("token", "add", "ada").stdout.strip()
    assert tokens.is_file()
    for options, jobs, origins in (
        ([], 1, {"https://one.example", "https://two.example"}),
        (["--jobs-a-minute", "2", "--origin", "https://me.example"], 2, {"https://me.example"}),
    ):
        server = there.start("serve", *options)
        url = address(server)
        assert url.startswith("http://127.0.0.1:")
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}) as client:
            made = [client.post("/api/jobs", json=BRIEF) for _ in range(jobs + 1)]
            assert [answer.status_code for answer in made] == [*[202] * jobs, 429]
            for name in ("file", "one", "two", "me"):
                origin = f"https://{name}.example"
                allowed = client.get("/api/jobs", headers={"Origin": origin})
                told = allowed.headers.get("Access-Control-Allow-Origin")
                assert (told == origin) == (origin in origins)
        server.send_signal(signal.SIGTERM)
        assert server.wait(5) == 0


def test_no_server_is_one_clear_line(program: Program) -> None:
    commands = [
        [*command, "--server", url]
        for url in ("http://127.0.0.1:1", "nonsense", "https://127.0.0.1:1/x")
        for command in (["jobs"], ["watch"], ["cancel", "x"])
    ]
    with ThreadPoolExecutor(len(commands)) as pool:  # each waits some seconds for a server
        ended = list(pool.map(lambda command: program.run(*command), commands))
    for done in ended:
        assert done.returncode in (2, 3), done.stderr
        assert done.stderr.startswith("Error: ")
        assert "Traceback" not in done.stderr


def test_a_served_engine_says_that_its_store_was_set_aside(there: Program) -> None:
    there.home.mkdir()
    (there.home / "aura.db").write_bytes(b"no database" * 1000)
    server = there.start("serve", "--port", "0")
    assert server.stderr is not None
    said = server.stderr.readline().decode()
    assert said.startswith("Warning: ")
    assert "damaged and moved to" in said
    address(server)
