from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path

import pytest

from bot.errors import OperatorError
from bot.setup.example import example, filled, flat
from bot.setup.files import others_may_read, replace_private


def test_nothing_chosen_is_the_example() -> None:
    assert filled(example(), {}) == example()


def test_a_commented_line_becomes_the_value_and_every_comment_stays() -> None:
    text = filled(example(), {("discord", "token"): 'a"b\\c', ("base_model",): "gpt2", ("training", "epochs"): 5})
    read = tomllib.loads(text)
    assert (read["discord"]["token"], read["base_model"], read["training"]["epochs"]) == ('a"b\\c', "gpt2", 5)
    assert "token" not in read["telegram"]
    lines, before = text.splitlines(), example().splitlines()
    assert len(lines) == len(before)
    changed = [old for old, new in zip(before, lines, strict=True) if old != new]
    assert changed == ['base_model = "bundled"', "# epochs = 3", '# token = "…"']


def test_a_key_goes_into_its_own_section() -> None:
    text = filled(example(), {("sources", "x", "token"): "secret", ("hub", "token"): "other"})
    read = dict(flat(tomllib.loads(text)))
    assert (read["sources", "x", "token"], read["hub", "token"]) == ("secret", "other")
    assert ("discord", "token") not in read


def test_every_value_of_a_file_finds_its_place() -> None:
    values = dict(flat(tomllib.loads(example())))
    numbers = {key: value + 1 if type(value) in (int, float) else value for key, value in values.items()}
    assert dict(flat(tomllib.loads(filled(example(), numbers)))) == numbers


def test_a_file_is_its_owners_alone_and_what_was_there_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    before = os.umask(0)
    try:
        assert replace_private(path, "a = 1\n") is None
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.chmod(0o644)
        assert others_may_read(path)
        kept = [replace_private(path, f"a = {number}\n") for number in (2, 3)]
    finally:
        os.umask(before)
    assert [one.read_text() for one in kept if one] == ["a = 1\n", "a = 2\n"]
    assert path.read_text() == "a = 3\n"
    assert not any(others_may_read(one) for one in path.parent.iterdir())
    assert len(list(path.parent.iterdir())) == 3  # nothing unfinished is left


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.toml").write_text("old")
    (tmp_path / "config.toml").symlink_to("real.toml")
    replace_private(tmp_path / "config.toml", "new")
    assert (tmp_path / "config.toml").is_symlink()
    assert (tmp_path / "real.toml").read_text() == "new"


def test_a_place_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OperatorError, match="can't be written"):
        replace_private(tmp_path / "file" / "config.toml", "")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OperatorError, match="can't be written"):
        replace_private(tmp_path / "folder", "")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "folder"]
