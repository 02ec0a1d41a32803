"""Hints for the key bar: the keys that have an effect now, as many as fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from textual.binding import ActiveBinding, Binding

# Help and quit always show, however narrow the terminal is.
ALWAYS = frozenset({"app.help", "app.quit"})
_GAP, _ROOMY_GAP = 1, 2


class KeyHint(NamedTuple):
    """One key: its name on the screen, and what it does."""

    key: str
    sign: str
    does: str
    tip: str
    always: bool
    enabled: bool

    @property
    def width(self) -> int:
        """Width in cells: key, blank, words."""
        return cell_len(self.sign) + 1 + cell_len(self.does)


def hints(active: Iterable[ActiveBinding], sign: Callable[[Binding], str]) -> tuple[KeyHint, ...]:
    """One hint per visible action, with the first of its keys."""
    told: dict[str, KeyHint] = {}
    for _, binding, enabled, tip in active:
        if binding.show and binding.action not in told:
            told[binding.action] = KeyHint(
                binding.key,
                sign(binding),
                binding.description,
                tip or binding.description,
                binding.id in ALWAYS,
                enabled,
            )
    return tuple(told.values())


def fitting(all_: Sequence[KeyHint], width: int) -> tuple[tuple[int, KeyHint], ...]:
    """The hints that fit into ``width`` cells, each with its start column; in order and uncut.
    The focused widget's keys come first, so the last ones are dropped first. If all fit, the gaps
    are wider."""
    roomy = sum(hint.width + _ROOMY_GAP for hint in all_) - _ROOMY_GAP <= width
    gap = _ROOMY_GAP if roomy else _GAP
    left = width - sum(hint.width + gap for hint in all_ if hint.always) + gap
    placed: list[tuple[int, KeyHint]] = []
    x, full = 0, False
    for hint in all_:
        if not hint.always:
            full = full or hint.width + gap > left
            if full:
                continue
            left -= hint.width + gap
        if x + hint.width <= width:
            placed.append((x, hint))
            x += hint.width + gap
    return tuple(placed)
