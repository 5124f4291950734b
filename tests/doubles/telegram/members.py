"""ChatMember objects: what somebody, or the bot, is in a chat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.doubles.telegram.users import User

if TYPE_CHECKING:
    from tests.doubles.telegram.chats import Chat

Json = dict[str, Any]

_RIGHTS = "manage_chat delete_messages manage_video_chats restrict_members promote_members change_info invite_users"
_STORIES = "post_stories edit_stories delete_stories"
_SENDING = "messages audios documents photos videos video_notes voice_notes polls other_messages"


def status_of(chat: Chat, user: User) -> str:
    if user is chat.world.bot:
        return "restricted" if chat.restricted and chat.bot_status == "member" else chat.bot_status
    if user is chat.creator:
        return "creator"
    if user.id in chat.admins:
        return "administrator"
    return "member" if user.id in chat.members else "left"


def member(user: User, status: str, chat: Chat | None = None) -> Json:
    """`chat` where it matters which kind it is."""
    whole: Json = {"user": user.payload(), "status": status}
    if status == "creator":
        return whole | {"is_anonymous": False}
    if status == "administrator":
        return whole | _rights(chat)
    if status == "restricted":
        return whole | _restricted()
    return whole | ({"until_date": 0} if status == "kicked" else {})


def _rights(chat: Chat | None) -> Json:
    whole: Json = {"can_be_edited": False, "is_anonymous": False}
    whole |= dict.fromkeys((f"can_{name}" for name in f"{_RIGHTS} {_STORIES}".split()), True)
    if chat is not None and chat.kind == "channel":
        return whole | {"can_post_messages": True, "can_edit_messages": True}
    return whole | {"can_pin_messages": True, "can_manage_topics": True}


def _restricted() -> Json:
    whole: Json = {"is_member": True, "until_date": 0, "can_change_info": False, "can_invite_users": False}
    whole |= {"can_pin_messages": False, "can_manage_topics": False, "can_add_web_page_previews": False}
    whole |= {"can_edit_tag": False, "can_react_to_messages": True}
    return whole | dict.fromkeys((f"can_send_{name}" for name in _SENDING.split()), False)


def changed(chat: Chat, who: User, old: str, new: str) -> Json:
    """my_chat_member: what the bot was, and is now because of `who`."""
    bot = chat.world.bot
    return {
        "chat": chat.payload(),
        "from": who.payload(),
        "date": chat.world.clock.unix(),
        "old_chat_member": member(bot, old, chat),
        "new_chat_member": member(bot, new, chat),
    }
