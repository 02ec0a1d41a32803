"""Whatever stands in the config file or the environment: settings, or an error that names it."""

from __future__ import annotations

import tempfile
import time
import tomllib
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_tui.errors import Code, InputError
from aura_tui.settings import Secret, Settings, load
from aura_tui.system.environment import without_secrets
from tests.chaos import corpus
from tests.chaos.input_run import FORBIDDEN

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "sk-settings-0123456789"
_KINDS = {field.name: field.type for field in msgspec.structs.fields(Settings)}
_SECTIONS = [name for name in _KINDS if name != "home"]
_FIELDS = sorted(
    {field.name for name in _SECTIONS for field in msgspec.structs.fields(_KINDS[name])}
)
_VALUES = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.floats().map(str),
    st.text(max_size=30).map(lambda text: f'"{text}"'),
    st.sampled_from(
        ["true", "inf", "-nan", "[]", "{}", "[[1]]", "2026-01-01", "{a.b=1}", '"""', "'", "", "0x"]
    ),
    st.sampled_from(sorted(corpus.ESCAPES.values())).map(lambda text: f'"{text}"'),
)
_LINES = st.one_of(
    st.tuples(st.sampled_from(_FIELDS), _VALUES).map(" = ".join),
    st.sampled_from(_SECTIONS).map(lambda name: f"[{name}]"),
    st.sampled_from(_SECTIONS).map(lambda name: f"[[{name}]]"),
    st.text(max_size=40),
    st.sampled_from(["[", "]", "=", '"', "a.b.c = 1", "[a.b.c]", "\r", "# \x1b[2J"]),
)
FILES = st.one_of(
    st.lists(_LINES, max_size=12).map(lambda lines: "\n".join(lines).encode("utf-8", "replace")),
    st.binary(max_size=200),
)


def loaded_or_refused(environ: dict[str, str]) -> str:
    """What is said where it is refused, "" where it isn't. Anything else is raised."""
    try:
        loaded = load(environ)
    except InputError as e:
        if e.code is not Code.SETTINGS_INVALID:
            raise
        said = f"{e.message} {e.remediation}"
    else:
        assert SECRET not in repr(loaded)
        return ""
    assert FORBIDDEN.search(said) is None
    assert "\n" not in said
    assert len(said) < 2000
    return said


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=FILES)
def test_any_file_loads_or_is_refused(data: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=".toml") as file:
        file.write(data)
        file.flush()
        loaded_or_refused({"AURA_CONFIG": file.name, "AURA_HOME": "/nonexistent"})


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    environ=st.dictionaries(
        st.tuples(
            st.sampled_from([name.upper() for name in _SECTIONS]),
            st.sampled_from([name.upper() for name in _FIELDS]),
        ).map(lambda names: f"AURA_{names[0]}_{names[1]}"),
        st.one_of(st.text(max_size=30), _VALUES),
        max_size=4,
    )
)
def test_any_environment_loads_or_is_refused(environ: dict[str, str]) -> None:
    loaded_or_refused(environ | {"AURA_HOME": "/nonexistent", "AURA_CONFIG": "/dev/null"})


DAMAGE = {
    "deep arrays": "a=" + "[" * 20_000,
    "deep tables": "a=" + "{a=" * 20_000,
    "a number of 6,000 digits": "[engine]\nretries=" + "1" * 6000,
    "a key of 100,000 parts": "a." * 100_000 + "a=1",
    "a table of 100,000 parts": "[" + "a." * 100_000 + "a]",
    "many long keys": "".join(f"{'a.' * 100}b{i}=1\n" for i in range(1200)),
    "many tables": "".join(f"[a{i}]\n" for i in range(30_000)),
    "many quotes": "a=" + '"' * 200_000,
    "blanks": "a=" + " " * 200_000,
    "too large": "#" * 300_000,
    "the same twice": "[engine]\nretries=1\nretries=2",
    "half a character": 'a="\\ud800"',
    "a home": 'home="/"',
}


@pytest.mark.parametrize(("name", "text"), DAMAGE.items())
def test_a_file_that_cannot_be_is_refused_soon(name: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    began = time.process_time()
    assert loaded_or_refused({"AURA_CONFIG": str(file), "AURA_HOME": "/nonexistent"})
    assert time.process_time() - began < 2.0


@pytest.mark.parametrize(
    "text",
    [
        f"[script]\napi_key={SECRET}",
        f'[script]\napi_key=["{SECRET}"]',
        f'[script]\napi_keys="{SECRET}"',
        f'[script]\napi_key="{SECRET}"\nmodel=1',
        f'[script]\napi_key="{SECRET}',
        f'[script]\napi_key="{SECRET}\\q"',
        f'script="{SECRET}"',
        f'[speech]\nrate="{SECRET}"',
        f'"{SECRET}" = 1',
        f'[script]\n"{SECRET}" = 1',
        f'[script."{SECRET}"]\nx = 1',
        f"[script]\nhf_{SECRET.replace('-', '')} = 1",
        f'["{SECRET}"]\n["{SECRET}"]',
        f'[script."{SECRET}\'"]\n[script."{SECRET}\'"]',
        f'script = {{"{SECRET}" = 1, "{SECRET}" = 2}}',
        f'script = {{"{SECRET}" = {{}}}}\n[script."{SECRET}".x]',
    ],
)
def test_a_key_in_a_file_that_is_refused_is_not_repeated(text: str, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    said = loaded_or_refused({"AURA_CONFIG": str(file), "AURA_HOME": "/nonexistent"})
    assert said
    assert SECRET not in said
    assert SECRET.replace("-", "") not in said


def test_a_long_comment_line_of_dots_is_no_key(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f"  # {'.' * 300}\n[engine]\nretries = 2\n")
    assert tomllib.loads(file.read_text())["engine"] == {"retries": 2}
    assert load({"AURA_CONFIG": str(file), "AURA_HOME": "/nonexistent"}).engine.retries == 2


def test_no_secret_of_the_settings_goes_on_to_a_child() -> None:
    secrets = [
        f"AURA_{name.upper()}_{field.name.upper()}"
        for name in _SECTIONS
        for field in msgspec.structs.fields(_KINDS[name])
        if field.type is Secret
    ]
    assert len(secrets) >= 3
    environ = dict.fromkeys([*secrets, "AURA_TOKEN"], SECRET) | {"AURA_HOME": "/h", "PATH": "/p"}
    assert without_secrets(environ) == {"AURA_HOME": "/h", "PATH": "/p"}
