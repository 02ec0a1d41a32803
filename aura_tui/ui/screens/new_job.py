"""The new-job form. Problems show under their fields as one types."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar, Protocol

from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static, TextArea

from aura_tui.brief.title import title_of
from aura_tui.errors import AuraError
from aura_tui.model.text.sanitize import clean_line
from aura_tui.model.text.slug import slug
from aura_tui.ui.keys import bindings
from aura_tui.ui.keys.names import SHIPPED
from aura_tui.ui.screens.dialog import SHORT, Choice
from aura_tui.ui.screens.form import Form
from aura_tui.ui.state.job_draft import (
    ASPECTS,
    CACHE,
    CAPTIONS,
    RESOLUTIONS,
    Draft,
    Field,
    Submission,
    faults_by_field,
    matching,
)
from aura_tui.ui.theme.colours import MUTED
from aura_tui.ui.widgets.inputs import TextBox, TextField
from aura_tui.ui.widgets.line_widget import drawable
from aura_tui.ui.widgets.path_field import PathField
from aura_tui.ui.widgets.picker import Picker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.events import DescendantBlur, DescendantFocus
    from textual.geometry import Size
    from textual.widget import Widget
    from textual.worker import Worker

    from aura_tui.system.path_completion import PathCompletion
    from aura_tui.ui.keys.names import KeyNames
    from aura_tui.ui.state.voices import VoiceChoice
    from aura_tui.ui.theme.glyphs import Glyphs

_SUGGESTED = 5
_PAUSE_S = 0.3  # of typing, before providers are called


class Lookups(Protocol):
    """What the form looks up as one types. ``has_samples``: the voices are on this machine."""

    has_samples: bool

    async def complete_file(self, typed: str) -> PathCompletion: ...
    async def complete_folder(self, typed: str) -> PathCompletion: ...
    async def words_in_file(self, draft: Draft) -> int | None: ...
    async def sample(self, voice: VoiceChoice) -> str: ...


class Row(Vertical):
    """A field: label, input, and a note below."""

    def __init__(self, field: Field, control: Widget, glyphs: Glyphs) -> None:
        super().__init__(classes="row")
        self.field = field
        self.control = control
        self._glyphs = glyphs
        self._label = Static(Content(f"  {field}"), markup=False, classes="label")
        self._note = Static(markup=False, classes="note")

    def compose(self) -> ComposeResult:
        with Horizontal(classes="field"):
            yield self._label
            yield self.control
        yield self._note

    @property
    def text(self) -> str:
        """The field's value."""
        control = self.control
        if isinstance(control, TextArea):
            return control.text
        assert isinstance(control, Input | Picker)
        return control.value

    @text.setter
    def text(self, text: str) -> None:
        control = self.control
        if isinstance(control, TextArea):
            control.text = text
            return
        assert isinstance(control, Input | Picker)
        control.value = text
        if isinstance(control, Input):
            control.cursor_position = len(text)

    def note(self, text: str, *, wrong: bool) -> None:
        """Show a note under the field; "" for none."""
        self.set_class(wrong, "-wrong")
        said = f"{self._glyphs.failed} {text}" if wrong else text
        # A typed field may get a note at any time, so its line is reserved.
        self.set_class(not said and isinstance(self.control, Picker), "-silent")
        self._note.update(drawable(Content(said), self._glyphs))
        if wrong and self.has_class("-here"):  # it may need more lines than are visible
            self.call_after_refresh(self.scroll_visible, animate=False)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        self._label.update(Content(f"{self._glyphs.cursor} {self.field}"))
        self.add_class("-here")
        self.call_after_refresh(self.scroll_visible, animate=False)  # after its note shows

    def on_descendant_blur(self, event: DescendantBlur) -> None:
        self._label.update(Content(f"  {self.field}"))
        self.remove_class("-here")


class Fields(VerticalScroll, can_focus=False, inherit_bindings=False):
    """Scrolls with the focus; up and down belong to the form."""


class NewJobScreen(Form[Submission]):
    """Returns the submission, or None when closed; then ``draft`` has the input.

    ``check`` runs when typing pauses and before submitting: it reads the file, calls the providers,
    and raises InputError. ``voices`` are suggestions. ``themes`` are the choices; a draft without
    one gets the theme from the settings. ``refusal`` is an engine's error on the draft: it shows at
    its field until that is changed. ``empty`` is what clearing the form leaves. Without ``lookups``
    nothing is completed, and no file's words are counted.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.NEW_JOB]
    AUTO_FOCUS = "TextBox"

    def __init__(
        self,
        draft: Draft,
        glyphs: Glyphs,
        check: Callable[[Draft], Awaitable[Submission]],
        *,
        voices: Sequence[VoiceChoice] = (),
        themes: Sequence[str] = (),
        refusal: AuraError | None = None,
        empty: Draft | None = None,
        lookups: Lookups | None = None,
        key_names: KeyNames = SHIPPED,
    ) -> None:
        super().__init__(glyphs)
        self._keys = key_names
        self.draft = draft
        self._check = check
        self._lookups = lookups
        self._empty = Draft() if empty is None else empty
        self._cleared: Draft | None = None  # what the form had when it was cleared
        self._in_file: int | None = None  # words
        self._submitted = False  # and nothing was typed since
        self._voices: tuple[VoiceChoice, ...] = ()
        self._names: tuple[str, ...] = ()
        self._touched = {field for field in Field if draft.get(field)}
        self._refused: dict[Field | None, str] = {}  # from the last check
        self._told = faults_by_field(refusal, draft) if refusal is not None else {}  # by an engine
        self._folder = ""  # the default folder, once known
        self._rows = {row.field: row for row in self._make_rows(themes)}
        self._fields = Fields(id="fields")
        self._trouble = Static(markup=False, id="trouble")  # problems of no single field
        self._status = Static(markup=False, id="status")
        self.set_voices(voices)

    def _make_rows(self, themes: Sequence[str]) -> Iterator[Row]:
        draft = self.draft
        chosen = (draft.theme,) if draft.theme else ()
        theme = [(name, name) for name in dict.fromkeys((*themes, *chosen))]
        controls: dict[Field, Widget] = {
            Field.BRIEF: TextBox(draft.brief, "Topic, or paste the text"),
            Field.RESOLUTION: _picker(RESOLUTIONS, draft.resolution),
            Field.ASPECT: _picker(ASPECTS, draft.aspect),
            Field.THEME: Picker(theme if chosen else [("", "default"), *theme], draft.theme),
            Field.CAPTIONS: _picker(CAPTIONS, draft.captions),
            Field.CACHE: _picker(CACHE, draft.cache),
        }
        if self._lookups is not None:
            controls[Field.FILE] = PathField(draft.file, self._lookups.complete_file)
            controls[Field.FOLDER] = PathField(draft.folder, self._lookups.complete_folder)
        for field in Field:
            control = controls.get(field) or TextField(draft.get(field))
            control.id = field.name.lower()
            yield Row(field, control, self.glyphs)

    def compose(self) -> ComposeResult:
        with Vertical(id="form"):
            yield Static(Content.styled("New job", "bold"), markup=False)
            with self._fields:
                yield self._trouble
                yield from self._rows.values()
            yield from self.answers("Start", Choice("Clear", self.glyphs, id="clear"), self._status)

    def on_mount(self) -> None:
        self._show()
        if self._told:
            self.call_after_refresh(self._show_told)

    def _show_told(self) -> None:
        if not self._to_problem({field for field in self._told if field is not None}):
            self._fields.scroll_home(animate=False)

    def set_voices(self, voices: Sequence[VoiceChoice]) -> None:
        """Set the suggested voices, once they are known."""
        self._voices = tuple(voices)
        self._names = tuple(clean_line(voice.name, 100) for voice in voices)
        languages = sorted({clean_line(voice.language, 20) for voice in voices} - {""})
        for field, known in ((Field.VOICE, self._names), (Field.LANGUAGE, languages)):
            control = self._rows[field].control
            if isinstance(control, TextField):
                control.suggester = SuggestFromList(known, case_sensitive=False)
        if self.is_mounted:
            self._show()

    # -- drawing

    def fit(self, size: Size) -> None:
        """Fields that don't fit scroll; title and answers always show."""
        super().fit(size)
        # Border, title, answers; and the padding and the blank lines around the fields.
        taken = 4 if size.height < SHORT else 8
        self._fields.styles.max_height = max(1, size.height - taken)

    def _show(self, status: str = "") -> None:
        hints = self.draft.hints(self._in_file)
        names = matching(self._names, self.draft.voice)
        if self.draft.voice.strip() and names:
            hints[Field.VOICE] = _some(names)
        elif self._voices:
            hints[Field.VOICE] += f" {self._keys.of('form.voices')} lists {len(self._voices)}."
        for field in (Field.FILE, Field.FOLDER):
            control = self._rows[field].control
            if isinstance(control, PathField) and control.value and control.can_grow:
                hints[field] = f"{self._keys.of('form.next')} completes: {_some(control.names)}"
        if self._folder and not self.draft.folder.strip():
            hints[Field.FOLDER] = f"Default: {self._folder}"
        wrong = self._told | self._refused
        if not self._submitted:  # a path that is completed isn't wrong yet
            for field in (Field.FILE, Field.FOLDER):
                control = self._rows[field].control
                if isinstance(control, PathField) and control.has_focus and control.names:
                    wrong.pop(field, None)
        for field, text in self.draft.problems().items():
            wrong[field] = text
        for field, row in self._rows.items():
            # An untouched form doesn't complain that it is empty.
            said = field in self._touched or field not in (Field.BRIEF, Field.FILE)
            problem = wrong.get(field, "") if said else ""
            row.note(problem or hints.get(field, ""), wrong=bool(problem))
        self._status.update(
            Content.styled(status or f"{self._keys.of('form.submit')} starts", MUTED)
        )
        general = wrong.get(None, "")
        self._trouble.display = bool(general)
        self._trouble.update(drawable(Content(f"{self.glyphs.failed} {general}"), self.glyphs))

    # -- typing

    def on_input_changed(self, message: Input.Changed) -> None:
        self._edit(message.input, message.value)

    def on_text_area_changed(self, message: TextArea.Changed) -> None:
        self._edit(message.text_area, message.text_area.text)

    def on_picker_picked(self, message: Picker.Picked) -> None:
        self._edit(message.picker, message.value)

    def on_path_field_completed(self) -> None:
        self._show()

    def _edit(self, control: Widget, text: str) -> None:
        field = next(row.field for row in self._rows.values() if row.control is control)
        if self.draft.get(field) == text:
            return
        self.draft = self.draft.with_field(field, text)
        self._touched.add(field)
        self._submitted = False
        mended: set[Field | None] = {field, None}
        if field in (Field.BRIEF, Field.FILE):  # each can fix the other
            mended |= {Field.BRIEF, Field.FILE}
            self._folder, self._in_file = "", None
        for wrong in (self._told, self._refused):
            for each in mended:
                wrong.pop(each, None)
        self._show()
        self._work(self._check_draft)

    def _work(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        # Not a coroutine: one that is replaced before it starts would never be awaited.
        _: Worker[None] = self.run_worker(work, exclusive=True, group="check")

    async def _check_draft(self) -> None:
        """Run ``check``; the next keystroke cancels it."""
        await asyncio.sleep(_PAUSE_S)
        if self._lookups is not None:
            self._in_file = await self._lookups.words_in_file(self.draft)
            self._show()
        await self._settle()
        self._show()

    async def _settle(self) -> Submission | None:
        """The submission; None if ``check`` refuses, whose reason is stored."""
        order, refused = None, dict[Field | None, str]()
        try:
            order = await self._check(self.draft)
        except AuraError as e:
            refused = faults_by_field(e, self.draft)
        else:
            self._folder = f"./{slug(title_of(order.request.brief))}"
        self._refused = refused
        return order

    # -- clearing

    def action_clear(self) -> None:
        """Empty all fields; if they are empty, restore what they had."""
        is_empty = self.draft == self._empty
        draft = self._cleared if is_empty and self._cleared is not None else self._empty
        self._cleared = self._cleared if is_empty else self.draft
        self.draft = draft
        self._touched = {field for field in Field if draft.get(field)}
        self._told, self._refused = {}, {}
        self._folder, self._in_file = "", None
        for field, row in self._rows.items():
            row.text = draft.get(field)
        self._rows[Field.BRIEF].control.focus()
        key = self._keys.of("form.clear")
        self._show("" if draft is not self._empty else f"cleared; {key} restores")
        self._work(self._check_draft)

    def on_choice_taken(self, message: Choice.Taken) -> None:
        if message.choice.id == "clear":
            message.stop()
            self.action_clear()
        else:
            super().on_choice_taken(message)

    # -- voices

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "voice":
            here = self._rows[Field.VOICE].control
            return bool(self._voices) and self.focused is here
        return super().check_action(action, parameters)

    def action_voice(self, _what: str) -> None:
        """Choose a voice from the list."""
        from aura_tui.ui.screens.voices import VoicesScreen

        lookups = self._lookups
        sample = lookups.sample if lookups is not None and lookups.has_samples else None
        row = self._rows[Field.VOICE]

        def take(voice: VoiceChoice | None) -> None:
            if voice is not None:
                row.text = voice.name

        screen = VoicesScreen(self._voices, row.text, self.glyphs, sample, key_names=self._keys)
        self.app.push_screen(screen, take)

    # -- submitting

    def action_submit(self) -> None:
        for row in self._rows.values():  # the last key's message may still be pending
            self.draft = self.draft.with_field(row.field, row.text)
        self._touched, self._submitted = set(Field), True
        if self._to_problem(set(self.draft.problems())):
            self._show()
            return
        self._show("checking...")
        self._work(self._start)

    async def _start(self) -> None:
        order = await self._settle()
        if order is not None:
            self.dismiss(order)
            return
        self._show()
        if not self._to_problem({field for field in self._refused if field is not None}):
            self._fields.scroll_home(animate=False)

    def _to_problem(self, wrong: set[Field]) -> bool:
        """Focus the first field with a problem; returns whether there is one."""
        row = next((row for field, row in self._rows.items() if field in wrong), None)
        if row is not None:
            row.control.focus()
        return row is not None


def _picker(values: Sequence[str], value: str) -> Picker:
    """``value`` is one of them, or one more."""
    return Picker([(v, v) for v in dict.fromkeys((*values, value)) if v], value)


def _some(names: Sequence[str]) -> str:
    """The first few of ``names``."""
    more = ", ..." if len(names) > _SUGGESTED else ""
    return clean_line(", ".join(names[:_SUGGESTED]) + more, 200)
