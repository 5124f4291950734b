from __future__ import annotations

import codecs
import os
import pty
import re
import select
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

ROWS, COLUMNS = 40, 160
PATIENCE = 60.0  # seconds until a test gives up
CTRL_C, CTRL_D, TAB, ENTER = "\x03", "\x04", "\t", "\r"

_SEQUENCE = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|\x1b\].*?(?:\x07|\x1b\\)|\x1b[=>78]", re.DOTALL)


@dataclass
class Display:
    """What a person sees: text and cursor, without colours. Knows the sequences that our console writes; every
    character is one cell wide. `answer` takes what a terminal says to the program."""

    answer: Callable[[str], None]
    columns: int = COLUMNS
    lines: list[list[str]] = field(default_factory=lambda: [[]])
    row: int = 0
    column: int = 0
    _top: int = 0
    _rest: str = ""

    @property
    def text(self) -> str:
        """Everything so far, what has scrolled away included, up to the last line that isn't empty."""
        return "\n".join("".join(line).rstrip() for line in self.lines).rstrip("\n")

    def feed(self, text: str) -> None:
        self._rest += text
        while self._rest:
            if match := _SEQUENCE.match(self._rest):
                self._rest = self._rest[match.end() :]
                self._control(match[1] or "", match[2] or "")
            elif self._rest[0] == "\x1b" and len(self._rest) < 100:
                return  # the rest of it is still to come
            else:
                self._put(self._rest[0])
                self._rest = self._rest[1:]

    def _put(self, character: str) -> None:
        match character:
            case "\r":
                self.column = 0
            case "\n":
                self._move(self.row + 1)
            case "\b":
                self.column = max(0, self.column - 1)
            case "\a":
                pass
            case _:
                if self.column == self.columns:
                    self._move(self.row + 1)
                    self.column = 0
                line = self.lines[self.row]
                line.extend(" " * (self.column + 1 - len(line)))
                line[self.column] = character
                self.column += 1

    def _control(self, arguments: str, command: str) -> None:
        number = int(arguments) if arguments.isdigit() else 1
        match command:
            case "A":
                self.row = max(self._top, self.row - number)
            case "B":
                self._move(self.row + number)
            case "C":
                self.column = min(self.columns - 1, self.column + number)
            case "D":
                self.column = max(0, self.column - number)
            case "K":
                del self.lines[self.row][self.column :]
            case "J":
                del self.lines[self.row][self.column :]
                del self.lines[self.row + 1 :]
            case "n":
                self.answer(f"\x1b[{self.row - self._top + 1};{self.column + 1}R")

    def _move(self, row: int) -> None:
        self.row = row
        self.lines.extend([] for _ in range(row + 1 - len(self.lines)))
        self._top = max(self._top, row - ROWS + 1)


class Terminal:
    """A program in a pseudo-terminal of its own, and a person who types."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], columns: int = COLUMNS, patience: float = PATIENCE
    ) -> None:
        self.patience = patience
        self._master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (ROWS, columns))
        self.process = subprocess.Popen(
            command, env={**environment, "TERM": "xterm"}, preexec_fn=lambda: os.login_tty(slave), close_fds=True
        )
        os.close(slave)
        self.display = Display(self.type, columns)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    @property
    def text(self) -> str:
        return self.display.text

    def wait_for(self, what: str | Callable[[str], bool]) -> str:
        """Until the text on the display has `what` in it, or fulfils it; returns the text."""
        is_there = what if callable(what) else lambda text: what in text
        end = time.monotonic() + self.patience
        while not is_there(self.text):
            assert time.monotonic() < end, f"{what} never came:\n{self.text}"
            assert self._read(), f"it ended before {what} came:\n{self.text}"
        return self.text

    def wait_for_end(self) -> int:
        """The exit code, when the program has ended and everything is on the display."""
        end = time.monotonic() + self.patience
        while self._read():
            assert time.monotonic() < end, f"it doesn't end:\n{self.text}"
        return self.process.wait(self.patience)

    def _read(self) -> bool:
        """Take what the program has written; False at its end."""
        if select.select([self._master], [], [], 0.1)[0]:
            try:
                data = os.read(self._master, 65_536)
            except OSError:  # how a pseudo-terminal ends on Linux
                return False
            self.display.feed(self._decoder.decode(data))
            return bool(data)
        return True

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)
