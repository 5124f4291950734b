"""The operator at a terminal: setting up, looking after, stopping, killing, and restoring a bot.

    python -m benchmarks.operations_transcript > docs/operations/transcript.md

The real program with its workers and the bundled base model, in a terminal of 80 columns; Telegram is a small server on
this machine. Paths and the program's own name are shortened.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.shell import block
from tests.doubles.telegram import FakeTelegram
from tests.doubles.terminal import ENTER, Terminal

COLUMNS = 80
WAIT = 300.0
MOMENTS = (" train ", "held out")  # of a training: worth a look
HEAD = """# A session with the admin CLI

Printed by `python -m benchmarks.operations_transcript`: the real program, its workers and the bundled base model, in a
terminal of 80 columns. Telegram is a small server on the same machine, which speaks its protocol to the real client.
"""
Answers = Sequence[tuple[str, str]]  # what is typed where this is asked


@dataclass(frozen=True)
class Place:
    """A folder to work in, with its settings as environment variables."""

    folder: Path
    settings: Mapping[str, str]

    @property
    def environment(self) -> dict[str, str]:
        known = {key: value for key, value in os.environ.items() if not key.startswith("MYNAH_")}
        return known | {"PYTHONPATH": os.getcwd(), "HF_HUB_OFFLINE": "1", "NO_COLOR": "1", **self.settings}

    def shown(self, text: str) -> str:
        return text.replace(str(self.folder), "~").replace(f"{sys.executable} -m bot", "mynah").rstrip()


async def type_in(place: Place, command: str, answers: Answers = (), note: str = "") -> None:
    """A command in a terminal, and what is on the display at its end."""
    text = await asyncio.to_thread(_type_in, place, command, answers)
    block(place.shown(f"$ mynah {command}\n{text}"), note)


def _type_in(place: Place, command: str, answers: Answers) -> str:
    terminal = _terminal(place, command)
    try:
        for question, answer in answers:
            terminal.wait_for(question)
            terminal.type(answer + ENTER)
        code = terminal.wait_for_end()
        return terminal.text + (f"\n[exit code {code}]" if code else "")
    finally:
        terminal.close()


def _terminal(place: Place, command: str) -> Terminal:
    words = [sys.executable, "-m", "bot", *shlex.split(command)]
    return Terminal(["env", "-C", str(place.folder), *words], place.environment, COLUMNS, WAIT)


async def watch(place: Place, command: str, note: str, moments: Sequence[str] = MOMENTS) -> None:
    """A command whose last line changes: as it stands in some moments, and at the end."""
    frames = await asyncio.to_thread(_watch, place, command, moments)
    block(place.shown("\n\n".join([f"$ mynah {command}", *frames])), note)


def _watch(place: Place, command: str, moments: Sequence[str]) -> list[str]:
    terminal, frames = _terminal(place, command), []
    try:
        for moment in moments:
            terminal.wait_for(lambda text, moment=moment: moment in text.splitlines()[-1] if text else False)  # type: ignore[misc]
            frames.append(f"{terminal.text.splitlines()[-1]}\n        …")
        terminal.wait_for_end()
        return [*frames, terminal.text]
    finally:
        terminal.close()


@contextmanager
def running(place: Place) -> Iterator[subprocess.Popen[bytes]]:
    with (place.folder / "run.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "run"], env=place.environment, stderr=log, cwd=place.folder
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def until(holds: Callable[[], object], what: str) -> None:
    end = time.monotonic() + WAIT
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(what)
        await asyncio.sleep(0.05)


def log_of(place: Place) -> str:
    path = place.folder / "run.log"
    return path.read_text(encoding="utf-8") if path.exists() else ""


async def told(place: Place, since: int, words: str) -> None:
    """What the bot has logged since then, up to these words."""
    await until(lambda: words in log_of(place)[since:], f"{words} in the log")
    lines = log_of(place)[since:].strip().splitlines()
    kept = [line for line in lines if not re.search("bot.said|connected to|inline mode|told Telegram", line)]
    block(place.shown("\n".join(kept)))


async def set_up(place: Place, fake: FakeTelegram) -> None:
    answers = [
        ("Data folder [", str(place.folder / "data")),
        ("Discord bot token (", ""),
        ("Telegram bot token (", "123456:not-the-right-one"),
        ("doesn't know this token", fake.token),
        ("X bearer token (", ""),
        ("Base model [", ""),
    ]
    note = "Setting up. Tokens aren't shown while they are typed; each is tried at its platform, the first one wrongly."
    await type_in(place, "init", answers, note)
    await type_in(place, "doctor", note="Is everything there?")


async def look_after(place: Place) -> None:
    await type_in(place, "health --ready", note="`mynah run` is running now, in another terminal.")
    await type_in(place, "train @pip_the_lighthouse --detach", note="A training for its queue,")
    await watch(place, "jobs watch", "and how far it is: the last line changes.")
    await type_in(place, "models", note="Who is there,")
    await type_in(place, "say @pip_the_lighthouse 'My dream is'", note="what it says: the bot that runs says it.")
    await type_in(place, "jobs")
    await type_in(place, "models rename @pip_the_lighthouse lamp")
    await type_in(place, "models default @lamp")
    await type_in(place, "users block telegram:123456789")
    await type_in(place, "models verify")
    await type_in(place, "logs --lines 8", note="Ids of requests and jobs are the same in all processes.")


async def stop_and_go(place: Place) -> None:
    print("A change of settings while it runs (`kill -HUP`), and what it logs:\n")
    config = place.folder / "config.toml"
    with running(place) as process:
        await ready(place)
        since = len(log_of(place))
        change(config, "cooldown_seconds = 2", "cooldown_seconds = 5")
        change(config, 'format = "console"', 'format = "json"')
        process.send_signal(signal.SIGHUP)
        await told(place, since, "logs.format")
        await begin(place, "train @ladle_in_orbit --detach")
        print("SIGTERM in the middle of a training:\n")
        since, start = len(log_of(place)), time.monotonic()
        process.terminate()
        code = await asyncio.to_thread(process.wait)
        await told(place, since, "")
        print(f"Exit code {code}, after {time.monotonic() - start:.1f} s.\n")
    change(config, 'format = "json"', 'format = "console"')
    train_log = place.folder / "data" / "logs" / "train.log"
    since = len(train_log.read_text(encoding="utf-8"))
    with running(place) as process:
        goes_on = "going on from a checkpoint"
        await until(lambda: goes_on in train_log.read_text(encoding="utf-8")[since:], goes_on)
        await type_in(
            place, "logs --part train --lines 3", note="The next start goes on with it. That one gets kill -9."
        )
        await kill_all(process)
    await type_in(place, "jobs", note="Nobody runs now.")
    with running(place):
        await ready(place)
        await watch(place, "jobs watch", "The start after that has it again, and goes on.", moments=())


async def ready(place: Place) -> None:
    words = command(place, "health --ready")
    end = time.monotonic() + WAIT
    while (await asyncio.to_thread(subprocess.run, words, env=place.environment, capture_output=True)).returncode:
        if time.monotonic() > end:
            raise TimeoutError("the bot doesn't get ready")


async def begin(place: Place, words: str) -> None:
    """A training, until it has learnt for long enough to have something to lose."""
    await asyncio.to_thread(
        subprocess.run, command(place, words), env=place.environment, capture_output=True, check=True
    )
    await asyncio.sleep(20)


def command(place: Place, words: str) -> list[str]:
    return ["env", "-C", str(place.folder), sys.executable, "-m", "bot", *shlex.split(words)]


async def kill_all(process: subprocess.Popen[bytes]) -> None:
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for one in family:
        one.kill()
    await asyncio.to_thread(process.wait)


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    if old not in text:
        raise ValueError(f"{old} is not in {path}")
    path.write_text(text.replace(old, new), encoding="utf-8")


async def copy_and_restore(place: Place) -> None:
    await type_in(place, "db backup backup.tar", note="A copy while the bot runs,")
    other = Place(place.folder, {**place.settings, "MYNAH_DATA_DIR": str(place.folder / "another")})
    await type_in(
        other, "db restore backup.tar", note="and what becomes of it on another machine, or here in another folder."
    )
    await type_in(other, "models verify")
    await type_in(other, "say @lamp 'My dream is'")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


async def main() -> None:
    print(HEAD)
    with tempfile.TemporaryDirectory() as name:
        async with FakeTelegram() as fake:
            settings = {
                "MYNAH_TELEGRAM__API_BASE": fake.api_base,
                "MYNAH_TELEGRAM__FILE_BASE": fake.file_base,
                "MYNAH_METRICS__PORT": str(free_port()),
            }
            place = Place(Path(name), settings)
            await set_up(place, fake)
            with running(place):
                await ready(place)
                await look_after(place)
                await copy_and_restore(place)
            await stop_and_go(place)


if __name__ == "__main__":
    asyncio.run(main())
