"""The forms that ask for one path, and where to save a copy of a file."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from aura_tui.errors import AuraError
from aura_tui.model.text.sanitize import clean_line
from aura_tui.ui.screens.form import Form, T
from aura_tui.ui.widgets.line_widget import drawable
from aura_tui.ui.widgets.path_field import PathField, nothing_to_complete

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.app import ComposeResult
    from textual.widgets import Input

    from aura_tui.ui.theme.glyphs import Glyphs
    from aura_tui.ui.widgets.path_field import Complete


class PathForm(Form[T]):
    """Asks for a path, and returns what ``save`` makes of it; on a failure it shows why and keeps
    the input.

    ``save`` gets the path as typed, not expanded and never empty; it raises AuraError. ``label`` is
    its button, ``busy`` is shown while it lasts. ``complete`` completes a path.
    """

    AUTO_FOCUS = "TextField"
    FAILED: ClassVar[str]  # shown after an internal error

    def __init__(
        self,
        title: str,
        path: str,
        glyphs: Glyphs,
        save: Callable[[str], Awaitable[T]],
        *,
        label: str,
        busy: str,
        complete: Complete = nothing_to_complete,
    ) -> None:
        super().__init__(glyphs)
        self._heading = title
        self._save = save
        self._saving = False
        self._label = label
        self._busy = busy
        self._trouble = Static(markup=False, id="trouble")
        self._trouble.display = False
        self._entry = PathField(path, complete, id="path")

    def compose(self) -> ComposeResult:
        title = Content.styled(self._heading, "bold")
        with Vertical(id="form"):
            yield Static(drawable(title, self.glyphs), markup=False, classes="line")
            yield self._entry
            yield self._trouble
            yield from self.answers(self._label)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """With a single field, enter submits."""
        return action != "step"

    def on_input_submitted(self, message: Input.Submitted) -> None:
        self.action_submit()

    def action_submit(self) -> None:
        if not (path := self._entry.value.strip()):
            self._entry.focus()
        elif not self._saving:
            self._saving = True
            self._say(self._busy)
            self.run_worker(self._saved(path))

    async def _saved(self, path: str) -> None:
        try:
            self.dismiss(await self._save(path))
        except AuraError as e:
            self._say(f"{e.message} [{e.code}]. {e.remediation}", wrong=True)
            self._entry.focus()
        except Exception:  # the board reports it; the dialog must not stay busy
            self._say(self.FAILED, wrong=True)
            raise
        finally:
            self._saving = False

    def _say(self, text: str, *, wrong: bool = False) -> None:
        self._trouble.set_class(not wrong, "-busy")
        self._trouble.update(drawable(Content(clean_line(text, 1000)), self.glyphs))
        self._trouble.display = True


class SaveAs(PathForm[Path]):
    """Returns the copy's path once it is made. ``name`` is the file's name, ``folder`` the default
    folder."""

    FAILED = "Not saved"

    def __init__(
        self,
        name: str,
        folder: str,
        glyphs: Glyphs,
        save: Callable[[str], Awaitable[Path]],
        *,
        complete: Complete = nothing_to_complete,
    ) -> None:
        # A name from outside must not choose a folder.
        file_name = PurePath(clean_line(name, 255).replace("\\", "/")).name or "video"
        path = str(PurePath(clean_line(folder, 4096)) / file_name)
        title = f"Save {file_name} as"
        super().__init__(
            title, path, glyphs, save, label="Save", busy="Saving\u2026", complete=complete
        )
