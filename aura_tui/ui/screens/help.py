"""The help screen: every key and its action, built from the bindings with moved keys."""

from __future__ import annotations

from collections import Counter
from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from aura_tui.ui.keys import bindings
from aura_tui.ui.keys.names import SHIPPED
from aura_tui.ui.screens.modal import Modal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from textual.app import ComposeResult
    from textual.binding import Binding, BindingType
    from textual.geometry import Size

    from aura_tui.ui.keys.names import KeyNames

_COLUMNS = 3
_COLUMN_MIN, _COLUMN_MAX = 25, 48  # cells
_KEYS_MAX = 11  # cells; longer ones get their own line


class Row(NamedTuple):
    """Keys of one action, or of two that belong together (next and previous).

    ``says``: descriptions, the longest first; the first that fits is shown. ``moves``: they only
    move within a view.
    """

    keys: tuple[str, ...]
    says: tuple[str, ...]
    moves: bool


class Group(NamedTuple):
    """Rows under a title."""

    title: str
    rows: tuple[Row, ...]


class HelpScreen(Modal[None]):
    """All keys; the key that opened it closes it.

    ``key_names`` has the current keys. ``read_only`` omits keys that change something;
    ``recorded``: the board plays a recording.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.HELP]

    def __init__(
        self, read_only: bool = False, key_names: KeyNames = SHIPPED, *, recorded: bool = False
    ) -> None:
        super().__init__()
        self._key_names = key_names
        self._groups = groups(read_only=read_only, key_names=key_names, recorded=recorded)
        self._columns = tuple(Static(markup=False) for _ in range(_COLUMNS))
        self._all = VerticalScroll(id="help")
        self._all.border_title = "Keys"

    def compose(self) -> ComposeResult:
        with self._all, Horizontal():
            yield from self._columns

    def on_mount(self) -> None:
        palette, close = map(self._key_names.of, ("app.palette", "help.close"))
        self._all.border_subtitle = f"{palette} all commands, {close} closes"

    def fit(self, size: Size) -> None:
        """Use as many columns as fit, of equal width, and the longest texts that fit them."""
        super().fit(size)
        inner = size.width - 2  # the border
        count = max(1, min(_COLUMNS, inner // _COLUMN_MIN))
        width = min(_COLUMN_MAX, inner // count)
        drawn = [_drawn(group, width - 1, self._key_names) for group in self._groups]
        self._all.styles.width = width * count + 3
        spread = _spread([[line for row in rows for line in row] for rows in drawn], count)
        if max(map(len, spread)) > size.height - 2:
            spread = _flow([row for rows in drawn for row in rows], count)
        filled = [*spread, *[[]] * _COLUMNS]
        for column, lines in zip(self._columns, filled, strict=False):
            column.display = bool(lines)
            column.styles.width = width
            column.update(Content("\n").join(lines))

    def action_scroll(self, step: int) -> None:
        self._all.scroll_relative(y=step, animate=False, immediate=True)

    async def action_dismiss(self, result: None = None) -> None:
        self.dismiss(result)


def groups(*, read_only: bool, key_names: KeyNames, recorded: bool = False) -> list[Group]:
    """The groups in order. Keys that move alike in several views appear once, in "Moving". On a
    board that plays a recording, the keys for that come before those of the views."""
    taken: set[str] = set()
    if recorded:
        taken.update(*key_names.of_group(bindings.REPLAY).values())
    found = [
        (title, [*_rows(group, read_only, key_names, taken)]) for title, group in bindings.GROUPS
    ]
    if recorded:
        found.insert(1, ("Replay", [*_rows(bindings.REPLAY, read_only, key_names, set())]))
    moves = Counter(row.keys for _, rows in found for row in rows if row.moves)
    once: dict[tuple[str, ...], Row] = {}
    for _, rows in found:
        for row in [row for row in rows if row.moves and moves[row.keys] > 1]:
            once.setdefault(row.keys, row._replace(says=row.says[-1:]))
            rows.remove(row)
    told = [Group(title, tuple(rows)) for title, rows in found if rows]
    return [*told[:1], Group("Moving", tuple(once.values())), *told[1:]] if once else told


def _rows(
    group: Sequence[Binding], read_only: bool, key_names: KeyNames, taken: AbstractSet[str]
) -> Iterator[Row]:
    """A row per action, with its other keys and its counterpart; without the keys ``taken`` by a
    replay."""
    keys = key_names.of_group(group)
    merged: list[list[Binding]] = []
    for binding in group:
        if read_only and binding.id in bindings.CHANGING:
            continue
        same = next((told for told in merged if any(_same(b, binding) for b in told)), None)
        if same is not None:
            same.append(binding)
        else:
            merged.append([binding])
    for told in merged:
        all_ = dict.fromkeys(key for b in told for key in keys[b.id or "", b.action])
        found = [key for key in all_ if key not in taken]
        if all_ and not found:
            continue
        # Pause and resume share a row, described by the first.
        parts = [b for b in told if b.action == told[0].action or b.id != told[0].id]
        texts = [b.description for b in parts]
        parts = [b for n, b in enumerate(parts) if b.description not in texts[:n]]
        short = [b.description for b in parts]
        says = (_joined([b.tooltip or b.description for b in parts]), _joined(short), _heads(short))
        moves = not any(b.show or b.tooltip for b in told)
        yield Row(tuple(found) or ("none",), tuple(dict.fromkeys(says)), moves)


def _same(one: Binding, other: Binding) -> bool:
    """Whether two bindings are one action or a pair, as the next and the previous match."""
    return (
        one.id == other.id
        or _name(one.action) == _name(other.action)
        or one.description == other.description
    )


def _name(action: str) -> str:
    return action.partition("(")[0]


def _joined(texts: Sequence[str]) -> str:
    """``Next, previous job`` from "Next job" and "Previous job"; ``Page down, up``."""
    heads = [text.split()[0] for text in texts]
    tails = [" ".join(text.split()[1:]) for text in texts]
    if len(set(heads)) == 1 and len(texts) > 1:
        return f"{heads[0]} {', '.join(tails)}"
    if len(set(tails)) == 1 and tails[0]:
        return f"{_heads(texts)} {tails[0]}"
    return ", ".join([texts[0], *(text[:1].lower() + text[1:] for text in texts[1:])])


def _heads(texts: Sequence[str]) -> str:
    """``Next, previous``; for texts that start alike, see :func:`_joined`."""
    heads = [text.split()[0] for text in texts]
    if len(set(heads)) < len(texts):
        return _joined(texts)
    return ", ".join([heads[0], *(head.lower() for head in heads[1:])])


def _drawn(group: Group, width: int, key_names: KeyNames) -> list[list[Content]]:
    """The rows of a group, each with its lines; the first one with the title."""
    shown = [" ".join(map(key_names.sign, row.keys)) for row in group.rows]
    room = max((len(keys) for keys in shown if len(keys) <= _KEYS_MAX), default=0)
    rows: list[list[Content]] = []
    for keys, row in zip(shown, group.rows, strict=True):
        left = width - room - 2
        text = next((text for text in row.says if len(text) <= left), None)
        if text is not None and len(keys) <= room:
            rows.append([Content.assemble((f"{keys:<{room}}", "bold"), "  ", text)])
        else:
            lines = [Content.styled(line, "bold") for line in wrap(keys, width)]
            rows.append([*lines, Content(f"  {text or row.says[-1]}")])
    rows[0].insert(0, Content.styled(group.title, "bold $primary"))
    return rows


def _spread(drawn: Sequence[list[Content]], count: int) -> list[list[Content]]:
    """Distribute the groups over ``count`` columns in order, unsplit, with the least height."""
    height = max(map(len, drawn), default=0)
    while len(columns := _fill(drawn, height)) > count:
        height += 1
    return columns


def _fill(drawn: Iterable[list[Content]], height: int) -> list[list[Content]]:
    columns: list[list[Content]] = []
    for lines in drawn:
        if columns and len(columns[-1]) + 1 + len(lines) <= height:
            columns[-1] += [Content(""), *lines]
        else:
            columns.append([*lines])
    return columns


def _flow(rows: Sequence[list[Content]], count: int) -> list[list[Content]]:
    """Distribute rows over ``count`` columns in order, groups split and without blank lines."""
    height = -(-sum(map(len, rows)) // count)
    while True:
        columns: list[list[Content]] = [[]]
        for row in rows:
            if len(columns[-1]) + len(row) > height:
                columns.append([])
            columns[-1] += row
        if len(columns) <= count:
            return columns
        height += 1
