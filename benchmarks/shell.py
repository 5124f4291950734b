"""`mynah` commands run for a transcript, and printed as a terminal shows them."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence


async def show(
    settings: Mapping[str, str], command: str, note: str = "", folder: str | None = None, lines: str = ""
) -> None:
    """A note, the command, and what it says. `settings` are environment variables."""
    said = await run([sys.executable, "-m", "bot", *shlex.split(command)], settings, folder, lines)
    block(f"$ mynah {command}\n{said}", note)


def block(text: str, note: str = "") -> None:
    print(f"{note}\n\n" if note else "", end="")
    print(f"```console\n{text}\n```\n", flush=True)


async def run(command: Sequence[str], settings: Mapping[str, str], folder: str | None = None, lines: str = "") -> str:
    """What it prints; servers on this machine go on meanwhile."""
    done = await asyncio.to_thread(
        subprocess.run,
        command,
        input=lines,
        env=os.environ | {"PYTHONPATH": os.getcwd(), "HF_HUB_OFFLINE": "1", **settings},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout.strip()
