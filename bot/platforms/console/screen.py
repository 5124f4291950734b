"""Where console text goes. A screen prints lines for good, and shows live lines that change until they are dropped."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TextIO

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import Completer
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import History
from prompt_toolkit.patch_stdout import patch_stdout

PROMPT = "› "


class Screen(Protocol):
    def print(self, text: str) -> None: ...

    def live(self, key: str, text: str | None) -> None:
        """Show `text` as the live line `key`, in place of the last one; None drops the line."""


@dataclass
class PlainScreen:
    """A pipe or a file: live lines are not shown."""

    out: TextIO = field(default_factory=lambda: sys.stdout)

    def print(self, text: str) -> None:
        print(text, file=self.out, flush=True)

    def live(self, key: str, text: str | None) -> None:
        return


@dataclass
class LineScreen:
    """A terminal without a prompt: one live line at the bottom, rewritten in place."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    _shown: bool = False

    def print(self, text: str) -> None:
        self._clear()
        print(text, file=self.out, flush=True)

    def live(self, key: str, text: str | None) -> None:
        self._clear()
        if text:
            width = shutil.get_terminal_size().columns - 1
            # The end of a text that grows is what is new; the beginning of a progress line is what matters.
            self.out.write(text[-width:] if key.startswith("say") else text[:width])
            self._shown = True
        self.out.flush()

    def _clear(self) -> None:
        if self._shown:
            self.out.write("\r\x1b[K")
            self._shown = False


@dataclass
class PromptScreen:
    """A terminal with a prompt: live lines stand above it, finished ones scroll away above them."""

    history: History
    completer: Completer
    _live: dict[str, str] = field(default_factory=dict)
    _session: PromptSession[str] | None = None

    def print(self, text: str) -> None:
        print(text, flush=True)

    def live(self, key: str, text: str | None) -> None:
        if text is None:
            self._live.pop(key, None)
        else:
            self._live[key] = text
        if self._session is not None:
            self._session.app.invalidate()

    async def read_lines(self, on_line: Callable[[str], bool], on_interrupt: Callable[[], None]) -> None:
        """Until Ctrl-D or until `on_line` returns False. Ctrl-C empties the line and calls `on_interrupt`."""
        self._session = PromptSession(
            history=self.history,
            completer=self.completer,
            complete_while_typing=False,
            erase_when_done=True,  # or each line would leave copies of the live lines behind
        )
        with patch_stdout(raw=True):
            while True:
                try:
                    line = await self._session.prompt_async(self._message)
                except KeyboardInterrupt:
                    on_interrupt()
                    continue
                except EOFError:
                    return
                self.print(f"{PROMPT}{line}")
                if not on_line(line):
                    return
                await asyncio.sleep(0)  # let the command start before the prompt comes back

    def _message(self) -> FormattedText:
        lines = [("class:live fg:ansicyan", f"{text}\n") for text in self._live.values()]
        return FormattedText([*lines, ("bold", PROMPT)])
