"""The list of voices: name, language and description, a filter, and a sample of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.content import Content

from aura_tui.errors import AuraError
from aura_tui.model.text.plural import counted
from aura_tui.model.text.sanitize import clean_line
from aura_tui.ui.keys import bindings
from aura_tui.ui.keys.names import SHIPPED
from aura_tui.ui.screens.filter_list import FilterList
from aura_tui.ui.state.voices import VoiceChoice, filtered
from aura_tui.ui.theme.colours import MUTED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from textual.binding import BindingType
    from textual.worker import Worker

    from aura_tui.ui.keys.names import KeyNames
    from aura_tui.ui.theme.glyphs import Glyphs

    Sample = Callable[[VoiceChoice], Awaitable[str]]

_NAME_MAX, _LANGUAGE_MAX = 24, 16  # cells


class VoicesScreen(FilterList[VoiceChoice]):
    """Returns the chosen voice, or None when closed.

    ``sample`` speaks a sample and returns what became of it; it raises AuraError. None: the voices
    are on another machine.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.SAMPLE]

    def __init__(
        self,
        voices: Sequence[VoiceChoice],
        chosen: str,
        glyphs: Glyphs,
        sample: Sample | None,
        *,
        key_names: KeyNames = SHIPPED,
    ) -> None:
        title = counted(len(voices), "voice")
        super().__init__(voices, title, "Filter by name or language", glyphs, key_names)
        self._sample = sample
        self._chosen = chosen.strip()
        self._widths = (
            min(_NAME_MAX, max((len(voice.name) for voice in voices), default=0)),
            min(_LANGUAGE_MAX, max((len(voice.language) for voice in voices), default=0)),
        )

    def is_first(self, item: VoiceChoice) -> bool:
        return item.name == self._chosen

    def filtered(self, typed: str) -> Sequence[VoiceChoice]:
        return filtered(self.items, typed)

    def line(self, item: VoiceChoice) -> Content:
        wide, narrow = self._widths
        name, language = clean_line(item.name, 100), clean_line(item.language, _LANGUAGE_MAX)
        rest = clean_line(item.description or item.provider, 100)
        return Content.assemble(f"{name:<{wide}}  {language:<{narrow}}  ", (rest, MUTED))

    def hint(self) -> str:
        sample = f", {self.keys.of('voices.sample')} plays a sample"
        return super().hint() + (sample if self._sample is not None else "")

    def action_voice(self, _what: str) -> None:
        """Play a sample of the voice under the cursor."""
        if self._sample is None:
            self.say("The voices are on the engine's machine; only the list is available here")
        elif self.here is not None:
            self.say(f"{self.here.name}: speaking\u2026")
            _: Worker[None] = self.run_worker(self._speak, exclusive=True, group="sample")

    async def _speak(self) -> None:
        if self.here is None or self._sample is None:
            return
        try:
            self.say(await self._sample(self.here))
        except AuraError as e:
            self.say(f"{e.message}. {e.remediation}")
