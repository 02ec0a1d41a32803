"""What ``aura-tui serve`` prints: where it listens, whether it requires a token, its requests."""

from __future__ import annotations

import re
import signal
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from aura_tui.system.fd_writer import MAX_WAITING_BYTES
from tests.e2e.test_serve import address

if TYPE_CHECKING:
    import subprocess

    from tests.e2e.program import Program

pytestmark = pytest.mark.slow

LINE = re.compile(
    r"\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d (\S+) (\S+) (\S+) (\d+|-) (\d+) B \d+ ms "
    r"token=(\S+) correlation=(\S+)(?: (stream \w+))?"
)


def ended(process: subprocess.Popen[bytes]) -> str:
    """End the server; what it wrote on stderr after its address, also what is buffered here."""
    assert process.stderr is not None
    process.send_signal(signal.SIGTERM)
    text = process.stderr.read().decode()
    assert process.wait(30) == 0
    return text


def test_each_request_is_a_line_with_the_name_of_its_token_and_without_secrets(
    program: Program,
) -> None:
    token = program.run("token", "add", "ada").stdout.strip()
    process = program.start("serve", "--port", "0", "--access-log")
    url = address(process)
    head = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{url}/api/jobs?status=failed&key=hunter2", headers=head).status_code == 200
    wrong = {"Authorization": "Bearer hunter2"}
    assert httpx.get(f"{url}/api/jobs", headers=wrong).status_code == 401
    httpx.get(f"{url}/a%0Ab%1B%5B2J%20c", headers=head)
    with httpx.stream("GET", f"{url}/api/events", headers=head) as stream:
        next(stream.iter_raw())
    where = urlsplit(url)
    with socket.create_connection((where.hostname or "", where.port or 0)) as plain:
        plain.sendall(b"no http\r\n\r\n")
        assert b"400" in plain.recv(1000)
    program.run("cancel", "x")  # over the Unix socket
    text = ended(process)
    assert token not in text
    assert "hunter2" not in text
    assert "\x1b" not in text
    lines = [match.groups() for line in text.splitlines() if (match := LINE.fullmatch(line))]
    assert len(lines) == len(text.splitlines()) - 2, text
    ada, nobody = "ada", "-"
    # A server notices after a moment that a reader of a stream has left.
    lines.sort(key=lambda found: found[7] == "stream ended")
    assert [(*found[:4], found[5], found[7]) for found in lines if found[0] != "socket"] == [
        ("127.0.0.1", "GET", "/api/jobs", "200", ada, None),
        ("127.0.0.1", "GET", "/api/jobs", "401", nobody, None),
        ("127.0.0.1", "GET", "/a%20b%20c", "404", ada, None),
        ("127.0.0.1", "GET", "/api/events", "200", ada, "stream started"),
        ("127.0.0.1", "-", "-", "400", nobody, None),
        ("127.0.0.1", "GET", "/api/events", "200", ada, "stream ended"),
    ]
    assert int(lines[0][4]) > 10
    assert any(found[0] == "socket" for found in lines)


def test_a_log_that_nobody_reads_holds_up_no_request(program: Program) -> None:
    process = program.start("serve", "--port", "0", "--access-log")
    url = address(process)
    path = "/" + "x" * 190
    with httpx.Client() as client:
        for _ in range(1000):  # more than the pipe holds, and less than waits in memory
            assert client.get(f"{url}{path}").status_code == 404
    assert 65_536 < 1000 * len(path) < MAX_WAITING_BYTES
    assert ended(process).count(" 404 ") == 1000


def test_serve_says_where_it_listens_and_whether_it_requires_a_token(program: Program) -> None:
    said = []
    for _ in range(2):
        process = program.start("serve", "--port", "0")
        url = address(process)
        httpx.get(f"{url}/api/health")
        said.append(ended(process))
        program.run("token", "add", "ada")
    assert f"on {program.home / 'engine.sock'}\n" in said[0]
    assert "No token is required: any user of this machine has access" in said[0]
    assert f"A token is required: one of those in {program.home / 'tokens.json'}\n" in said[1]
    assert "/api/health" not in said[0] + said[1], "only with --access-log"
