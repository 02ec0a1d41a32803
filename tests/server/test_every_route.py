"""Every route of the app, as its own document has them: who gets in, and what leads nowhere.

``python -m tests.chaos.access`` asks a real ``aura-tui serve`` the same, and more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aura_tui.server import token_edits, tokens
from aura_tui.server.app import ServerApp
from aura_tui.server.options import Bounds, Limits
from aura_tui.wire import routes
from tests.chaos import access_run
from tests.chaos.access_run import Asker
from tests.engine.conftest import ended, request
from tests.server.serving import served
from tests.server.test_jobs import BRIEF

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.settings import Settings
    from tests.server.serving import Served

BODY_BYTES = 64 * 1024


@pytest.fixture
def mine(settings: Settings) -> str:
    return token_edits.add(settings.home / tokens.FILE, "mine")


async def made(server: Served, secret: str) -> str:
    """A job of that token's that has ended."""
    async with server.client(secret) as client:
        job_id: str = (await client.post(routes.JOBS, json=BRIEF)).json()["jobId"]
    await ended(server.service, job_id)
    return job_id


async def test_the_document_has_every_route_of_the_app(settings: Settings) -> None:
    async with served(settings) as server:
        offered = await access_run.offered(Asker(server.port))
        app = ServerApp(server.service, settings)
        there = {
            (method, route.path.replace(":path", ""))  # type: ignore[attr-defined]  # a Route
            for route in app._router.routes
            for method in route.methods - {"HEAD"}  # type: ignore[attr-defined]
        }
        assert set(offered) == there


async def test_no_route_lets_in_who_has_no_token_or_anothers(settings: Settings, mine: str) -> None:
    other = token_edits.add(settings.home / tokens.FILE, "other")
    async with served(settings) as server:
        job_id = await made(server, mine)
        await access_run.check_tokens(Asker(server.port), mine, other, job_id)


async def test_no_route_takes_what_it_does_not_offer(settings: Settings, mine: str) -> None:
    async with served(settings) as server:
        job_id = await made(server, mine)
        await access_run.check_methods(Asker(server.port), mine, job_id)


async def test_no_parameter_of_a_path_leads_out_of_the_job(settings: Settings, mine: str) -> None:
    hashes = [token.sha256.encode() for token in tokens.read_tokens(settings.home / tokens.FILE)]
    async with served(settings) as server:
        job_id = await made(server, mine)
        await access_run.check_traversal(Asker(server.port), mine, job_id, hashes)


async def test_no_route_answers_a_forged_host_or_origin(settings: Settings) -> None:
    async with served(settings) as server:
        job = await server.service.submit(request())
        await ended(server.service, job.id)
        await access_run.check_rebinding(Asker(server.port), job.id)


async def test_no_route_reads_a_body_without_end(settings: Settings, mine: str) -> None:
    limits = Limits(jobs_a_minute=None, cancels_a_minute=None)
    async with served(
        settings, limits=limits, bounds=Bounds(body_bytes=BODY_BYTES, body_s=0.5, head_s=0.5)
    ) as server:
        job_id = await made(server, mine)
        await access_run.check_bodies(Asker(server.port), mine, job_id, BODY_BYTES)


async def test_a_link_in_place_of_a_jobs_folder_gives_nothing_away(
    settings: Settings, mine: str, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    canary.write_text("the canary sings")
    async with served(settings) as server:
        job_id = await made(server, mine)
        asker = Asker(server.port)
        assert await access_run.check_folders(asker, mine, settings.home, job_id, canary) >= 20


async def test_a_link_in_place_of_a_jobs_file_gives_nothing_away(
    settings: Settings, mine: str, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    canary.write_text("the canary sings")
    async with served(settings) as server:
        job_id = await made(server, mine)
        names = access_run.plant_links(settings.home, job_id, canary)
        assert names
        found = await access_run.check_links(
            Asker(server.port), mine, job_id, names, b"the canary sings"
        )
        assert found >= 9 + len(names)
