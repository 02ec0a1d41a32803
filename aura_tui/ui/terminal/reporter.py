"""Reports to the person: toasts, copies, and errors in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from aura_tui.model.text.sanitize import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aura_tui.errors import AuraError
    from aura_tui.ui.terminal.diff_app import DiffApp

_SHOWN_S, _ERROR_S = 3, 8
_NOTICE_S = 20.0  # a sentence or two


class Reporter:
    """Toasts on the screens of ``app``. ``notices`` are printed after the board has closed: remarks
    on the engine, and internal errors."""

    def __init__(self, app: DiffApp, environ: Mapping[str, str]) -> None:
        self._app = app
        self._environ = environ
        self.notices: tuple[str, ...] = ()

    def say(self, text: str, shown_s: float = _SHOWN_S, *, error: bool = False) -> None:
        """Show a toast for ``shown_s`` seconds, longer if it is an error."""
        severity: Literal["error", "information"] = "error" if error else "information"
        timeout_s = max(shown_s, _ERROR_S) if error else shown_s
        self._app.notify(text, severity=severity, timeout=timeout_s, markup=False)

    def refuse(self, text: str) -> None:
        """Show why a command failed."""
        self.say(text, error=True)

    def warn(self, text: str) -> None:
        """Show a notice about the engine."""
        self._app.notify(text, severity="warning", timeout=_NOTICE_S, markup=False)

    def opened(self, notices: Iterable[str]) -> None:
        """Show the ``notices`` of opening the engine."""
        self.notices = (*notices, *self.notices)
        for notice in notices:
            self.warn(notice)

    def mishap(self, error: AuraError) -> None:
        """Show that a background task failed; the board continues, and reprints it at the end."""
        text = clean_line(f"{error.message}. {error.remediation}", 600)
        self.notices = (*self.notices, text)
        if self._app.is_running:
            self.refuse(text)

    async def copy(self, text: str, what: str) -> None:
        """Copy ``text`` through OSC 52 as this terminal wants it, through tmux, and to the desktop
        of this machine. The toast names ``what``, and promises no more than is known: a terminal
        never answers an OSC 52."""
        from aura_tui.ui.terminal.clipboard import into_desktop, sequence, through_tmux

        code = sequence(text, self._environ)
        if code is not None:
            self._app.write_codes((code,))
        in_tmux = await through_tmux(text, self._environ)
        if await into_desktop(text, self._environ):
            self.say(f"{what} copied to the clipboard")
        elif in_tmux:
            self.say(f"{what} copied to the tmux buffer")
        elif code is not None:
            self.say(f"{what} sent to the terminal")
        else:
            self.refuse("Too much for the clipboard; select a part of it by hand")
