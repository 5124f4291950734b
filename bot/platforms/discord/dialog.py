"""Commands that answer once, for the person alone."""

from __future__ import annotations

from dataclasses import dataclass

from bot.commands import Command
from bot.domain import Persona
from bot.platforms.discord.answer import Answer
from bot.platforms.discord.desk import Desk
from bot.platforms.discord.look import Look
from bot.platforms.discord.look_lists import card, shown
from bot.platforms.discord.people import Asked, caller_of
from bot.platforms.pictures import share
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
            await show_card(self.desk, self.answer, reply.persona)
        else:
            await self.answer.show(shown(self.look, reply, caller_of(self.answer.asked), utc_now()))

    async def stream(self, piece: Piece) -> None:
        """These commands say nothing."""

    async def confirm(self, question: str) -> bool:
        return True  # whoever is asked presses a button, which comes as a command of its own


async def show_card(desk: Desk, answer: Answer, persona: Persona) -> None:
    """With the picture to share, where files may be sent."""
    asked = answer.asked
    pictures = await share(desk.services.painter, persona) if asked.app_permissions.attach_files else ()
    await answer.show(card(desk.look(asked.locale.value), persona, pictures))


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
