"""A conversation with the real bot process and its workers, as people see it: train, say, Again, restart, Again.

python -m benchmarks.telegram_transcript > docs/telegram/transcript.md
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from benchmarks.telegram_load import PIP, WAIT, bot
from tests.doubles.telegram import Chat, FakeTelegram, Message, User


class Transcript:
    """Prints what everybody in a chat sees, in order; a message that is edited is printed as it is in the end."""

    def __init__(self, fake: FakeTelegram, chat: Chat) -> None:
        self.fake, self.chat = fake, chat

    async def write(self, user: User, text: str) -> Message:
        print(f"**{user.username}**: `{text}`\n")
        before = len(self.chat.sent)
        await self.fake.write(user, self.chat, text)
        return await self.answer(before)

    async def press(self, user: User, message: Message, label: str) -> Message:
        print(f"**{user.username}** pressed *{label}*\n")
        before = len(self.chat.sent)
        await self.fake.press(user, message, label)
        return await self.answer(before)

    async def answer(self, before: int) -> Message:
        await self.chat.until(lambda chat: len(chat.sent) > before and " ▌" not in chat.sent[-1].plain, WAIT)
        self.show(self.chat.sent[-1])
        return self.chat.sent[-1]

    def show(self, message: Message) -> None:
        note = f" ({len(message.edits)} edits)" if message.edits else ""
        picture = "*a picture*\n" * bool(message.photo)
        text = picture + message.html.replace("\u2060", "").replace("\n", "<br>\n")
        print(f"**mynah**{note}\n")
        print("\n".join(f"> {line}" for line in text.splitlines()), end="\n\n")
        for row in message.rows:
            print("> " + " ".join(f"`{button.text}`" for button in row), end="\n\n")

    async def until(self, text: str) -> Message:
        def found() -> list[Message]:
            return [one for one in self.chat.sent if text in one.plain]

        await self.chat.until(lambda _: found(), WAIT)
        return found()[-1]


async def talk(fake: FakeTelegram, folder: Path) -> None:
    ann, ben = fake.add_user("ann"), fake.add_user("ben")
    group = fake.add_group("Harbour", members=[ann, ben], admins=[ann])
    transcript = Transcript(fake, group)
    async with bot(fake, folder):
        transcript.show(await transcript.until("I finish your sentences"))
        print(f"**ann**: `/train @{PIP}`\n")
        await fake.write(ann, group, f"/train @{PIP}")
        await transcript.until("🔎")
        transcript.show(await transcript.until("Posts downloaded"))
        transcript.show(await transcript.until("is ready. Try"))
        said = await transcript.write(ben, "/say My dream is")
        await transcript.press(ann, said, "Again")
        await transcript.press(ann, said, "More")
        await transcript.write(ben, "/say The harbour at night --n 3")
        await inline(fake, ben)
    print("*The bot is stopped and started again.*\n")
    async with bot(fake, folder):
        await transcript.press(ben, said, "Again")
        await transcript.write(ben, "/jobs")
        await transcript.write(ann, "/settings")


async def inline(fake: FakeTelegram, user: User) -> None:
    query = f"{PIP}: Nobody tells you"
    print(f"**{user.username}** types `@{fake.username} {query}` in another chat, and chooses from\n")
    asked = await (await fake.inline(user, query)).until(WAIT)
    for result in asked.results:
        print(f"- {result['title']}{result.get('description', '')}".replace("\n", " "))
    print()


async def main() -> None:
    print("# A conversation on Telegram\n\nPrinted by `python -m benchmarks.telegram_transcript`.\n")
    with tempfile.TemporaryDirectory() as folder:
        async with FakeTelegram() as fake:
            await talk(fake, Path(folder))
            assert fake.refusals == []


if __name__ == "__main__":
    asyncio.run(main())
