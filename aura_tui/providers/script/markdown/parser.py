"""The Markdown parser for briefs: CommonMark, tables, strike-through, and with mdit-py-plugins
footnotes, dollar maths, definition lists and admonitions. Takes time proportional to the text's
length."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from aura_tui.providers.script.markdown import tex

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.ruler import RuleOptionsType
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

_MAX_INLINE_CHARS: Final = 4000  # per call: the parser's worst cases grow with the square
_MAX_FORMULA_LINES: Final = 50  # how far to search for the end of a formula
_INTERRUPTS: Final[RuleOptionsType] = {"alt": ["paragraph", "reference", "blockquote", "list"]}


def parse_tokens(text: str) -> Sequence[Token]:
    """The block tokens of a text; those of type ``inline`` have ``children``. Formulas within a
    line are in Unicode. The checkbox of a task is removed; ``meta["box"]`` has its sign."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.deflist import deflist_plugin
    from mdit_py_plugins.footnote import footnote_plugin

    md = MarkdownIt("commonmark", {"maxNesting": 20}).enable(["table", "strikethrough"])
    md.use(_maths).use(_boxes).use(deflist_plugin)
    md.use(footnote_plugin, inline=False, move_to_end=False)
    md.validateLink = _is_address  # type: ignore[method-assign]
    md.core.ruler.at("inline", _parse_inlines)
    md.core.ruler.before("inline", "tasks", _read_boxes)
    md.core.ruler.enableOnly(["normalize", "block", "tasks", "inline"])
    return md.parse(text)


def _is_address(url: str) -> bool:
    """Nothing is linked to, so that any address may be read, such as that of a file."""
    return bool(url)


# The checkbox of a task. Not tasklists_plugin, which searches for the list from each item.
# "[-]" is a task that was dropped, "[/]" one that is begun (Obsidian and others).
_BOX = re.compile(r"\s*\[([ xX/>?!-])\](?:\s+|$)")


def _read_boxes(state: StateCore) -> None:
    for item, paragraph, inline in zip(
        state.tokens, state.tokens[1:], state.tokens[2:], strict=False
    ):
        box = _BOX.match(inline.content)
        if box and (item.type, paragraph.type) == ("list_item_open", "paragraph_open"):
            inline.content = inline.content[box.end() :]
            inline.meta["box"] = box[1].lower()


_MARKUP = re.compile(r"[\\`*_\[\]<>&!~$]")


def _parse_inlines(state: StateCore) -> None:
    """Replaces the parser's own rule: splits a long text, so that its cost is bounded."""
    from markdown_it.token import Token

    for token in state.tokens:
        if token.type != "inline":
            continue
        token.children = []
        content, start = _BLANK_IN_ADDRESS.sub(_bracketed, token.content), 0
        if not _MARKUP.search(content):
            token.children.append(Token("text", "", 0, content=content))
            continue
        while start < len(content):
            end = start + _MAX_INLINE_CHARS
            if end < len(content):  # between two sentences, which markup seldom spans
                end = max(content.rfind(". ", start, end) + 2, start + _MAX_INLINE_CHARS // 2)
            parsed: list[Token] = []
            state.md.inline.parse(content[start:end], state.md, state.env, parsed)
            token.children += parsed
            start = end


# A picture whose address has blanks: in CommonMark no picture, but people write it. Not in code.
_BLANK_IN_ADDRESS = re.compile(
    r"(?P<ticks>`+)[^`]{1,300}(?P=ticks)(?!`)"
    r"|(?P<alt>!\[[^\[\]]{0,300}\])\((?P<path>[^()<>\n\"']{1,300}? [^()<>\n\"']{0,300}?"
    r"\.(?:png|jpe?g|webp|gif|bmp|tiff?))(?P<title>\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)",
    re.IGNORECASE,
)


def _bracketed(match: re.Match[str]) -> str:
    if not match["path"]:
        return match[0]
    return f"{match['alt']}(<{match['path'].strip()}>{match['title'] or ''})"


_FENCE = re.compile(r":{3,}[ \t]*(.*)")


def _boxes(md: MarkdownIt) -> None:
    """Boxes: ``!!! note "Title"`` with an indented text, and ``:::`` around a text."""
    from mdit_py_plugins.admon.index import admonition

    md.block.ruler.before("fence", "admonition", _box_with_text(admonition), _INTERRUPTS)
    md.block.ruler.before("fence", "box_fence", _box_fence, _INTERRUPTS)


def _box_fence(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A line of colons opens or closes a box. Not container_plugin, which searches for the end
    from each opening line, and loses the text of boxes that are nested too deeply."""
    if state.is_code_block(start):
        return False
    at = state.bMarks[start] + state.tShift[start]
    found = _FENCE.fullmatch(state.src, at, state.eMarks[start])
    if not found:
        return False
    if not silent:
        token = state.push("box_fence", "div", 0)
        token.content, token.map = found[1], [start, start + 1]
        state.line = start + 1
    return True


_BOX_OPENS = re.compile(
    r"(?:!!!|\?\?\?\+?)[ \t]+[A-Za-z][\w-]*(?:[ \t]+[\w|-]+)*(?:[ \t]+\".*\")?[ \t]*"
)


def _box_with_text(
    rule: Callable[[StateBlock, int, int, bool], bool],
) -> Callable[[StateBlock, int, int, bool], bool]:
    def box(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        at = state.bMarks[start] + state.tShift[start]
        return (
            _BOX_OPENS.fullmatch(state.src, at, state.eMarks[start]) is not None
            and start + 1 < end
            and (state.isEmpty(start + 1) or state.sCount[start + 1] >= state.blkIndent + 2)
            and rule(state, start, end, silent)
        )

    return box


def _maths(md: MarkdownIt) -> None:
    """The rules of ``dollarmath_plugin``, limited to what is certainly a formula."""
    from mdit_py_plugins.dollarmath.index import math_block_dollar, math_inline_dollar

    inline = math_inline_dollar(allow_space=False, allow_digits=False, allow_double=True)
    block = math_block_dollar(allow_labels=False, allow_blank_lines=True)
    md.inline.ruler.before("escape", "math_inline", _formula_within(inline))
    md.block.ruler.before("fence", "math_block", _formula_alone(block), _INTERRUPTS)


# One or two lines, with a mathematical sign: "$5 and $6" is money.
_SHORT = re.compile(r"[^$`\n]{1,200}(?:\n[^$`\n]{1,200})?")
_MATHEMATICAL = re.compile(r"[\\^_=+<>/|]|^\s*-?\w{1,2}\s*$|^\s*\w\s*\(\w\)\s*$")
_IN_WORD = re.compile(r"[\w$]")


def _formula_within(
    rule: Callable[[StateInline, bool], bool],
) -> Callable[[StateInline, bool], bool]:
    def formula(state: StateInline, silent: bool) -> bool:
        start = state.pos
        if state.src[start] != "$" or _IN_WORD.match(state.src[max(0, start - 1) : start]):
            return False
        if not rule(state, True):
            return False
        content, end = state.src[start : state.pos].strip("$ \n"), state.pos
        made = None
        if (
            _SHORT.fullmatch(content)
            and _MATHEMATICAL.search(content)
            and not _IN_WORD.match(state.src, end)
        ):
            made = tex.one_line(content)
        state.pos = start
        if made is None:
            return False
        if silent:
            state.pos = end
            return True
        rule(state, False)
        state.tokens[-1].content = made
        return True

    return formula


_OPENS = re.compile(
    r"\$\$(?![.,;][ \t]*$)", re.MULTILINE
)  # followed by a full stop it can only close one


def _formula_alone(
    rule: Callable[[StateBlock, int, int, bool], bool],
) -> Callable[[StateBlock, int, int, bool], bool]:
    def formula(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        if not _OPENS.match(state.src, state.bMarks[start] + state.tShift[start]):
            return False
        line, count = state.line, len(state.tokens)
        found = rule(state, start, min(end, start + _MAX_FORMULA_LINES), silent)
        if found:
            content = state.tokens[-1].content
            found = bool(content.strip()) and "$" not in content and len(content) <= tex.MAX_CHARS
        if silent or not found:  # the rule doesn't support lookahead
            state.line = line
            del state.tokens[count:]
        return found

    return formula
