from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot import render
from bot.replies import Reply
from trainer.protocol import Piece


@dataclass
class RecordingDialog:
    """bot.commands.Dialog that keeps everything, and confirms with the next of `answers`."""

    answers: list[bool] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)

    async def reply(self, reply: Reply) -> None:
        self.replies.append(reply)

    async def stream(self, piece: Piece) -> None:
        self.pieces.append(piece)

    async def confirm(self, question: str) -> bool:
        self.questions.append(question)
        return self.answers.pop(0)

    @property
    def texts(self) -> list[str]:
        return [render.plain(reply, datetime.now(UTC)) for reply in self.replies]
