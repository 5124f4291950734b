"""Commands that answer once."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from telegram.error import TelegramError

from bot.commands import COMMANDS
from bot.platforms.pictures import pictures_of
from bot.platforms.telegram.desk import Asked, Desk
from bot.platforms.telegram.look_lists import shown
from bot.platforms.telegram.message import Message
from bot.platforms.telegram.rich import Rich, plain
from bot.replies import Card, Reply
from bot.usecases.gate import utc_now
from trainer.protocol import Piece

logger = logging.getLogger(__name__)


@dataclass
class OneAnswer:
    """bot.commands.Dialog"""

    desk: Desk
    asked: Asked

    async def reply(self, reply: Reply) -> None:
        answer = self.asked.answer
        await answer.show(shown(self.asked.look, reply, self.asked.caller, utc_now()))
        if isinstance(reply, Card) and (pictures := pictures_of(self.desk.services.folders, reply.persona)):
            try:
                await self.desk.outbox.send(
                    answer.place, Message(Rich(plain(f"@{reply.persona.name}")), pictures=pictures)
                )
            except TelegramError as error:  # the card is there
                logger.info("a persona's pictures could not be sent: %s", error)

    async def stream(self, piece: Piece) -> None:
        """These commands say nothing."""

    async def confirm(self, question: str) -> bool:
        return True  # whoever is asked presses a button, which comes as a command of its own


async def run_command(desk: Desk, asked: Asked, name: str, arguments: object) -> None:
    """Raises UserError or OperatorError."""
    await COMMANDS[name].run(desk.services, asked.caller, OneAnswer(desk, asked), arguments)
