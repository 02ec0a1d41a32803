"""Where keys must not come out: in doctor's words, in an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.program import Program

KEY = "sk-live-0123456789"


SECTIONS = ("SCRIPT", "SPEECH", "VISUALS")


@pytest.mark.parametrize(
    "url",
    [
        f"http://127.0.0.1:9/v1?api-key={KEY}", f"http://127.0.0.1:9/v1?x={KEY}",
        f"http://me:{KEY}@127.0.0.1:9/v1", f"http://{KEY}@127.0.0.1:9/v1",
        f"http://127.0.0.1:9/v1#{KEY}", f"http://me:a/{KEY}@127.0.0.1/v1", f"me:{KEY}@host",
        f"http://127.0.0.1:{KEY}/v1", f"http://me:a?{KEY}@127.0.0.1/v1",
    ],
)  # fmt: skip
def test_no_address_with_a_key_in_it_is_shown_whole(program: Program, url: str) -> None:
    program.environ |= {f"AURA_{name}_BASE_URL": url for name in SECTIONS}
    program.environ |= {f"AURA_{name}_MODEL": "m" for name in SECTIONS}
    program.environ["AURA_ENGINE_RETRIES"] = "0"
    for command in (("doctor",), ("run", "topic", "--resolution", "128x128", "--fps", "5")):
        done = program.run(*command)
        assert done.stdout + done.stderr
        assert KEY not in done.stdout + done.stderr
    for file in program.home.rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes(), file
    done = program.run("jobs", AURA_SERVER=url.replace("/v1", ""))
    assert done.returncode in (2, 3)
    assert KEY not in done.stdout + done.stderr


def test_doctor_names_an_endpoint_that_has_a_query(program: Program) -> None:
    done = program.run(
        "doctor",
        AURA_SCRIPT_BASE_URL="https://box.example/v1?api-version=2024-10-21",
        AURA_SCRIPT_MODEL="m",
    )
    assert "llm, m at https://box.example/v1\n" in done.stdout
    assert done.returncode == 0


@pytest.mark.parametrize("field", ["api-key", "key", "subscription_key", "access_token", "sig"])
def test_a_key_in_the_query_of_a_base_url_is_told_where_it_belongs(
    program: Program, field: str
) -> None:
    url = f"http://127.0.0.1:9/v1?api-version=2&{field}={KEY}"
    done = program.run("run", "topic", AURA_SCRIPT_BASE_URL=url, AURA_SCRIPT_MODEL="m")
    assert done.returncode == 2
    assert "[E111]" in done.stderr
    assert "api_key" in done.stderr
    assert KEY not in done.stderr
