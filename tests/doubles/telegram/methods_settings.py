"""Methods that say what the bot is, and what is known of chats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.doubles.telegram.call import Call
from tests.doubles.telegram.checks import check_commands, check_language, scope_key
from tests.doubles.telegram.members import member, status_of
from tests.doubles.telegram.refused import forbidden, unlucky, wrong

if TYPE_CHECKING:
    from tests.doubles.telegram.api import Handler
    from tests.doubles.telegram.world import World

Json = dict[str, Any]
GIFTS = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")


class Settings:
    def __init__(self, world: World) -> None:
        self.world = world

    def methods(self) -> dict[str, Handler]:
        return {
            "setMyCommands": self.set_commands,
            "getMyCommands": self.commands,
            "deleteMyCommands": self.delete_commands,
            "setMyDescription": lambda call: self._describe(call, "description", 512),
            "getMyDescription": lambda call: self._described(call, "description"),
            "setMyShortDescription": lambda call: self._describe(call, "short_description", 120),
            "getMyShortDescription": lambda call: self._described(call, "short_description"),
            "getChat": self.chat,
            "getChatMember": self.member,
            "getChatAdministrators": self.administrators,
            "leaveChat": self.leave,
        }

    def set_commands(self, call: Call) -> bool:
        commands = call.items("commands")
        if commands is None:
            raise wrong("can't parse commands: array expected")
        check_commands(commands)
        self.world.commands[self._key(call)] = [(each["command"], each["description"]) for each in commands]
        self.world.changes.tell()
        return True

    def commands(self, call: Call) -> list[Json]:
        known = self.world.commands.get(self._key(call), [])
        return [{"command": command, "description": description} for command, description in known]

    def delete_commands(self, call: Call) -> bool:
        self.world.commands.pop(self._key(call), None)
        self.world.changes.tell()
        return True

    def _key(self, call: Call) -> tuple[str, str]:
        scope = call.object("scope") or {"type": "default"}
        key = scope_key(scope)
        if "chat_id" in scope:
            self.world.reach(scope["chat_id"])
        return key, self._language(call)

    def _language(self, call: Call) -> str:
        code = call.text("language_code")
        check_language(code)
        return code

    def _describe(self, call: Call, name: str, most: int) -> bool:
        text = call.text(name)
        if len(text) > most:
            raise wrong(f"{name} is too long: {len(text)}")
        self.world.descriptions[name, self._language(call)] = text
        self.world.changes.tell()
        return True

    def _described(self, call: Call, name: str) -> Json:
        known = self.world.descriptions
        return {name: known.get((name, self._language(call))) or known.get((name, "")) or ""}

    def chat(self, call: Call) -> Json:
        chat = self.world.reach(call.params.get("chat_id"))
        whole = chat.payload() | {"accent_color_id": 0, "max_reaction_count": 11}
        return whole | {"accepted_gift_types": dict.fromkeys(GIFTS, False)}

    def member(self, call: Call) -> Json:
        chat, user = self.world.reach(call.params.get("chat_id")), self.world.users.get(call.integer("user_id"))
        if user is None:
            raise unlucky("PARTICIPANT_ID_INVALID")
        return member(user, status_of(chat, user), chat)

    def administrators(self, call: Call) -> list[Json]:
        chat = self.world.reach(call.params.get("chat_id"))
        if chat.kind == "private":
            raise wrong("there are no administrators in the private chat")
        known = [*([chat.creator] if chat.creator else []), *chat.admins.values()]
        known += [self.world.bot] if chat.bot_status == "administrator" and call.flag("return_bots") else []
        return [member(user, status_of(chat, user), chat) for user in dict.fromkeys(known)]

    def leave(self, call: Call) -> bool:
        chat = self.world.reach(call.params.get("chat_id"))
        if chat.kind == "private":
            raise forbidden("bot can't leave a private chat")
        self.world.change_bot(chat, self.world.bot, "left")
        return True
