from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli.run import reader
from bot.errors import SettingsError
from tests.doubles.terminal import CTRL_D, ENTER, Terminal


def test_a_reload_in_the_first_moments_ends_nothing() -> None:
    program = """
import os, signal, sys
from bot.cli import run

def settings_of(ctx):
    os.kill(os.getpid(), signal.SIGHUP)
    sys.exit(7)

run.settings_of = settings_of
run.serve(None)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 7


def test_a_settings_file_that_is_gone_is_no_reason_to_read_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    without = reader(None, tmp_path)
    file = tmp_path / "config.toml"
    file.write_text("[limits]\nupload_megabytes = 7\n")
    read = reader(None, tmp_path)
    assert without().limits.upload_megabytes == read().limits.upload_megabytes == 7
    file.unlink()
    with pytest.raises(SettingsError, match="does not exist"):
        read()


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1)])
def test_without_a_messenger_a_person_is_offered_the_console(tmp_path: Path, answer: str, code: int) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MYNAH_")}
    command = [sys.executable, "-m", "bot", "--data-dir", str(tmp_path / "data"), "run"]
    terminal = Terminal(command, environment)
    try:
        terminal.wait_for("Chat in this terminal instead")
        assert "For Discord, set MYNAH_DISCORD__TOKEN" in terminal.text
        terminal.type(answer + ENTER)
        if answer == "y":
            terminal.wait_for("Start with /train @pip_the_lighthouse")
            terminal.wait_for("›")
            terminal.type(CTRL_D)
        assert terminal.wait_for_end() == code
    finally:
        terminal.close()
