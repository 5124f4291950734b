from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import pytest
from pydantic import SecretStr

from bot.cli.output import show_json, show_table
from bot.domain import Utterance

TABLE = """from bot.cli.output import show_table
show_table(("name", "posts", "about"), [("a" * 70, "1,200", "spoke [bold]yesterday[/]"), ("ω", "–", "never")])"""


def test_a_table_fits_80_columns_and_cuts_the_elastic_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    show_table(("name", "posts", "about"), [("a" * 100, "1,200", "[bold]yesterday[/]"), ("ω", "–", "never")])
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert "…" in lines[2]
    assert "  1,200  [bold]yesterday[/]" in lines[2]
    assert lines[3].index("–") == lines[2].index("1,200") + 4


def test_a_pipe_gets_everything(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    show_table(("name", "posts"), [("a" * 100, "1,200")])
    assert f"{'a' * 100}  1,200" in capsys.readouterr().out


def test_nothing_is_coloured_on_a_pipe_and_headings_are_on_a_terminal() -> None:
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | {"TERM": "xterm"}
    piped = subprocess.run(
        [sys.executable, "-c", TABLE], env=environment, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    assert "\x1b" not in piped
    terminal, end = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", TABLE], env=environment, stdout=end) as process:
        os.close(end)
        seen = os.read(terminal, 100_000)
    os.close(terminal)
    assert process.returncode == 0
    assert b"\x1b[1m" in seen


def test_json_is_of_values_and_never_of_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    show_json({"said": Utterance("pip", ("é",)), "token": SecretStr("very")})
    assert json.loads(capsys.readouterr().out) == {
        "said": {"persona": "pip", "samples": ["é"], "cut": False, "quotes": 0},
        "token": "**********",
    }
