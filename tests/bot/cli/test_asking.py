from __future__ import annotations

import os
import pty
import subprocess
import sys

ASK = "import typer; from bot.cli.asking import sure; typer.run(lambda: print(sure('Forget @pip?', False)))"


def test_ctrl_d_at_a_question_changes_nothing_and_says_so() -> None:
    ours, terminal = pty.openpty()
    try:
        os.write(ours, b"\x04")
        done = subprocess.run(
            [sys.executable, "-c", ASK], stdin=terminal, capture_output=True, text=True, timeout=60, check=False
        )
    finally:
        os.close(terminal)
        os.close(ours)
    assert done.returncode == 130
    assert "Forget @pip?" in done.stderr
    assert done.stderr.endswith("\nStopped. Nothing was changed.\n")
    assert "True" not in done.stdout
