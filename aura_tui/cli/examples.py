"""One example for each command, at the end of its help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    import typer

EXAMPLES: Final = {
    "run": "aura-tui run talk.md --duration 90 --voice de -o out",
    "watch": "aura-tui watch @latest --progress plain",
    "resume": "aura-tui resume --all --yes",
    "retry": "aura-tui retry @latest -o /mnt/videos",
    "replay": "aura-tui replay job.jsonl --speed 8",
    "jobs": "aura-tui jobs --filter 'status:failed age:<1d' --fields id,title",
    "show": "aura-tui show @latest --json",
    "logs": "aura-tui logs @latest -f --level warning",
    "artifacts": "aura-tui artifacts @latest --save out",
    "cancel": "aura-tui cancel --status queued",
    "pause": "aura-tui pause @latest",
    "doctor": "aura-tui doctor --voices",
    "serve": "aura-tui serve --host 0.0.0.0 --certificate cert.pem --key key.pem",
    "engine status": "aura-tui engine status --json",
    "engine stop": "aura-tui engine stop --yes",
    "engine restart": "aura-tui engine restart",
    "help": "aura-tui help keys",
    "token add": "aura-tui token add ada",
    "token renew": "aura-tui token renew ada",
    "token remove": "aura-tui token remove ada",
    "token list": "aura-tui token list",
}


def add_command(
    app: typer.Typer, command: Callable[..., Any], name: str = "", *, group: str = ""
) -> None:
    """Add a command with its example. ``name``: "" for the function's."""
    name = name or command.__name__
    epilog = f"Example: {EXAMPLES[f'{group} {name}'.strip()]}"
    app.command(name=name, epilog=epilog)(command)
