"""The voices that can be chosen, as a list shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class VoiceChoice(NamedTuple):
    """A voice: ``language`` is a BCP 47 tag; "" where unknown."""

    name: str
    language: str = ""
    provider: str = ""
    description: str = ""


def filtered(voices: Sequence[VoiceChoice], typed: str) -> list[VoiceChoice]:
    """The voices that have all words of ``typed`` in their name, language or description; those
    of which one begins with it come first."""
    whole = typed.strip().casefold()
    wanted = whole.split()

    def matches(voice: VoiceChoice) -> bool:
        told = " ".join(voice).casefold()
        return all(word in told for word in wanted)

    def far(voice: VoiceChoice) -> bool:
        told = (voice.name, voice.language, voice.description)
        return not any(text.casefold().startswith(whole) for text in told)

    return sorted(filter(matches, voices), key=far)
