from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.doubles.terminal import CTRL_D, ENTER, Terminal


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
            terminal.wait_for("› ")
            terminal.type(CTRL_D)
        assert terminal.wait_for_end() == code
    finally:
        terminal.close()
