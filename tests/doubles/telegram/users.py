"""Who there is, and what the API says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(eq=False)
class User:
    id: int
    username: str
    first_name: str
    language: str = "en"
    bot: bool = False

    def __repr__(self) -> str:
        return f"<User {self.username or self.first_name}>"

    @property
    def mention(self) -> str:
        return f"@{self.username}"

    def payload(self) -> Json:
        whole: Json = {"id": self.id, "is_bot": self.bot, "first_name": self.first_name}
        whole |= {"username": self.username} if self.username else {}
        return whole | ({"language_code": self.language} if self.language and not self.bot else {})


ANONYMOUS = User(1087968824, "GroupAnonymousBot", "Group", bot=True)  # stands for an admin who stays anonymous
CHANNEL = User(136817688, "Channel_Bot", "Channel", bot=True)  # stands for somebody who writes as a channel


def bot_payload(bot: User, privacy: bool) -> Json:
    """getMe."""
    whole = bot.payload() | {"can_join_groups": True, "can_read_all_group_messages": not privacy}
    whole |= {"supports_inline_queries": True, "can_connect_to_business": False, "has_main_web_app": False}
    return whole | {"has_topics_enabled": False, "allows_users_to_create_topics": False}
