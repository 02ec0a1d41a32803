"""The OpenAPI document and the server agree: schemathesis asks all that it allows and forbids."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from aura_tui.server.openapi.document import document
from aura_tui.wire import routes
from tests.server.test_process import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemathesis import Case, HookContext

_KNOWN_TO_PROVIDERS = {
    "options": ("script", "speech", "visuals", "theme"),
    "voiceSpec": ("voiceName",),
    "brief": ("language",),
    "renderSpec": ("res",),
}
_JOBS: list[str] = []  # ids that are there, once the server is

api = schemathesis.openapi.from_dict(json.loads(document()))
# What has no end can't be waited for; tests/server/streams/test_streams.py reads it.
bounded = api.exclude(path=routes.EVENTS)


@api.hook
def map_path_parameters(
    context: HookContext, path_parameters: dict[str, Any] | None
) -> dict[str, Any] | None:
    """Half of the jobs that are asked for are there, and so are half of the artifacts."""
    if path_parameters is None:
        return None
    if context.operation is not None and context.operation.method == "delete":
        return path_parameters  # what is there, the others need
    if len(str(path_parameters.get("id", ""))) % 2:
        path_parameters["id"] = _JOBS[len(str(path_parameters)) % len(_JOBS)]
    if len(str(path_parameters.get("name", "x"))) % 2 == 0:
        path_parameters["name"] = "small.mp4"
    return path_parameters


def without_choices(body: Any) -> Any:
    """What only providers know (is there such a voice?) is left to other tests."""
    for section, names in _KNOWN_TO_PROVIDERS.items():
        given = body.get(section) if isinstance(body, dict) else None
        if not isinstance(given, dict):
            continue
        for name in names:
            value = given.get(name)
            if isinstance(value, str) and len(value) <= 500 and "\0" not in value:
                given[name] = ""
            if isinstance(value, dict) and set(value) == {"width", "height"}:
                sides = value.values()
                if all(type(side) is int and 128 <= side <= 3840 for side in sides):
                    given[name] = {"width": 1280, "height": 720}
    return body


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("home")
    command = [sys.executable, "-m", "tests.server.program", str(home)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            for text in ("one", "two"):
                made = httpx.post(url + routes.JOBS, json={"brief": {"text": text}})
                _JOBS.append(made.json()["jobId"])
                httpx.get(url + routes.path(routes.JOB_EVENTS, _JOBS[-1]))  # to its end
            yield url
        finally:
            process.terminate()


@bounded.parametrize()
@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_the_server_does_what_its_document_says(server: str, case: Case[Any]) -> None:
    key = case.headers.get(routes.IDEMPOTENCY_KEY) if case.headers else None
    if isinstance(key, str) and re.fullmatch("[!-~]([ -~]{0,253}[!-~])?", key):
        case.headers[routes.IDEMPOTENCY_KEY] = uuid4().hex  # a key is of one request
    case.body = without_choices(case.body)
    case.call_and_validate(base_url=server)


def test_every_route_is_described(server: str) -> None:
    told = httpx.get(server + routes.OPENAPI)
    assert told.headers["content-type"] == "application/json"
    paths = told.json()["paths"]
    ours = {
        value
        for value in vars(routes).values()
        if isinstance(value, str) and value.startswith(("/api/", "/health/"))
    }
    assert set(paths) == ours
