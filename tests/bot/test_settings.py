from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from bot.errors import SettingsError
from bot.settings import Settings, load_settings

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No config.toml and no variables of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in ("MYNAH_CONFIG", "MYNAH_DATA_DIR", "MYNAH_BASE_MODEL"):
        monkeypatch.delenv(name, raising=False)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults() -> None:
    settings = load_settings()
    assert settings.base_model == "bundled"
    assert settings.training.max_posts == 3200
    assert settings.data_dir.is_absolute()


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write(tmp_path / "mine.toml", 'base_model = "gpt2"\n[training]\nepochs = 3\nseed = 9\n')
    monkeypatch.setenv("MYNAH_TRAINING__EPOCHS", "5")
    settings = load_settings(config)
    assert (settings.base_model, settings.training.epochs, settings.training.seed) == ("gpt2", 5, 9)


def test_arguments_win_over_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYNAH_DATA_DIR", "/from/environment")
    assert load_settings().data_dir == Path("/from/environment")
    assert load_settings(data_dir=tmp_path).data_dir == tmp_path


def test_where_the_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "config.toml", 'base_model = "here"')
    assert load_settings().base_model == "here"
    other = write(tmp_path / "other.toml", 'base_model = "other"')
    monkeypatch.setenv("MYNAH_CONFIG", str(other))
    assert load_settings().base_model == "other"


def test_the_home_folder_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYNAH_DATA_DIR", "~/mynah")
    assert load_settings().data_dir == Path.home() / "mynah"
    monkeypatch.setenv("MYNAH_DATA_DIR", "~nobody-here/mynah")
    with pytest.raises(SettingsError, match="data_dir: there is no home folder"):
        load_settings()


def test_an_empty_variable_is_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = load_settings().model_dump()
    for name in ("MYNAH_DATA_DIR", "MYNAH_BASE_MODEL", "MYNAH_CONFIG", "MYNAH_TRAINING__EPOCHS"):
        monkeypatch.setenv(name, "")
    assert load_settings().model_dump() == usual


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("bace_model = 'x'", ["bace_model: there is no such setting", "base_model"]),
        ("[training]\nepoch = 3", ["training.epoch: there is no such setting", "Did you mean epochs?"]),
        ("[training]\nepochs = 'many'", ["training.epochs", "integer", "'many'"]),
        ("[pool]\nmax_megabytes = 0", ["pool.max_megabytes", "greater than or equal to 1"]),
        ("[zzz]\na = 1", ["zzz: there is no such setting", "There are:", "training"]),
        ("training = 3", ["training"]),
        ("a = = 1", ["not valid TOML"]),
    ],
)
def test_a_bad_file_is_an_error_that_names_the_key(tmp_path: Path, text: str, messages: list[str]) -> None:
    with pytest.raises(SettingsError) as raised:
        load_settings(write(tmp_path / "config.toml", text))
    for message in messages:
        assert message in str(raised.value)


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("MYNAH_DATADIR", "/x", "MYNAH_DATADIR: there is no such setting. Did you mean MYNAH_DATA_DIR?"),
        ("MYNAH_TRAINING__EPOCH", "3", "training.epoch: there is no such setting. Did you mean epochs?"),
        ("MYNAH_TRAINING__EPOCHS", "many", "training.epochs"),
        ("MYNAH_TRAINING", "5", "training"),
        ("MYNAH_TRAINING", "many", 'value for field "training"'),
        ("mynah_pool__max_megabytes", "0", "pool.max_megabytes"),
    ],
)
def test_a_bad_variable_is_an_error(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert message in str(raised.value)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"config\.toml is not valid TOML"):
        load_settings(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml does not exist"):
        load_settings(tmp_path / "nowhere.toml")


def test_words_for_the_blocklist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write(tmp_path / "mine.toml", '[blocklist]\nallow = ["wtf"]\nadd = ["biscuit"]\n')
    blocklist = load_settings(config).blocklist
    assert (blocklist.enabled, blocklist.allow, blocklist.add) == (True, ("wtf",), ("biscuit",))
    monkeypatch.setenv("MYNAH_BLOCKLIST__ENABLED", "false")
    assert not load_settings(config).blocklist.enabled


def test_the_example_is_complete_and_shows_the_defaults() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert load_settings(EXAMPLE).model_dump() == load_settings().model_dump()
    uncommented = "\n".join(line.removeprefix("# ") if " = " in line else line for line in text.splitlines())
    check_complete(tomllib.loads(uncommented), Settings)


def check_complete(example: dict[str, Any], section: Any) -> None:
    assert set(example) == set(section.model_fields)
    for name, field in section.model_fields.items():
        if hasattr(field.annotation, "model_fields"):
            check_complete(example[name], field.annotation)
