"""A persona's answer on a messenger: it grows while it comes, then it is there as a whole."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from bot.arguments import SayArguments
from bot.commands import COMMANDS
from bot.domain import Caller, Utterance, parse_persona
from bot.platforms.paced import Paced
from bot.policy import check_prompt
from bot.replies import Reply
from bot.usecases.say import find_persona
from bot.usecases.services import Services
from trainer.protocol import Piece

M = TypeVar("M")


@dataclass
class Speech(Generic[M]):
    """bot.commands.Dialog for utterances: pieces go to `grow` as they come; `finish` shows the whole one."""

    grow: Paced[M] | None  # none: only the whole one is shown
    growing: Callable[[list[str]], M]  # the texts after the prompt
    finish: Callable[[Utterance], Awaitable[None]]
    _texts: dict[int, str] = field(default_factory=dict)

    async def reply(self, reply: Reply) -> None:
        await self.close()
        if isinstance(reply, Utterance):
            await self.finish(reply)

    async def stream(self, piece: Piece) -> None:
        before = "" if piece.again else self._texts.get(piece.sample, "")
        self._texts[piece.sample] = before + piece.text
        if self.grow is not None and any(text.strip() for text in self._texts.values()):
            self.grow.put(self.growing([self._texts[sample] for sample in sorted(self._texts)]))

    async def confirm(self, question: str) -> bool:
        return True

    async def close(self) -> None:
        if self.grow is not None:
            await self.grow.close()


def addressed(prompt: str) -> SayArguments:
    """`@pip My dream is` is for pip. Raises BadInput."""
    name, _, rest = prompt.lstrip().partition(" ")
    if name.startswith("@") and len(name) > 1:
        return SayArguments(rest, parse_persona(name.removesuffix(":")))
    return SayArguments(prompt)


async def talk(
    services: Services, caller: Caller, wanted: SayArguments, speech_of: Callable[[str, str], Speech[M]]
) -> None:
    """`speech_of` gets the persona's name and the prompt. Raises UserError or OperatorError."""
    prompt = check_prompt(wanted.prompt, services.settings.generation.max_prompt_characters)
    persona = await find_persona(services, caller, wanted.persona)
    speech = speech_of(persona.name, prompt)
    try:
        await COMMANDS["say"].run(services, caller, speech, SayArguments(prompt, persona.name, wanted.n))
    finally:
        await speech.close()
