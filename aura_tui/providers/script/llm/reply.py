"""Turns a model's reply into a script: finds the JSON, validates it, repairs it. Trusts nothing."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Literal

import msgspec

from aura_tui.model.script import (
    BulletsCard,
    ChartCard,
    CodeCard,
    NumberCard,
    QuoteCard,
    Scene,
    Script,
    StatementCard,
    TitleCard,
)
from aura_tui.model.text.sanitize import clean
from aura_tui.providers.script import prose
from aura_tui.providers.script.markdown import dialects
from aura_tui.providers.script.markdown.tables import chart_values
from aura_tui.providers.script.outline.scenes import fit_code

if TYPE_CHECKING:
    from aura_tui.model.script import AnyCard

MAX_SCENES = 400
_MAX_ITEMS = 8
_READ_ITEMS = 50  # read more than _MAX_ITEMS, because some may be empty


class ReplyError(ValueError):
    """A reply is invalid; the message tells the model why."""


class ReplyScene(msgspec.Struct, frozen=True, kw_only=True):
    """A scene as a model writes it: flat, with text fields."""

    kind: Literal["title", "statement", "bullets", "number", "quote", "code", "chart"]
    narration: str
    title: str = ""
    text: str = ""
    value: str = ""
    author: str = ""
    code: str = ""
    language: str = ""
    items: tuple[str, ...] = ()


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The whole reply."""

    scenes: tuple[ReplyScene, ...]
    title: str = ""


def read(text: str, language: str, fallback_title: str) -> Script:
    """Read the script from a model's ``text``. Raises :class:`ReplyError`."""
    document = _json_object(text)
    try:
        reply = msgspec.convert(document, Reply, strict=False)
    except msgspec.ValidationError as e:
        raise ReplyError(str(e)) from None
    scenes: list[Scene] = []
    for scene in reply.scenes[:MAX_SCENES]:
        narration = prose.spoken_form(dialects.plain(clean(scene.narration, 2000)))
        if not any(c.isalnum() for c in narration):
            raise ReplyError(f"scenes[{len(scenes)}].narration is empty")
        first = not scenes
        card = _card(scene, narration, first, _line(reply.title) or fallback_title, language)
        title = _line(scene.title) or prose.headline(narration, 8)
        scenes.append(
            Scene(
                number=len(scenes) + 1, title=title, narration=narration, card=card, chapter=first
            )
        )
    if not scenes:
        raise ReplyError("scenes is empty")
    return Script(
        title=_line(reply.title) or fallback_title, language=language, scenes=tuple(scenes)
    )


def _json_object(text: str) -> object:
    """The JSON object in ``text``, which a model may surround with thoughts, fences and prose."""
    if "</think>" in text:
        text = text.rsplit("</think>", 1)[1]
    elif re.match(r"\s*<think>", text):
        raise ReplyError("it ends before the JSON starts")
    fence = re.search(r"```(?:json)?\s*(\{.*)", text, re.DOTALL)
    text = fence[1] if fence else text
    start = text.find("{")
    if start < 0:
        raise ReplyError("it contains no JSON object")
    try:
        document: object = json.JSONDecoder().raw_decode(text, start)[0]
    except (ValueError, RecursionError) as e:
        raise ReplyError(f"it is not valid JSON ({str(e)[:100]})") from None
    return document


def _line(text: str, words: int = 14) -> str:
    line = prose.spoken_form(dialects.plain(clean(text, 500)))
    return prose.headline(line, words) if any(c.isalnum() for c in line) else ""


def _card(
    scene: ReplyScene, narration: str, first: bool, script_title: str, language: str
) -> AnyCard:
    """The requested card, or the closest one that the fields allow."""
    title, text = _line(scene.title, 12), _line(scene.text, 28)
    items = tuple(filter(None, (_line(item) for item in scene.items[:_READ_ITEMS])))[:_MAX_ITEMS]
    value = prose.spoken_form(clean(scene.value, 40))
    if first or scene.kind == "title":
        return TitleCard(title=title or script_title, subtitle=text)
    if scene.kind == "chart" and (chart := _chart(title, items, language)):
        return chart
    if scene.kind in ("bullets", "chart") and len(items) >= 2:
        return BulletsCard(title=title or prose.headline(narration, 8), bullets=items)
    if scene.kind == "number" and value and len(value) <= 16 and (text or title):
        return NumberCard(value=value, label=text or title, kicker=title if text else "")
    if scene.kind == "quote" and text:
        return QuoteCard(text=text, author=_line(scene.author), kicker=title)
    if scene.kind == "code" and scene.code.strip():
        source = fit_code(clean(scene.code, 8000).expandtabs(4).strip("\n"))
        syntax = re.fullmatch(r"[\w+#.-]{1,30}", scene.language.strip().lower())
        return CodeCard(title=title, code=source, language=syntax[0] if syntax else "")
    return StatementCard(text=text or prose.headline(narration, 16), kicker=title if text else "")


def _chart(title: str, items: tuple[str, ...], language: str) -> ChartCard | None:
    pairs = [item.rsplit(":", 1) for item in items if ":" in item]
    if not 2 <= len(pairs) <= 8 or len(pairs) < len(items):
        return None
    labels = tuple(label.strip()[:24] for label, _ in pairs)
    texts = tuple(text.strip() for _, text in pairs)
    values = chart_values(texts, language)
    if values is None or not all(labels):
        return None
    return ChartCard(title=title, labels=labels, values=values, texts=texts)
