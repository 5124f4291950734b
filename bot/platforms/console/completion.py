"""Tab completion: commands, personas, sample accounts, file paths after --from."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document

from bot.commands import COMMANDS
from bot.sources.samples import sample_handles
from bot.usecases.services import Services

TAKES_HANDLE = ("train", "say", "card", "forget")


@dataclass
class CommandCompleter(Completer):
    services: Services

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """prompt_toolkit asks for the asynchronous ones; this is only here because its base class wants it."""
        return ()

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        text = document.text_before_cursor
        before, _, word = text.rpartition(" ")
        command = text.partition(" ")[0].removeprefix("/")
        if text.startswith("/") and " " not in text:
            for name in [*COMMANDS, "quit"]:
                if f"/{name}".startswith(text):
                    yield Completion(f"/{name} ", start_position=-len(text))
        elif command == "train" and before.split()[-1:] == ["--from"]:
            for completion in PathCompleter(expanduser=True).get_completions(Document(word), complete_event):
                yield completion
        elif command in TAKES_HANDLE and word.startswith("@"):
            for handle in await self._handles(command):
                if handle.startswith(word[1:].lower()):
                    yield Completion(f"@{handle} ", start_position=-len(word))

    async def _handles(self, command: str) -> list[str]:
        personas = set(await self.services.store.names())
        return sorted(personas | set(sample_handles()) if command == "train" else personas)
