"""Before the first good answer of a remote engine, what refuses the board ends it, as it ends any
other command; afterwards the board stays, and says what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.client.service import RemoteService
from aura_tui.errors import Code, EngineError
from aura_tui.ui.app import BoardApp
from tests.client.scripted import Scripted, health, json, page, refusal
from tests.ui.boards import Board, look
from tests.waiting import until

if TYPE_CHECKING:
    from tests.client.scripted import Handler

EMPTY = json({"jobs": [], "cursor": None})


def _board(service: RemoteService) -> BoardApp:
    async def open_service() -> RemoteService:
        return await service.__aenter__()

    return BoardApp(open_service, None, look(remote=True), environ={})


async def test_a_refusal_before_the_first_good_answer_ends_the_board() -> None:
    cases: tuple[tuple[Handler, Handler, Code], ...] = (
        (health, refusal(401, "E807"), Code.TOKEN_REFUSED),
        (refusal(401, "E807"), page(404), Code.TOKEN_REFUSED),
        (page(404), page(404), Code.NOT_AN_ENGINE),
        (page(200), page(200), Code.NOT_AN_ENGINE),
        (json({"error": "Not Found"}, 404), json({"error": "Not Found"}, 404), Code.NOT_AN_ENGINE),
    )
    for healthy, listed, code in cases:
        async with Scripted() as server:
            server.on("/api/health", healthy)
            server.on("/api/jobs", listed)
            service = RemoteService(server.url)
            app = _board(service)
            async with app.run_test(size=(80, 24)):
                await until(lambda app=app: not app.is_running or app.failure)  # type: ignore[misc]
            await service.aclose()
        assert isinstance(app.failure, EngineError)
        assert app.failure.code is code
        assert app.failure.remediation


async def test_before_the_first_answer_no_job_is_shown() -> None:
    async with Scripted() as server:
        server.on("/api/health", health)
        server.on("/api/jobs", page(502))
        service = RemoteService(server.url, patience_s=60)
        app = _board(service)
        async with app.run_test(size=(160, 40)) as pilot:
            board = Board(app, pilot, service)
            await board.shows("Loading the jobs")
            for stage in ("Script", "Voice", "Rendering"):
                assert stage not in board.text
            server.on("/api/jobs", EMPTY)
            service.reconnect()
            await board.shows("No jobs yet")
            server.on("/api/jobs", refusal(401, "E807"))
            assert app.failure is None
        await service.aclose()
