"""What a field takes, in words."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from msgspec import Meta

from aura_tui.model.expects import describe_bounds, describe_type, without_bounds


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (int, "a whole number"),
        (int | None, "a whole number"),
        (float | str | None, "a number or a text"),
        (bool, "true or false"),
        (Literal["auto", "on"], "one of auto, on"),
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


def test_the_bounds_of_a_type_are_told_in_words_and_can_be_taken_off() -> None:
    fps = Annotated[int, Meta(ge=5, le=60)]
    text = Annotated[str, Meta(max_length=500)]
    length = Annotated[float, Meta(ge=5, le=3600)]
    for kind, words, without in (
        (fps, "between 5 and 60", int),
        (fps | None, "between 5 and 60", int | None),
        (
            length | str | None,
            "between 5 and 3600",
            float | str | None,
        ),
        (text, "at most 500 characters", str),
        (Literal["h264", "libx264"], "h264 or libx264", str),
        (bool, "", bool),
    ):
        assert describe_bounds(kind) == words, kind
        assert without_bounds(kind) == without, kind
