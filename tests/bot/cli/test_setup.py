from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.doubles.discord import FakeDiscord
from tests.doubles.telegram import FakeTelegram
from tests.doubles.terminal import CTRL_C, ENTER, Terminal

COMMAND = [sys.executable, "-m", "bot"]
OFFLINE = {
    "MYNAH_DISCORD__API_BASE": "http://127.0.0.1:9",
    "MYNAH_TELEGRAM__API_BASE": "http://127.0.0.1:9/bot",
    "MYNAH_SOURCES__X__API_BASE": "http://127.0.0.1:9",
    "MYNAH_METRICS__PORT": "0",
}


def environment(**more: str) -> dict[str, str]:
    """Without the variables of whoever runs the tests."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("MYNAH_")}
    return known | {"PYTHONPATH": os.getcwd()} | OFFLINE | more


def mynah(folder: Path, *arguments: str, lines: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        input=lines,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


async def test_doctor_looks_at_everything_and_changes_nothing(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    async with FakeDiscord() as discord, FakeTelegram() as telegram:
        config.write_text(f'data_dir = "{tmp_path}/data"\n[discord]\ntoken = "{discord.token}"\n')
        config.chmod(0o644)
        own = {"MYNAH_DISCORD__API_BASE": discord.api_base, "MYNAH_TELEGRAM__API_BASE": telegram.api_base}
        wrong = {"MYNAH_TELEGRAM__TOKEN": "123456:wrong"}
        done = await asyncio.to_thread(mynah, tmp_path, "doctor", "--json", **own, **wrong)
        right = {"MYNAH_TELEGRAM__TOKEN": telegram.token}
        plain = await asyncio.to_thread(mynah, tmp_path, "doctor", **own, **right)
    report = json.loads(done.stdout)
    states = {check["name"]: check["state"] for check in report["checks"]}
    assert {name for name, state in states.items() if state != "ok"} == {"Settings", "Telegram"}
    assert (states["Settings"], states["Telegram"]) == ("warning", "error")  # others can read it; nobody knows it
    assert {"Python", "torch", "Base model", "Memory", "Disk", "Database", "Data folder", "Clock", "Bot"} <= set(states)
    assert (report["ok"], done.returncode) == (False, 1)
    assert report["next"].startswith("1 error")
    assert plain.returncode == 0
    assert f"chmod 600 {config}".replace(" ", "") in "".join(plain.stdout.split())
    assert plain.stdout.splitlines()[-1] == "1 warning, no error. Next: `mynah run` serves Discord and Telegram."
    assert "\x1b" not in plain.stdout
    for text in (done.stdout, done.stderr, plain.stdout, plain.stderr):
        assert discord.token not in text
        assert "123456:wrong" not in text
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


def test_doctor_goes_on_where_the_settings_are_wrong(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("nonsense = 1\n")
    done = mynah(tmp_path, "doctor", "--json")
    states = {check["name"]: check["state"] for check in json.loads(done.stdout)["checks"]}
    assert (states["Settings"], states["torch"], done.returncode) == ("error", "ok", 1)


async def test_init_asks_checks_and_writes(tmp_path: Path) -> None:
    async with FakeDiscord() as discord, FakeTelegram() as telegram:
        own = {"MYNAH_DISCORD__API_BASE": discord.api_base, "MYNAH_TELEGRAM__API_BASE": telegram.api_base}
        lines = f"{tmp_path}/data\nwrong.token\n{discord.token}\n{telegram.token}\n\n/no/such/base\n\n"
        done = await asyncio.to_thread(mynah, tmp_path, "init", lines=lines, **own)
    assert done.returncode == 0, done.stderr
    assert "Discord doesn't know this token" in done.stdout
    assert done.stdout.count("the bot is ") == 2
    assert "/no/such/base does not exist" in done.stdout
    assert "This machine: " in done.stdout
    assert "mynah discord invite" in done.stdout
    assert "serves Discord and Telegram" in done.stdout
    assert discord.token not in done.stdout
    file = tmp_path / "config.toml"
    read = tomllib.loads(file.read_text())
    assert (read["data_dir"], read["discord"]["token"]) == (f"{tmp_path}/data", discord.token)
    assert (read["telegram"]["token"], "token" in read["sources"]["x"]) == (telegram.token, False)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "# Use at most this many posts of an account" in file.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]  # not even the data folder


def test_init_again_keeps_what_there_was(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    before = '[training]\nseed = 9 # mine\n[discord]\ntoken = "old"\n[telegram]\ntoken = "1:old"\n'
    file.write_text(before)
    assert mynah(tmp_path, "init", lines="\n").stdout.endswith("Nothing was written.\n")
    assert file.read_text() == before
    done = mynah(tmp_path, "init", lines="y\n\n\n-\n\n\n")
    assert done.returncode == 0, done.stderr
    read = tomllib.loads(file.read_text())
    assert (read["training"]["seed"], read["discord"]["token"]) == (9, "old")
    assert "token" not in read["telegram"]
    assert (tmp_path / "config.toml.bak").read_text() == before
    assert stat.S_IMODE((tmp_path / "config.toml.bak").stat().st_mode) == 0o600


def test_init_without_questions(tmp_path: Path) -> None:
    tokens = {"MYNAH_DISCORD__TOKEN": "from.the.environment"}
    target = tmp_path / "etc" / "mynah.toml"
    arguments = ("init", "--yes", "--config", str(target), "--data-dir", str(tmp_path / "data"))
    done = mynah(tmp_path, *arguments, **tokens)
    assert done.returncode == 0, done.stderr
    read = tomllib.loads(target.read_text())
    assert (read["data_dir"], "token" in read["discord"]) == (f"{tmp_path}/data", False)
    assert f"mynah --config {target} run" in done.stdout
    assert mynah(tmp_path, *arguments, "--write-tokens", **tokens).returncode == 0
    assert tomllib.loads(target.read_text())["discord"]["token"] == "from.the.environment"
    assert json.loads(mynah(tmp_path, "--config", str(target), "config", "path", "--json").stdout) == {
        "file": str(target),
        "data_dir": f"{tmp_path}/data",
    }


@pytest.mark.parametrize("lines", ["", "\n", "\n\n\n"])
def test_init_with_nobody_to_answer_writes_nothing(tmp_path: Path, lines: str) -> None:
    done = mynah(tmp_path, "init", lines=lines)
    assert (done.returncode, "mynah init --yes" in done.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_init_does_not_replace_what_is_no_settings_file_unasked(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('title = "a web site"\n')
    done = mynah(tmp_path, "init", "--yes")
    assert (done.returncode, "name another file" in done.stderr) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]
    asked = mynah(tmp_path, "init", lines="y\n\n\n\n\n\n")
    assert asked.returncode == 0, asked.stderr
    assert "title" not in tomllib.loads((tmp_path / "config.toml").read_text())
    assert (tmp_path / "config.toml.bak").read_text() == 'title = "a web site"\n'


def test_on_a_terminal_tokens_are_not_shown_and_ctrl_c_writes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "config.toml"
    terminal = Terminal([*COMMAND, "--config", str(target), "init"], environment())
    try:
        terminal.wait_for("Data folder [")
        terminal.type(ENTER)
        terminal.wait_for("Discord bot token (Enter: none):")
        terminal.type(f"a-secret-token{ENTER}")
        terminal.wait_for("Telegram bot token (Enter: none):")
        assert "can't be reached" in terminal.text
        terminal.type(CTRL_C)
        assert terminal.wait_for_end() == 130
        assert "Nothing was written." in terminal.text
        assert "a-secret-token" not in terminal.text
    finally:
        terminal.close()
    assert list(tmp_path.iterdir()) == []
