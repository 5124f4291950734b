"""Commands that answer once, for the person alone."""

from __future__ import annotations

from dataclasses import dataclass

from bot.commands import Command
from bot.platforms.discord.answer import Answer
from bot.platforms.discord.desk import Desk
from bot.platforms.discord.look import Look
from bot.platforms.discord.look_lists import card, shown
from bot.platforms.discord.people import Asked, caller_of
from bot.platforms.pictures import pictures_of
from bot.replies import Card, Reply
from bot.usecases.gate import utc_now
from trainer.protocol import Piece


@dataclass
class OneAnswer:
    """bot.commands.Dialog"""

    desk: Desk
    answer: Answer
    look: Look

    async def reply(self, reply: Reply) -> None:
        if isinstance(reply, Card):
            message = card(self.look, reply.persona, pictures_of(self.desk.services.folders, reply.persona))
        else:
            message = shown(self.look, reply, caller_of(self.answer.asked), utc_now())
        await self.answer.show(message)

    async def stream(self, piece: Piece) -> None:
        """These commands say nothing."""

    async def confirm(self, question: str) -> bool:
        return True  # whoever is asked presses a button, which comes as a command of its own


async def run_command(
    desk: Desk,
    asked: Asked,
    command: Command[object],
    arguments: object,
    private: bool = True,
    in_place: bool = False,
) -> None:
    async def work(answer: Answer) -> None:
        dialog = OneAnswer(desk, answer, desk.look(asked.locale.value))
        await command.run(desk.services, caller_of(asked), dialog, arguments)

    await desk.answer(asked, work, private, in_place)
