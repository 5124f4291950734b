"""A conversation with the real bot process and its workers, as people see it: train, say, Again, restart, Again.

python -m benchmarks.discord_transcript > docs/discord/transcript.md
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.discord_load import PIP, WAIT, bot
from tests.doubles.discord import Asked, Channel, FakeDiscord, Message, User


class Transcript:
    """Prints what everybody sees, in order; a message that is edited is printed as it is in the end."""

    def __init__(self, fake: FakeDiscord, channel: Channel) -> None:
        self.fake, self.channel, self.seen = fake, channel, 0

    async def command(self, user: User, command: str, **options: str) -> Message:
        shown = " ".join(f"{name}: {value}" for name, value in options.items())
        print(f"**{user.name}** used `/{command}` {shown}\n")
        return await self.answer(await self.fake.slash(user, self.channel, command, **options))

    async def press(self, user: User, message: Message, label: str) -> Message:
        print(f"**{user.name}** pressed *{label}*\n")
        return await self.answer(await self.fake.click(user, message, label))

    async def answer(self, asked: Asked) -> Message:
        await asked.until(lambda asked: asked.message is not None and "▌" not in asked.message.text, WAIT)
        assert asked.message is not None
        self.show(asked.message, "only they see it" if asked.ephemeral else "")
        return asked.message

    def show(self, message: Message, note: str = "") -> None:
        note = note or (f"{len(message.edits)} edits" if message.edits else "")
        print(f"**mynah** {f'({note})' if note else ''}".rstrip(), end="\n\n")
        print("\n".join(f"> {line}" for line in self.read(message.text).splitlines()), end="\n\n")
        if labels := [button.label or "" for button in message.buttons]:
            print("> " + " ".join(f"`{label}`" for label in labels), end="\n\n")

    def read(self, text: str) -> str:
        """Names for ids, days for timestamps."""
        text = re.sub(r"<@(\d+)>", lambda found: f"@{self.fake.users[int(found[1])].name}", text)
        text = re.sub(r"<t:(\d+):D>", lambda found: f"{datetime.fromtimestamp(int(found[1]), UTC):%B %d, %Y}", text)
        return re.sub(r"</(\w+):\d+>", r"`/\1`", text)

    async def until(self, text: str) -> Message:
        await self.channel.until(lambda messages: any(text in one.text for one in messages), WAIT)
        return next(one for one in reversed(self.channel.messages) if text in one.text)


async def talk(fake: FakeDiscord, folder: Path) -> None:
    guild = fake.add_guild("Harbour")
    channel, ann, ben = guild.add_channel("general"), guild.add_member("ann", admin=True), guild.add_member("ben")
    transcript = Transcript(fake, channel)
    async with bot(fake, folder):
        await transcript.command(ann, "train", handle=f"@{PIP}")
        transcript.show(await transcript.until("🔎"))
        transcript.show(await transcript.until("is ready. Try"))
        said = await transcript.command(ben, "say", prompt="My dream is")
        await transcript.press(ann, said, "Again")
    print("*The bot is stopped and started again.*\n")
    async with bot(fake, folder):
        await transcript.press(ben, said, "Again")
        await transcript.press(ben, said, "More")


async def main() -> None:
    print("# A conversation\n\nPrinted by `python -m benchmarks.discord_transcript`.\n")
    with tempfile.TemporaryDirectory() as folder:
        async with FakeDiscord() as fake:
            await talk(fake, Path(folder))


if __name__ == "__main__":
    asyncio.run(main())
