"""Who there is and where, and how the bot comes and goes there."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from tests.doubles.telegram.chats import Chat
from tests.doubles.telegram.members import status_of
from tests.doubles.telegram.users import User
from tests.doubles.telegram.world import World

SUPERGROUPS = -1_000_000_000_000  # where the ids of supergroups and channels begin, downwards


class Places(World):
    def __init__(self, rate_scale: float = 1.0, username: str = "mynah_test_bot") -> None:
        super().__init__(rate_scale, username)
        self._users, self._groups, self._supergroups = count(50_001), count(4_001), count(1_500_000_001)

    def add_user(self, username: str, language: str = "en", first_name: str = "") -> User:
        user = User(next(self._users), username, first_name or username.title(), language)
        self.users[user.id] = user
        return user

    def private(self, user: User, started: bool = True) -> Chat:
        """Their chat with the bot; one that is not started the bot must not write to."""
        chat = self.chats.get(user.id)
        if chat is None:
            chat = Chat(self, user.id, "private", user=user)
            chat.bot_status = "member"
        chat.started = chat.started or started
        return chat

    def add_group(
        self,
        title: str,
        members: Iterable[User] = (),
        admins: Iterable[User] = (),
        kind: str = "supergroup",
        forum: bool = False,
        bot_admin: bool = False,
        bot: bool = True,
    ) -> Chat:
        """The first admin is the one to whom it belongs. With `bot` the bot is added at once, and told of it."""
        assert kind in ("group", "supergroup"), kind
        assert kind == "supergroup" or not forum, "only supergroups have topics"
        chat = Chat(self, self._group_id(kind), kind, title)
        chat.forum = forum
        self._people(chat, [*members], [*admins])
        if bot:
            self.add_bot(chat, admin=bot_admin)
        return chat

    def _group_id(self, kind: str) -> int:
        return -next(self._groups) if kind == "group" else SUPERGROUPS - next(self._supergroups)

    def _people(self, chat: Chat, members: list[User], admins: list[User]) -> None:
        chat.creator = admins[0] if admins else self.add_user(f"owner_{abs(chat.id) % 10_000}")
        chat.members = {user.id: user for user in [chat.creator, *members, *admins]}
        chat.admins = {user.id: user for user in admins if user is not chat.creator}

    def add_channel(self, title: str, bot_admin: bool = True, username: str = "", owner: User | None = None) -> Chat:
        """Bots are in channels only as admins."""
        chat = Chat(self, self._group_id("channel"), "channel", title)
        chat.username = username
        self._people(chat, [], [owner] if owner else [])
        if bot_admin:
            self.add_bot(chat, admin=True)
        return chat

    def add_bot(self, chat: Chat, admin: bool = False, by: User | None = None) -> None:
        who = by or chat.creator
        assert who is not None
        assert chat.kind != "private"
        self.change_bot(chat, who, "administrator" if admin or chat.kind == "channel" else "member")
        if chat.kind != "channel":
            self.tell_message(chat.serve({"new_chat_members": [self.bot.payload()]}))

    def promote(self, chat: Chat, admin: bool = True) -> None:
        """Makes the bot an admin, or no longer one."""
        assert chat.creator is not None
        self.change_bot(chat, chat.creator, "administrator" if admin else "member")

    def kick(self, chat: Chat, by: User | None = None) -> None:
        who = by or chat.creator
        assert who is not None
        if chat.kind != "channel":
            chat.serve({"left_chat_member": self.bot.payload()})
        self.change_bot(chat, who, "kicked")

    def block(self, user: User) -> None:
        self.change_bot(self.private(user), user, "kicked")

    def unblock(self, user: User) -> None:
        self.change_bot(self.private(user), user, "member")

    def restrict(self, chat: Chat, on: bool = True) -> None:
        """Nobody but admins may send, the bot included."""
        assert chat.creator is not None
        old = status_of(chat, self.bot)
        chat.restricted = on
        self.tell_change(chat, chat.creator, old)

    async def migrate(self, chat: Chat) -> Chat:
        """The supergroup that a basic group becomes."""
        assert chat.kind == "group", f"{chat} is none that could become one"
        new = Chat(self, self._group_id("supergroup"), "supergroup", chat.title)
        new.members, new.admins, new.creator = dict(chat.members), dict(chat.admins), chat.creator
        new.bot_status = chat.bot_status
        chat.migrated_to = new
        self.tell_message(chat.serve({"migrate_to_chat_id": new.id}))
        self.tell_message(new.serve({"migrate_from_chat_id": chat.id}))
        return new
