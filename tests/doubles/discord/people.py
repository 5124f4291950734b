"""Acting as a person: commands, components, modals and messages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from tests.doubles.discord.asked import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL, PATIENCE, Asked
from tests.doubles.discord.channels import Channel
from tests.doubles.discord.checks.components import BUTTON, STRING_SELECT
from tests.doubles.discord.commands import Commands
from tests.doubles.discord.forms import Entry, fill_form
from tests.doubles.discord.messages import Message, walk
from tests.doubles.discord.options import Resolved, Value
from tests.doubles.discord.uploads import Upload
from tests.doubles.discord.users import Role, User

Json = dict[str, Any]


class People(Commands):
    async def slash(
        self, user: User, channel: Channel, command: str, /, *, installed: str = "guild", **options: Value
    ) -> Asked:
        """Uses a slash command; a subcommand's name follows its group's after a space."""
        data, _ = self._chat(user, channel, command, installed, options)
        return self._ask(COMMAND, user, channel, data, installed)

    async def autocomplete(
        self,
        user: User,
        channel: Channel,
        command: str,
        option: str,
        typed: Value,
        /,
        *,
        installed: str = "guild",
        timeout: float = 5,
        **others: Value,
    ) -> list[Json]:
        """The choices that are shown while `option` is typed."""
        data, schema = self._chat(user, channel, command, installed, others, complete=False)
        focused = next((each for each in schema if each["name"] == option), None)
        assert focused is not None, f"No option {option}: {schema}"
        assert focused.get("autocomplete"), f"{option} isn't completed: {schema}"
        place = data["options"]
        while place and place[0].get("type") in (1, 2):
            place = place[0]["options"]
        place.append({"name": option, "type": focused["type"], "value": typed, "focused": True})
        asked = self._ask(AUTOCOMPLETE, user, channel, data, installed)
        await asked.acknowledged(timeout)
        return asked.choices or []

    async def context(
        self,
        user: User,
        target: Message | User,
        command: str,
        /,
        *,
        channel: Channel | None = None,
        installed: str = "guild",
    ) -> Asked:
        """Uses a command of a message's menu, or of a user's."""
        place = channel or (target.channel if isinstance(target, Message) else None)
        assert place is not None, "a user's menu is opened in some channel"
        kind = 3 if isinstance(target, Message) else 2
        found = self._command(user, place, command, kind, installed)
        resolved = Resolved(place.guild, user)
        data = self._named(found) | {"target_id": resolved.add(target)} | resolved.payload()
        return self._ask(COMMAND, user, place, data, installed, target=target)

    async def click(self, user: User, message: Message, button: str, /, *, installed: str | None = None) -> Asked:
        """Presses the button with exactly this label, or else the first whose custom_id begins so."""
        self._check_sees(user, message)
        buttons = [each for each in walk(message.components) if each.get("type") == BUTTON]
        found = [each for each in buttons if each.get("label") == button]
        found = found or [each for each in buttons if str(each.get("custom_id", "")).startswith(button)]
        assert found, f"No button {button!r}: {message.show()}"
        assert found[0].get("custom_id"), f"{button!r} is a link"
        assert not found[0].get("disabled"), f"{button!r} is disabled"
        data = {"custom_id": found[0]["custom_id"], "component_type": BUTTON, "id": found[0].get("id", 1)}
        return self._ask(COMPONENT, user, message.channel, data, self._where(message, installed), source=message)

    async def select(
        self, user: User, message: Message, custom_id: str, values: Sequence[Value], /, *, installed: str | None = None
    ) -> Asked:
        """Chooses in the select whose custom_id begins so; users, roles and channels as such."""
        self._check_sees(user, message)
        found = [each for each in message.selects if each["custom_id"].startswith(custom_id)]
        assert found, f"No select {custom_id!r}: {message.selects}"
        select, resolved = found[0], Resolved(message.channel.guild, user)
        assert not select.get("disabled"), f"{custom_id!r} is disabled"
        chosen = [each if isinstance(each, str) else resolved.add(each) for each in values]
        low, high = select.get("min_values", 1), select.get("max_values", 1)
        assert low <= len(chosen) <= high, f"{custom_id!r} takes {low} to {high} values"
        if select["type"] == STRING_SELECT:
            assert set(chosen) <= {each["value"] for each in select["options"]}, f"not in {select['options']}"
        data = {"custom_id": select["custom_id"], "component_type": select["type"], "values": chosen}
        data |= resolved.payload()
        return self._ask(COMPONENT, user, message.channel, data, self._where(message, installed), source=message)

    async def submit(self, user: User, asked: Asked, entries: Mapping[str, Entry], /) -> Asked:
        """Fills in the modal that `asked` was answered with, by label or custom_id, and sends it."""
        assert asked.modal is not None, f"No modal: {asked.show()}"
        assert asked.user is user, "Somebody else's modal"
        resolved = Resolved(asked.channel.guild, user)
        filled = fill_form(asked.modal, entries, resolved)
        data = {"custom_id": asked.modal["custom_id"], "components": filled} | resolved.payload()
        return self._ask(MODAL, user, asked.channel, data, asked.installed, source=asked.source)

    async def post(
        self,
        user: User,
        channel: Channel,
        content: str,
        /,
        *,
        mention_bot: bool = False,
        reply_to: Message | None = None,
        files: Sequence[Upload] = (),
        mention: Sequence[User | Role] = (),
    ) -> Message:
        """Writes a message. "<@BOT>" in it is the bot's mention, which else comes first with `mention_bot`."""
        text = content.replace("<@BOT>", self.bot.mention)
        if mention_bot and self.bot.mention not in text:
            text = f"{self.bot.mention} {text}"
        text = " ".join([*(each.mention for each in mention), text])
        assert channel.permissions(user), f"{user.name} doesn't see this channel"
        message = Message(self.ids.next(), channel, user, self.clock.now(), text, attachments=list(files))
        message.reference = reply_to
        channel.history.append(message)
        self.tell_message("MESSAGE_CREATE", message)
        return message

    def _where(self, message: Message, installed: str | None) -> str:
        return installed or (message.asked.installed if message.asked else "guild")

    def _check_sees(self, user: User, message: Message) -> None:
        assert not message.deleted, "The message has been deleted"
        assert message.channel.permissions(user), f"{user.name} doesn't see this channel"
        own = message.asked is not None and message.asked.user is user
        assert own or not message.ephemeral, f"{user.name} doesn't see what only {message.asked} does"

    def _ask(
        self,
        kind: int,
        user: User,
        channel: Channel,
        data: Json,
        installed: str,
        source: Message | None = None,
        target: Message | User | None = None,
    ) -> Asked:
        asked = Asked(self, self.ids.next(), kind, user, channel, installed, data, self.clock.now(), source, target)
        self.asks[asked.id] = asked
        self.connections.interaction(asked.payload(), channel.guild.id if channel.guild else None)
        # whoever waits has to look again when the time for an answer is over
        asyncio.get_running_loop().call_later(PATIENCE, self.changes.tell)
        return asked
