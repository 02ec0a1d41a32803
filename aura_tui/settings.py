"""Settings: defaults, overridden by the config file, the environment, and options, in that order.

The file is ``config.toml`` in the platform's config folder (``AURA_CONFIG`` names another one);
each value can also be set by ``AURA_<SECTION>_<NAME>``, e.g. ``AURA_SCRIPT_API_KEY``; a table as
``name=value,name=value``, a list as ``value,value``. Unknown names are errors: a misspelt setting
that is silently ignored is worse than an error.

A variable that is set but empty (``AURA_HOME=$UNSET`` in a script) is an error if an empty value
makes no sense: for a path of ours, a number, a choice. If the default is empty, it means that.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_origin, get_type_hints

import msgspec

from aura_tui.errors import Code, InputError
from aura_tui.model.expects import describe_type
from aura_tui.model.text.near import did_you_mean
from aura_tui.model.text.sanitize import clean_line
from aura_tui.system.files import open_regular

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_FILE_BYTES = 256 * 1024
# Parse msgspec's messages: an unknown name, and the place of a value.
_UNKNOWN = re.compile(r"Object contains unknown field `(.*?)`(?: - at `\$\.(\w+)`)?$", re.DOTALL)
_PLACE = re.compile(r"`\$\.(\w+)(?:\.(\w+))?")
# The form of setting names, and of hardly any key: a key in place of a name is not repeated.
_NAME = re.compile(r"[a-z]+(?:[_-][a-z]+)*")
_MAX_NAME_CHARS = 30
# Quoted parts of the file in tomllib's messages, which may be a key; a single character is not.
_QUOTED = re.compile(r"\(?['\"].{2,}['\"](?:,?\))?(?= twice| \(at |$)", re.DOTALL)
_AS_VARIABLE = {tuple: "a list, as in a,b", dict: "names and texts, as in a=b,c=d"}
_MAX_DOTS = 100  # in a line: the parser's time and memory grow with the square of a key's parts

# Every number has both bounds, so that every loaded value is usable: NaN and infinity are outside.
_Seconds = Annotated[float, msgspec.Meta(ge=0.1, le=31_536_000)]  # up to a year
_Wait = Annotated[float, msgspec.Meta(ge=0, le=86_400)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class Secret:
    """A value that prints as stars. Call :meth:`reveal` only where it is sent to its endpoint."""

    __slots__ = ("_value",)

    def __init__(self, value: str = "") -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself; never log it."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret('***')" if self._value else "Secret('')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class EngineSettings(_Section, frozen=True, kw_only=True):
    """``[engine]``. Times in seconds unless the name says otherwise.

    ``on_start``: whether a new engine resumes the jobs that a person stopped, or they wait for
    that; it always resumes those of an engine that crashed. ``on_hangup``: what becomes of the
    jobs of a terminal that closes.
    """

    concurrency: Annotated[int, msgspec.Meta(ge=1, le=64)] = (
        1  # jobs at once; one render already uses every core
    )
    stall_warning_s: _Seconds = 120.0
    stage_timeout_s: _Seconds = 3600.0
    retries: _Count = 4  # after a transient provider error
    retry_base_s: _Wait = 1.0
    retry_cap_s: _Wait = 30.0
    keep_workspaces_h: Annotated[float, msgspec.Meta(ge=0, le=876_000)] = 24.0  # up to a century
    keep_jobs_days: Annotated[float, msgspec.Meta(ge=0, le=36_500)] = 30.0
    min_free_mb: _Count = 200
    on_start: Literal["wait", "resume"] = "wait"
    on_hangup: Literal["background", "stop"] = "background"


class ScriptSettings(_Section, frozen=True, kw_only=True):
    """``[script]``. ``provider``: outline, llm, or auto (llm if it is configured; if not, or if it
    fails, outline)."""

    provider: str = "auto"
    base_url: str = ""  # ".../v1"
    api_key: Secret = Secret()
    model: str = ""
    timeout_s: _Seconds = 120.0


class SpeechSettings(_Section, frozen=True, kw_only=True):
    """``[speech]``. ``provider``: espeak, piper, openai, or auto (openai if it is configured, else
    piper, else espeak; if one fails, the next is used)."""

    provider: str = "auto"
    voice: str = ""
    rate: Annotated[float, msgspec.Meta(ge=0.5, le=2.0)] = 1.0
    piper_model: str = ""  # path of an .onnx voice
    base_url: str = ""
    api_key: Secret = Secret()
    model: str = ""
    timeout_s: _Seconds = 120.0
    loudness_lufs: Annotated[float, msgspec.Meta(ge=-40.0, le=-5.0)] = -18.0


class VisualsSettings(_Section, frozen=True, kw_only=True):
    """``[visuals]``. ``provider``: cards, folder, openai, or auto (openai if it is configured; if
    not, or if it fails, cards)."""

    provider: str = "auto"
    theme: str = "aurora"
    folder: str = ""
    base_url: str = ""
    api_key: Secret = Secret()
    model: str = ""
    timeout_s: _Seconds = 180.0


class RenderSettings(_Section, frozen=True, kw_only=True):
    """``[render]``. ``ffmpeg``: a path; "": a suitable one on the PATH, else the bundled one."""

    ffmpeg: str = ""
    lanes: Annotated[int, msgspec.Meta(ge=0, le=64)] = (
        0  # scenes encoded in parallel; 0: one per core
    )
    preset: str = "veryfast"
    crf: Annotated[int, msgspec.Meta(ge=0, le=51)] = 23


class BoardSettings(_Section, frozen=True, kw_only=True):
    """``[board]``. ``keys`` rebinds keys: ``{"run.cancel" = "x"}``, with ids from
    ``ui/keys/bindings.py``."""

    theme: str = "aura"
    mouse: bool = True
    reduced_motion: bool = False
    ascii: bool = False
    preview: Literal["auto", "on", "off"] = "auto"  # auto: on, but not over SSH
    # What pictures of characters are made of; auto: sextants where the terminal draws them itself.
    preview_blocks: Literal["auto", "halves", "quadrants", "sextants"] = "auto"
    notify: Literal["off", "job", "stage"] = "job"  # at the end of a job, or of each stage too
    bell: bool = True
    desktop: Literal["auto", "off", "osc9", "osc777", "osc99"] = "auto"
    taskbar: bool = True  # progress in the taskbar or the tab, if the terminal supports it
    title: bool = True  # percent in the window's title
    keys: dict[str, str] = {}


class ServeSettings(_Section, frozen=True, kw_only=True):
    """``[serve]``: the options of ``aura-tui serve``, see ``server/options.py``. Files are paths;
    ``token_file`` "": tokens.json in the home."""

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 5005  # 0: a free port
    token_file: str = ""
    certificate: str = ""
    key: str = ""
    origins: tuple[str, ...] = ()  # allowed CORS origins
    names: tuple[str, ...] = ()  # additional host names to accept
    streams: _Count = 10  # per token, like the next two
    jobs_a_minute: _Count = 5
    cancels_a_minute: _Count = 10
    access_log: bool = False  # a line per request on stderr


class Settings(_Section, frozen=True, kw_only=True):
    """All settings. ``home`` is the folder of all of the engine's state."""

    home: Path
    engine: EngineSettings = EngineSettings()
    script: ScriptSettings = ScriptSettings()
    speech: SpeechSettings = SpeechSettings()
    visuals: VisualsSettings = VisualsSettings()
    render: RenderSettings = RenderSettings()
    board: BoardSettings = BoardSettings()
    serve: ServeSettings = ServeSettings()


_SECTIONS: dict[str, type[_Section]] = {
    "engine": EngineSettings,
    "script": ScriptSettings,
    "speech": SpeechSettings,
    "visuals": VisualsSettings,
    "render": RenderSettings,
    "board": BoardSettings,
    "serve": ServeSettings,
}


def default_home(environ: Mapping[str, str]) -> Path:
    """``AURA_HOME``, else the platform's user data folder."""
    if "AURA_HOME" in environ:
        return _expanded(environ["AURA_HOME"], "AURA_HOME").absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("aura-tui", appauthor=False))


def config_file(environ: Mapping[str, str]) -> Path:
    """``AURA_CONFIG``, else ``config.toml`` in the platform's config folder."""
    if "AURA_CONFIG" in environ:
        return _expanded(environ["AURA_CONFIG"], "AURA_CONFIG")
    import platformdirs

    return Path(platformdirs.user_config_dir("aura-tui", appauthor=False)) / "config.toml"


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the file and the environment. Raises :class:`InputError` naming the wrong setting."""
    environ = os.environ if environ is None else environ
    path = config_file(environ)
    tree = _read_file(path, named="AURA_CONFIG" in environ)
    for section in _SECTIONS:
        prefix = f"AURA_{section.upper()}_"
        for name in sorted(environ):
            if name.startswith(prefix):
                table = tree.setdefault(section, {})
                if isinstance(table, dict):  # anything else is refused below
                    kind = _SECTIONS[section]
                    field = _field(name, prefix, kind)
                    default = getattr(kind(), field)
                    if isinstance(default, str) and default and not environ[name].strip():
                        raise _is_empty(name)
                    table[field] = _read_variable(environ[name], kind, field)
    tree["home"] = str(default_home(environ))
    try:
        return msgspec.convert(tree, Settings, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as e:
        raise _refuse_value(str(e), path, environ) from None


def _read_variable(text: str, kind: type[_Section], field: str) -> object:
    """The variable's value before conversion: the text itself, a list's values, or a table's
    pairs."""
    form = get_origin(get_type_hints(kind)[field])
    if form is tuple:
        return [value.strip() for value in text.split(",") if value.strip()]
    if form is not dict:
        return text
    pairs = [pair.split("=", 1) for pair in text.split(",") if pair.strip()]
    if all(len(pair) == 2 for pair in pairs):
        return {name.strip(): value.strip() for name, value in pairs}
    return text  # refused later: it is not a table


def _read_file(path: Path, *, named: bool) -> dict[str, Any]:
    try:
        with open_regular(path) as file:
            data = file.read(_MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        if named:
            raise _refuse("file not found", path) from None
        return {}
    except OSError as e:
        raise _refuse(e.strerror or "unknown error", path) from None
    if len(data) > _MAX_FILE_BYTES:
        raise _refuse("larger than 256 KB", path)
    for number, line in enumerate(data.splitlines(), 1):
        if line.count(b".") > _MAX_DOTS and not line.lstrip().startswith(b"#"):
            raise _refuse(f"line {number} has more than {_MAX_DOTS} dots", path)
    try:
        tree = tomllib.loads(data.decode())
    except RecursionError:
        raise _refuse("nested too deep", path) from None
    except ValueError as e:  # TOMLDecodeError, UnicodeDecodeError, a number of 5,000 digits
        why = _QUOTED.sub("a name", str(e))
        raise _refuse(f"not valid TOML: {why}", path) from None
    if "home" in tree:
        raise _refuse("home can only be set with AURA_HOME", path)
    return tree


def _field(name: str, prefix: str, kind: type[_Section]) -> str:
    field = name.removeprefix(prefix).lower()
    if field not in kind.__struct_fields__:
        known = [f"{prefix}{f.upper()}" for f in kind.__struct_fields__]
        raise InputError(
            Code.SETTINGS_INVALID,
            f"Unknown setting {clean_line(name, 100)}",
            f"{did_you_mean(name, known)}Unset it, or use one of: {', '.join(known)}.",
        )
    return field


def _expanded(path: str, name: str) -> Path:
    if not path.strip():
        raise _is_empty(name)
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise InputError(
            Code.SETTINGS_INVALID,
            f"{name} contains an unknown user in ~name",
            f"Set {name} to an absolute path.",
        ) from None


def _is_empty(name: str) -> InputError:
    return InputError(
        Code.SETTINGS_INVALID,
        f"{name} is set but empty",
        f"Set {name} to a value, or unset it to use the default.",
    )


def _refuse(why: str, path: Path) -> InputError:
    return InputError(
        Code.SETTINGS_INVALID,
        f"Can't read the configuration file {clean_line(str(path), 300)}: {clean_line(why, 300)}",
        "Correct the file, or set AURA_CONFIG to another one.",
    )


def _refuse_value(why: str, path: Path, environ: Mapping[str, str]) -> InputError:
    """The error for msgspec's message about one value: where it is, and what it must be."""
    if unknown := _UNKNOWN.match(why):
        name, section = _displayable(unknown[1]), unknown[2]
        fields = _SECTIONS[section].__struct_fields__ if section in _SECTIONS else None
        known = fields or tuple(_SECTIONS)
        what = f"unknown setting {section}.{name}" if fields else f"unknown section [{name}]"
        return InputError(
            Code.SETTINGS_INVALID,
            f"{what[0].upper()}{what[1:]}",
            f"{did_you_mean(name, known)}Use one of: {', '.join(known)}. Correct it in {path}.",
        )
    found = _PLACE.search(why)
    kinds = get_type_hints(_SECTIONS[found[1]], include_extras=True) if found else {}
    if found is None or found[2] not in kinds:
        return _refuse(f"{found[1]} is not a section" if found else why, path)
    section, field = found.groups()
    kind = kinds[field]
    name = f"AURA_{section.upper()}_{field.upper()}"
    if name in environ:
        form = get_origin(kind)
        does = _AS_VARIABLE[form] if form in _AS_VARIABLE else describe_type(kind)
        what, where = name, f"Correct or unset {name}."
    else:
        does, what, where = (
            describe_type(kind),
            f"The setting {section}.{field}",
            f"Correct it in {path}.",
        )
    return InputError(Code.SETTINGS_INVALID, f"{what} must be {does}", where)


def _displayable(name: str) -> str:
    """A name from the file for a message; if it may be a key, only its first characters."""
    if len(name) <= _MAX_NAME_CHARS and _NAME.fullmatch(name):
        return name
    return clean_line(name, 100)[:3] + "\u2026"


def _decode(kind: type, value: object) -> object:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    if issubclass(kind, Path) and isinstance(value, str):
        return Path(value)
    raise TypeError(f"no decoder for {kind.__name__}")
