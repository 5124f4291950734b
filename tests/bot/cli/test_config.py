from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.settings import Settings

SECRET = "a-secret-token"


def config(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`mynah config …` in this folder, without the variables of whoever runs the tests."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("MYNAH_")}
    return subprocess.run(
        [sys.executable, "-m", "bot", "config", *arguments],
        cwd=folder,
        env=known | {"PYTHONPATH": os.getcwd(), "COLUMNS": "80"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text(
        f'data_dir = "{tmp_path}/data"\n[training]\nepochs = 3\nseed = 9\n[discord]\ntoken = "{SECRET}"\n'
    )
    return tmp_path


def test_every_setting_is_shown_with_where_it_comes_from(folder: Path) -> None:
    webhook = {"MYNAH_TELEGRAM__WEBHOOK_URL": f"https://bot.example.org/{SECRET}"}
    done = config(folder, MYNAH_TRAINING__EPOCHS="5", MYNAH_TELEGRAM__TOKEN=SECRET, **webhook)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["epochs", "5", "environment"] in rows
    assert ["seed", "9", "file"] in rows
    assert ["max_posts", "3200", "default"] in rows
    assert ["token", "********", "file"] in rows
    assert ["token", "********", "environment"] in rows
    assert ["webhook_url", "https://bot.example.org/********", "environment"] in rows
    assert rows.index(["[training]"]) < rows.index(["seed", "9", "file"]) < rows.index(["[generation]"])
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert SECRET not in done.stdout


def test_as_json_it_is_every_key(folder: Path) -> None:
    done = config(folder, "show", "--json")
    facts = {one["key"]: one for one in json.loads(done.stdout)}
    assert facts["training.epochs"] == {"key": "training.epochs", "value": 3, "from": "file", "default": None}
    assert facts["discord.token"]["value"] == "********"
    assert facts["telegram.token"]["value"] is None
    assert {key.partition(".")[0] for key in facts} == set(Settings.model_fields)


def test_only_what_is_changed(folder: Path) -> None:
    (folder / "config.toml").write_text("[training]\nseed = 1\nepochs = 2\n")
    assert [one["key"] for one in json.loads(config(folder, "--changed", "--json").stdout)] == ["training.epochs"]
    (folder / "config.toml").unlink()
    assert config(folder, "--changed").stdout.startswith("Nothing is changed")


def test_a_check_counts_or_names_each_wrong_key(folder: Path) -> None:
    right = config(folder, "check", MYNAH_TRAINING__EPOCHS="5")
    assert right.returncode == 0
    assert "is right" in right.stdout
    assert "3 from it, 1 from the environment" in right.stdout
    text = f'base_mode = "x"\ndiscord = "{SECRET}"\n[training]\nepochs = "many"\n[pool]\nwait_seconds = -1\n'
    (folder / "config.toml").write_text(text)
    wrong = config(folder, "check", MYNAH_DATADIR="/x")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    for part in ("Did you mean base_model?", "training.epochs", "pool.wait_seconds", "MYNAH_DATA_DIR?", "[discord]"):
        assert part in wrong.stderr
    assert SECRET not in wrong.stderr


def test_the_paths(folder: Path) -> None:
    places = {"file": f"{folder}/config.toml", "data_dir": f"{folder}/data"}
    assert json.loads(config(folder, "path", "--json").stdout) == places
    (folder / "config.toml").write_text("nonsense = 1\n")
    broken = config(folder, "path")
    assert (broken.returncode, f"{folder}/config.toml" in broken.stdout) == (1, True)
    (folder / "config.toml").unlink()
    assert "none: mynah init writes one" in config(folder, "path").stdout
