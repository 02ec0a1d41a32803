"""The board's own theme: dark, with little contrast except where something happened."""

from __future__ import annotations

from textual.theme import Theme

# Of less weight than the rest; $text-muted won't do: as the style of a span it loses its alpha.
MUTED = "$foreground-muted"
FAINT = "$foreground-disabled"
TRACK = "$track"  # of a bar: no text

AURA = Theme(
    name="aura",
    primary="#82aaff",
    secondary="#7fb8b0",
    accent="#c3a6ff",
    success="#8cc98f",
    warning="#e0b66c",
    error="#ef7f82",
    foreground="#ccd3dc",
    background="#12161c",
    surface="#181d25",
    panel="#202733",
    dark=True,
    variables={
        "footer-background": "#181d25",
        "footer-key-foreground": "#82aaff",
        "footer-description-foreground": "#8a94a3",
        "scrollbar": "#2c3542",
        "scrollbar-hover": "#3a4656",
        "scrollbar-active": "#4a586b",
        "scrollbar-background": "#12161c",
        "scrollbar-background-hover": "#12161c",
        "scrollbar-background-active": "#12161c",
        "scrollbar-corner-color": "#12161c",
        "border": "#2c3542",
        "border-blurred": "#2c3542",
        "block-cursor-text-style": "none",
    },
)
