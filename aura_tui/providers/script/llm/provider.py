"""Writes a script with a model, through any OpenAI-compatible chat endpoint.

Servers support different response formats, so requests ask for a JSON schema first, then for any
JSON object, then for no format. Some servers accept a schema without enforcing it, so every reply
is validated; the model may correct an invalid one once.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from aura_tui.brief.title import title_of
from aura_tui.errors import Code, StageError
from aura_tui.model.text.sanitize import clean_line
from aura_tui.providers.openai_client import Failure, OpenAIClient, Refused
from aura_tui.providers.script.language import detect
from aura_tui.providers.script.llm import prompt, reply
from aura_tui.providers.script.markdown import document
from aura_tui.providers.script.markdown.blocks import Image, Unseen
from aura_tui.providers.script.markdown.picture_files import unseen

if TYPE_CHECKING:
    from aura_tui.model.request import JobRequest
    from aura_tui.model.script import Script
    from aura_tui.providers.protocols import ProviderContext
    from aura_tui.settings import ScriptSettings

_FAILURE = Failure(
    unavailable=Code.SCRIPT_PROVIDER_UNAVAILABLE,
    refused=Code.SCRIPT_PROVIDER_REFUSED,
    invalid=Code.SCRIPT_REPLY_INVALID,
)
_FORMATS: tuple[tuple[str, dict[str, object] | None], ...] = (
    (
        "json_schema",
        {
            "type": "json_schema",
            "json_schema": {"name": "script", "strict": True, "schema": prompt.SCHEMA},
        },
    ),
    ("json_object", {"type": "json_object"}),
    ("the prompt alone", None),
)
_FORMAT_UNKNOWN = frozenset({400, 404, 422, 501})  # statuses for an unsupported format


class LlmProvider:
    """Uses the model configured by base_url, model and api_key in ``[script]``."""

    name = "llm"
    deterministic = False

    def __init__(self, settings: ScriptSettings) -> None:
        self._model = settings.model
        self._base_url = settings.base_url.split("?")[0]
        self._endpoint = OpenAIClient(
            base_url=settings.base_url,
            api_key=settings.api_key,
            timeout_s=settings.timeout_s,
            name="The script endpoint",
            failure=_FAILURE,
        )

    def identity(self) -> tuple[str, ...]:
        return (prompt.VERSION, detect.VERSION, self._base_url, self._model)

    async def write(self, request: JobRequest, ctx: ProviderContext) -> Script:
        """Write the script in one conversation: at most three formats and one correction."""
        if len(request.brief.text) > prompt.MAX_TEXT_CHARS:
            ctx.warn(
                "The text is long; the model gets only its first "
                f"{prompt.MAX_TEXT_CHARS:,} characters"
            )
        for note in await asyncio.to_thread(_unused_pictures, request):
            ctx.warn(note)
        language = await asyncio.to_thread(detect.of_brief, request.brief)
        messages = prompt.messages(request, language)
        form, repaired = 0, False
        while True:
            try:
                text = await self._complete(messages, form, ctx)
            except Refused as e:
                if e.status not in _FORMAT_UNKNOWN or form + 1 == len(_FORMATS):
                    raise
                form += 1
                ctx.log(f"The endpoint rejected the request; trying again with {_FORMATS[form][0]}")
                continue
            try:
                title = title_of(request.brief)
                script = await asyncio.to_thread(reply.read, text, language, title)
                return script if request.brief.language else _with_detected_language(script)
            except reply.ReplyError as e:
                why = clean_line(str(e), 200)
            if repaired:
                raise StageError(
                    Code.SCRIPT_REPLY_INVALID,
                    f"The model {clean_line(self._model, 80)} returned no usable script: {why}",
                    "Try again, use another model, or use the provider outline, which needs none.",
                )
            repaired = True
            ctx.log(f"Can't use the model's reply ({why}); asking for a corrected one", "warning")
            messages += prompt.repair(text, why)

    async def _complete(
        self, messages: list[dict[str, str]], form: int, ctx: ProviderContext
    ) -> str:
        body: dict[str, object] = {"model": self._model, "messages": messages}
        if (response_format := _FORMATS[form][1]) is not None:
            body["response_format"] = response_format
        response = await self._endpoint.post_json("/chat/completions", body, log=ctx.log)
        text = _content(response)
        if text is None:
            raise self._endpoint.invalid(_error(response))
        return text


def _unused_pictures(request: JobRequest) -> list[str]:
    """Warnings about the brief's pictures, which a model's script can't show."""
    origin = request.origin
    parsed = document.parse(
        request.brief.text, folder=origin.folder, local_pictures=not origin.outside
    )
    shown = [
        Unseen(f"{Path(block.path).name} (a model's script has none)", block.lines.first)
        for section in parsed.sections
        for block in section.blocks
        if isinstance(block, Image)
    ]
    return unseen([*shown, *parsed.unseen])


def _with_detected_language(script: Script) -> Script:
    """``script`` with the language of its narration, if that is clear."""
    language = detect.of_text(" ".join(scene.narration for scene in script.scenes))
    if language == detect.DEFAULT:
        return script
    return msgspec.structs.replace(script, language=language)


def _content(response: object) -> str | None:
    """``choices[0].message.content``, which is a text or a list of parts; None if it is missing."""
    match response:
        case {"choices": [{"message": {"content": str(text)}}, *_]}:
            return text
        case {"choices": [{"message": {"content": [*parts]}}, *_]}:
            texts = (part.get("text") for part in parts if isinstance(part, dict))
            return "".join(text for text in texts if isinstance(text, str))
        case _:
            return None


def _error(response: object) -> str:
    match response:
        case {"error": {"message": str(text)}} | {"error": str(text)}:
            return f"with an error: {text}"
        case {"choices": [{"message": {"refusal": str(text)}}, *_]}:
            return f"the model declined: {text}"
        case _:
            return "without a message of the model"
