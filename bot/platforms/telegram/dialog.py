"""Commands that answer once."""

from __future__ import annotations

from dataclasses import dataclass

from bot.commands import COMMANDS
from bot.domain import Persona
from bot.platforms.pictures import share
from bot.platforms.telegram.desk import Asked, Desk
from bot.platforms.telegram.look_lists import card, shown
from bot.replies import Card, Reply
from bot.usecases.gate import utc_now
from trainer.protocol import Piece


@dataclass
class OneAnswer:
    """bot.commands.Dialog"""

    desk: Desk
    asked: Asked

    async def reply(self, reply: Reply) -> None:
        if isinstance(reply, Card):
            await show_card(self.desk, self.asked, reply.persona)
        else:
            await self.asked.answer.show(shown(self.asked.look, reply, self.asked.caller, utc_now()))

    async def stream(self, piece: Piece) -> None:
        """These commands say nothing."""

    async def confirm(self, question: str) -> bool:
        return True  # whoever is asked presses a button, which comes as a command of its own


async def show_card(desk: Desk, asked: Asked, persona: Persona) -> None:
    """Below the picture to share."""
    pictures = await share(desk.services.painter, persona)
    await asked.answer.show(card(asked.look, persona, asked.caller.private, pictures))


async def run_command(desk: Desk, asked: Asked, name: str, arguments: object) -> None:
    """Raises UserError or OperatorError."""
    await COMMANDS[name].run(desk.services, asked.caller, OneAnswer(desk, asked), arguments)
