"""Settings: the environment over the file over the defaults; secrets stay secret; a bad one is
named on one line."""

from __future__ import annotations

import copy
import json
import traceback
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest

from aura_tui.errors import Code, InputError
from aura_tui.server.options import Limits, ServeOptions
from aura_tui.settings import Secret, ServeSettings, Settings, config_file, default_home, load

KEY = "sk-very-secret-1234"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A home, and a config file that is there and empty."""
    (tmp_path / "config.toml").touch()
    return {"AURA_HOME": str(tmp_path / "home"), "AURA_CONFIG": str(tmp_path / "config.toml")}


def write(environ: dict[str, str], text: str | bytes) -> None:
    data = text if isinstance(text, bytes) else text.encode()
    Path(environ["AURA_CONFIG"]).write_bytes(data)


def refusal(environ: dict[str, str]) -> str:
    """The message and remediation of what ``load`` raises: E111, one line each."""
    with pytest.raises(InputError) as caught:
        load(environ)
    error = caught.value
    assert error.code is Code.SETTINGS_INVALID
    assert error.message.isprintable()
    assert error.remediation.isprintable()
    return f"{error.message} {error.remediation}"


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))  # where the platform looks for a config file
    assert load({"AURA_HOME": str(tmp_path)}) == Settings(home=tmp_path)


def test_the_file_is_over_the_defaults_and_the_environment_over_the_file(
    environ: dict[str, str],
) -> None:
    write(environ, "[engine]\nconcurrency = 2\nretries = 7\n[script]\nmodel = 'm'\n")
    environ["AURA_ENGINE_RETRIES"] = "9"
    environ["AURA_ENGINE_STALL_WARNING_S"] = "1.5"
    environ["AURA_SCRIPT_API_KEY"] = KEY
    settings = load(environ)
    engine = settings.engine
    assert (engine.concurrency, engine.retries, engine.stall_warning_s) == (2, 9, 1.5)
    assert engine.retry_cap_s == 30
    assert settings.script.model == "m"
    assert settings.script.api_key.reveal() == KEY
    assert str(settings.home) == environ["AURA_HOME"]


def test_every_setting_reads_its_variable(environ: dict[str, str]) -> None:
    plain = load(environ)
    for section in plain.__struct_fields__[1:]:
        for field in getattr(plain, section).__struct_fields__:
            default = getattr(getattr(plain, section), field)
            kind = get_type_hints(type(getattr(plain, section)))[field]
            text, expected = sample(kind, default)
            name = f"AURA_{section.upper()}_{field.upper()}"
            value = getattr(getattr(load({**environ, name: text}), section), field)
            assert value == expected != default, name


def sample(kind: object, default: object) -> tuple[str, object]:
    """What a variable may say for a setting of that type, and what it means."""
    if get_origin(kind) is Literal:
        other = next(choice for choice in get_args(kind) if choice != default)
        return other, other
    match default:
        case bool():
            return str(not default).lower(), not default
        case int() | float():
            return str(default + 1), default + 1
        case tuple():
            return "a.example, b.example,", ("a.example", "b.example")
        case dict():
            return "run.cancel=x, job.retry = R", {"run.cancel": "x", "job.retry": "R"}
        case Secret():
            return "x1", Secret("x1")
        case _:
            return "x1", "x1"


def test_what_serve_takes_by_default_is_said_once() -> None:
    assert settings_of(ServeOptions(tokens=Path("x"))) == settings_of(ServeSettings())


def settings_of(what: ServeOptions | ServeSettings) -> dict[str, object]:
    """The settings by their names as options."""
    names, limits = (
        (what.hosts, what.limits) if isinstance(what, ServeOptions) else (what.names, what)
    )
    return {
        **{name: getattr(what, name) for name in ("host", "port", "origins")},
        **{name: str(getattr(what, name) or "") for name in ("certificate", "key")},
        **{name: getattr(limits, name) for name in Limits.__struct_fields__},
        "names": names,
    }


def test_other_programs_variables_are_let_be(environ: dict[str, str]) -> None:
    environ |= {"AURA_SERVER": "http://x", "AURA_TOKEN": "t", "AURA": "1", "PATH": "/bin"}
    load(environ)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (
            "[engine]\nconcurency = 2",
            "Unknown setting engine.concurency Did you mean concurrency?",
        ),
        ("[engin]\nconcurrency = 2", "Unknown section [engin] Did you mean engine?"),
        ("concurrency = 2", "concurrency"),
        ("home = '/x'", "AURA_HOME"),
        ("[engine]\nconcurrency = 'many'", "engine.concurrency"),
        ("[engine]\nconcurrency = 0", "engine.concurrency"),
        ("[engine]\nconcurrency = [1]", "engine.concurrency"),
        ("[engine]\nstall_warning_s = nan", "engine.stall_warning_s"),
        ("[engine]\nstage_timeout_s = 0", "engine.stage_timeout_s"),
        ("[engine]\nretry_base_s = -1", "engine.retry_base_s"),
        ("[engine]\nstage_timeout_s = inf", "a number from 0.1 to 31536000"),
        ("[engine]\nkeep_jobs_days = 1e308", "engine.keep_jobs_days"),
        ("[engine]\nkeep_workspaces_h = 1e300", "engine.keep_workspaces_h"),
        ("[speech]\ntimeout_s = 5e-324", "speech.timeout_s"),
        ("[engine]\nretries = -1", "engine.retries"),
        ("[render]\ncrf = 60", "render.crf must be a whole number from 0 to 51"),
        ("[speech]\nrate = 0.1", "speech.rate"),
        ("[script]\napi_key = 5", "script.api_key"),
        ("[script]\nmodel = true", "script.model"),
        ("[serve]\nport = 65536", "serve.port"),
        ("[serve]\nstreams = -1", "serve.streams"),
        ("[serve]\norigins = 'https://x'", "serve.origins"),
        ("[serve]\nnames = [5]", "serve.names"),
        ("engine = 5", "engine"),
        ("engine = [1]", "engine"),
        ('[engine]\n"a\\nb\\u001b[31m" = 1', "Unknown setting engine.a b\u2026"),
        ("[engine]\nstall-warning-s = 1", "Unknown setting engine.stall-warning-s Did you mean"),
        ("[engine\n", "TOML"),
        ("= 1", "TOML"),
        (b"\xff\xfe", "TOML"),
        (b"#" * (257 * 1024), "256 KB"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    environ: dict[str, str], text: str | bytes, named: str
) -> None:
    write(environ, text)
    refused = refusal(environ)
    assert named in refused
    assert "config.toml" in refused


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("AURA_ENGINE_CONCURRENCY", "many", "a whole number from 1 to 64"),
        ("AURA_ENGINE_CONCURRENCY", "1.5", "a whole number"),
        ("AURA_ENGINE_STALL_WARNING_S", "nan", "a number from 0.1 to 31536000"),
        ("AURA_ENGINE_STALL_WARNING_S", "", "a number from 0.1 to 31536000"),
        ("AURA_BOARD_PREVIEW", "maybe", "must be one of auto, on, off"),
        ("AURA_BOARD_MOUSE", "maybe", "true or false"),
        ("AURA_BOARD_KEYS", "x", "as in a=b,c=d"),
        ("AURA_SERVE_PORT", "http", "a whole number from 0 to 65535"),
        ("AURA_SERVE_TOKEN", "x", "AURA_SERVE_TOKEN_FILE"),
        ("AURA_SCRIPT_API_KYE", "x", "Did you mean AURA_SCRIPT_API_KEY?"),
        ("AURA_RENDER_", "x", "Unknown setting"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named_not_the_file(
    environ: dict[str, str], name: str, value: str, named: str
) -> None:
    refused = refusal({**environ, name: value})
    assert refused.removeprefix("Unknown setting ").startswith(name)
    assert named in refused
    assert "config.toml" not in refused


def test_a_bad_value_of_the_file_is_the_file_s_beside_a_good_variable(
    environ: dict[str, str],
) -> None:
    write(environ, "[render]\ncrf = 60\nlanes = 2")
    refused = refusal({**environ, "AURA_RENDER_LANES": "3"})
    assert "render.crf" in refused
    assert "config.toml" in refused


def test_a_variable_beside_a_section_that_is_none_is_still_one_error(
    environ: dict[str, str],
) -> None:
    write(environ, "engine = 5")
    assert "engine" in refusal({**environ, "AURA_ENGINE_RETRIES": "1"})


def test_a_named_file_must_be_there_and_be_a_file(environ: dict[str, str], tmp_path: Path) -> None:
    environ["AURA_CONFIG"] = str(tmp_path / "none.toml")
    assert "none.toml" in refusal(environ)
    environ["AURA_CONFIG"] = str(tmp_path)
    assert str(tmp_path) in refusal(environ)


@pytest.mark.parametrize("name", ["AURA_HOME", "AURA_CONFIG"])
def test_a_home_of_nobody_is_an_error_of_ours(environ: dict[str, str], name: str) -> None:
    assert name in refusal({**environ, name: "~no-such-user-here/x"})


@pytest.mark.parametrize("empty", ["", " "])
def test_a_variable_that_is_empty_by_mistake_is_an_error_not_the_default(
    environ: dict[str, str], empty: str
) -> None:
    plain = load(environ)
    names = ["AURA_HOME", "AURA_CONFIG"]
    for section in plain.__struct_fields__[1:]:
        for field in getattr(plain, section).__struct_fields__:
            default = getattr(getattr(plain, section), field)
            name = f"AURA_{section.upper()}_{field.upper()}"
            if default in ("", (), {}) or isinstance(default, Secret):  # that is what it means
                assert not getattr(getattr(load({**environ, name: ""}), section), field)
            else:
                names.append(name)
    for name in names:
        said = refusal({**environ, name: empty})
        assert f"nset {name}" in said or said.endswith("unset it to use the default."), name
    for name in ("AURA_HOME", "AURA_CONFIG", "AURA_SERVE_HOST", "AURA_SPEECH_PROVIDER"):
        assert refusal({**environ, name: empty}).startswith(f"{name} is set but empty Set {name}")
    assert "AURA_SERVE_HOST" in names  # "" would be every address of the machine


def test_a_relative_home_becomes_absolute() -> None:
    assert default_home({"AURA_HOME": "here"}).is_absolute()


def test_without_variables_home_and_file_are_the_platforms() -> None:
    assert default_home({}).name == "aura-tui"
    assert config_file({}).parts[-2:] == ("aura-tui", "config.toml")


def test_a_secret_shows_nowhere(environ: dict[str, str]) -> None:
    write(environ, f"[script]\napi_key = '{KEY}'\n[speech]\napi_key = '{KEY}'")
    settings = load(environ)
    assert settings.script.api_key.reveal() == KEY
    for shown in (
        repr(settings),
        str(settings),
        f"{settings.script.api_key}",
        f"{settings.script.api_key!r:>20}",
        "%s" % settings.speech.api_key,  # noqa: UP031 - this spelling, too
        repr(copy.copy(settings.script)),
        repr(msgspec.structs.asdict(settings)),
        msgspec.json.encode(settings, enc_hook=str).decode(),
        json.dumps(msgspec.structs.asdict(settings.script), default=repr),
    ):
        assert KEY not in shown
        assert "very-secret" not in shown


def test_a_secret_cannot_be_encoded_by_accident(environ: dict[str, str]) -> None:
    settings = load({**environ, "AURA_SCRIPT_API_KEY": KEY})
    for encode in (msgspec.json.encode, msgspec.msgpack.encode, json.dumps):
        with pytest.raises(TypeError) as caught:
            encode(settings.script.api_key)
        assert KEY not in str(caught.value)


def test_an_error_beside_a_secret_does_not_tell_it(environ: dict[str, str]) -> None:
    write(environ, f"[script]\napi_key = '{KEY}'\nmodel = 5")
    with pytest.raises(InputError) as caught:
        load(environ)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    write(environ, f"[script]\napi_key = ['{KEY}']")
    assert KEY not in refusal(environ)


def test_a_secret_says_whether_it_is_set_and_is_equal_by_value() -> None:
    assert not Secret()
    assert Secret("a")
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert hash(Secret("a")) == hash(Secret("a"))
    assert repr(Secret()) == "Secret('')"
