"""Provider openai, against a real server on loopback: answers, refusals, garbage, silence."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from aura_tui.errors import Code, InputError, StageError, Transient
from aura_tui.providers.protocols import FrameSpec
from aura_tui.providers.visuals import openai
from aura_tui.providers.visuals.openai import OpenAIImages, prompt, size_for
from aura_tui.settings import Secret, VisualsSettings
from tests.providers.loopback import Loopback, Reply, json_reply
from tests.providers.picture_bench import FRAME, Bench, titles

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.model.script import Picture


def png(width: int = 64, height: int = 36) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (width, height), (30, 160, 90)).save(data, "PNG")
    return data.getvalue()


def as_base64(data: bytes) -> Reply:
    return json_reply({"data": [{"b64_json": base64.b64encode(data).decode()}]})


async def drawn(
    server: Loopback, tmp_path: Path, *, model: str = "dall-e-3", timeout_s: float = 10.0
) -> Picture:
    settings = VisualsSettings(
        base_url=f"{server.url}/v1", api_key=Secret("k-1"), model=model, timeout_s=timeout_s
    )
    provider = OpenAIImages(settings)
    script = titles("Solar panels")
    ctx = Bench(tmp_path)
    try:
        picture = await provider.draw(script.scenes[0], script, FRAME, tmp_path / "out.png", ctx)
    finally:
        await provider.close()
        assert [p.name for p in tmp_path.iterdir() if p.name.startswith("picture-")] == []
    return picture


async def test_a_picture_is_asked_for_and_fitted_to_the_frame(tmp_path: Path) -> None:
    async with Loopback() as server:
        server.will(as_base64(png(1792, 1024)))
        picture = await drawn(server, tmp_path)
        (request,) = server.requests
    with Image.open(picture.path) as image:
        assert image.size == (picture.width, picture.height) == (350, 196)
        assert image.getpixel((10, 10)) == (30, 160, 90)
    assert (request.method, request.path) == ("POST", "/v1/images/generations")
    assert request.headers["authorization"] == "Bearer k-1"
    body = request.json()
    assert body["size"] == "1792x1024"
    assert body["response_format"] == "b64_json"
    assert "This is scene 1." in body["prompt"]


async def test_a_model_that_always_answers_in_base64_is_not_told_to(tmp_path: Path) -> None:
    async with Loopback() as server:
        server.will(as_base64(png()))
        await drawn(server, tmp_path, model="gpt-image-1")
        body = server.requests[0].json()
    assert "response_format" not in body
    assert body["size"] == "1536x1024"


async def test_a_picture_behind_an_address_of_the_same_host_is_fetched(tmp_path: Path) -> None:
    async with Loopback() as server:
        server.will(
            json_reply({"data": [{"url": f"{server.url}/files/1.png"}]}),
            Reply(body=png(), type="image/png"),
        )
        await drawn(server, tmp_path)
        assert server.requests[1].path == "/files/1.png"


async def test_a_picture_behind_another_host_s_plain_address_is_not_fetched(
    tmp_path: Path,
) -> None:
    async with Loopback() as other, Loopback() as server:
        server.will(json_reply({"data": [{"url": f"{other.url}/1.png"}]}))
        with pytest.raises(StageError) as failed:
            await drawn(server, tmp_path)
        assert other.requests == []
    assert failed.value.code is Code.PICTURE_INVALID


async def test_too_many_requests_is_worth_another_try(tmp_path: Path) -> None:
    async with Loopback() as server:
        server.will(Reply(429, headers=(("Retry-After", "3"),)), as_base64(png()))
        with pytest.raises(Transient) as failed:
            await drawn(server, tmp_path)
        assert failed.value.retry_after_s == 3
        assert failed.value.code is Code.VISUALS_PROVIDER_UNAVAILABLE
        await drawn(server, tmp_path)


async def test_a_content_policy_refusal_is_final_and_says_what_was_said(tmp_path: Path) -> None:
    refusal = {"error": {"code": "content_policy_violation", "message": "Not this \x1b[31mone"}}
    async with Loopback() as server:
        server.will(json_reply(refusal, 400))
        with pytest.raises(StageError) as failed:
            await drawn(server, tmp_path)
    assert not isinstance(failed.value, Transient)
    assert failed.value.code is Code.VISUALS_PROVIDER_REFUSED
    assert "Not this one" in failed.value.message


@pytest.mark.parametrize(
    "reply",
    [
        json_reply({"data": []}),
        json_reply({"data": [{}]}),
        json_reply({"data": "none"}),
        json_reply({"data": [{"b64_json": "no base64 !"}]}),
        json_reply({"data": [{"url": "file:///etc/passwd"}]}),
        as_base64(b"no picture"),
        as_base64(png()[:60]),
        Reply(body=b"<html>", type="text/html"),
    ],
)
async def test_garbage_is_an_error_that_names_it(reply: Reply, tmp_path: Path) -> None:
    async with Loopback() as server:
        server.will(reply)
        with pytest.raises(StageError) as failed:
            await drawn(server, tmp_path)
    assert not isinstance(failed.value, Transient)
    assert failed.value.code is Code.PICTURE_INVALID
    assert not (tmp_path / "out.png").exists()


async def test_a_huge_reply_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai, "MAX_REPLY_BYTES", 10_000)
    async with Loopback() as server:
        server.will(as_base64(b"x" * 100_000))
        with pytest.raises(StageError, match="larger than"):
            await drawn(server, tmp_path)


async def test_a_server_that_hangs_is_left_after_the_timeout(tmp_path: Path) -> None:
    async with Loopback() as server:
        server.will(Reply(hang=True))
        with pytest.raises(Transient, match=r"not answered within 0\.2 s"):
            await drawn(server, tmp_path, timeout_s=0.2)


def test_the_size_nearest_to_the_frame_is_asked_for() -> None:
    tall = FrameSpec(width=720, height=1280, theme="aurora")
    square = FrameSpec(width=720, height=720, theme="aurora")
    assert size_for("dall-e-3", tall) == (1024, 1792)
    assert size_for("dall-e-3", square) == (1024, 1024)
    assert size_for("dall-e-2", tall) == (1024, 1024)
    assert size_for("some-model", tall) == (1024, 1536)


def test_the_prompt_is_bounded_and_the_inputs_hold_no_secret() -> None:
    script = titles("A" * 500)
    settings = VisualsSettings(base_url="https://a.test/v1", api_key=Secret("k-1"), model="m")
    provider = OpenAIImages(settings)
    assert len(prompt(script.scenes[0], script)) <= 1000
    known = provider.identity() + provider.inputs(script.scenes[0], script, FRAME)
    assert not any("k-1" in text for text in known)
    assert not provider.deterministic


@pytest.mark.parametrize("missing", ["base_url", "model"])
def test_an_endpoint_without_address_or_model_is_refused(missing: str) -> None:
    values = {"base_url": "https://a.test/v1", "model": "m", missing: " "}
    with pytest.raises(InputError) as refused:
        OpenAIImages(VisualsSettings(base_url=values["base_url"], model=values["model"]))
    assert refused.value.field == f"visuals.{missing}"
