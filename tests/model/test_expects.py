"""What a field takes, in words."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from msgspec import Meta

from aura_tui.model.expects import describe_type


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (int, "a whole number"),
        (int | None, "a whole number"),
        (float | str | None, "a number or a text"),
        (bool, "true or false"),
        (Literal["auto", "on"], "auto, on"),
        (Annotated[int, Meta(ge=0, le=51)], "a whole number from 0 to 51"),
        (Annotated[int, Meta(ge=0, le=1_000_000)], "a whole number from 0 to 1000000"),
        (Annotated[float, Meta(ge=0.1, le=31_536_000)], "a number from 0.1 to 31536000"),
        (Annotated[float, Meta(ge=0)], "a number of at least 0"),
        (Annotated[float, Meta(gt=0)], "a number above 0"),
        (Annotated[int, Meta(le=64)], "a whole number of at most 64"),
        (tuple[str, ...], 'a list of texts, as in ["a", "b"]'),
        (str, "a text"),
    ],
)
def test_each_kind_is_told_in_words(kind: object, words: str) -> None:
    assert describe_type(kind) == words
