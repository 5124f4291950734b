"""What several methods take in the same way: texts, places, keyboards, replies, files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.doubles.telegram import markup
from tests.doubles.telegram.call import Call, Sent
from tests.doubles.telegram.checks import check_entities, check_markup
from tests.doubles.telegram.files import File
from tests.doubles.telegram.refused import Refused, unlucky, wrong
from tests.doubles.telegram.texts import Text, marked, trimmed, units
from tests.doubles.telegram.words import names

if TYPE_CHECKING:
    from tests.doubles.telegram.chats import Chat, Topic
    from tests.doubles.telegram.messages import Message
    from tests.doubles.telegram.world import World

Json = dict[str, Any]
LONGEST, LONGEST_CAPTION = 4096, 1024
PREVIEW = names("is_disabled url prefer_small_media prefer_large_media show_above_text")
REPLY = names("message_id chat_id allow_sending_without_reply quote quote_parse_mode quote_entities")
REPLY |= {"quote_position", "checklist_task_id", "poll_option_id"}


@dataclass
class Place:
    """Where a message goes."""

    chat: Chat
    topic: Topic | None = None
    reply_to: Message | None = None


def read_text(source: str, mode: str, entities: list[Json] | None) -> Text:
    if mode and entities:
        raise wrong("either parse_mode or entities, not both")
    text = markup.parse(source, mode) if mode else Text(source, entities or [])
    check_entities(text.plain, text.entities)
    return marked(trimmed(text))


def message_text(call: Call, optional: bool = False) -> Text:
    text = read_text(call.text("text"), call.text("parse_mode"), call.items("entities"))
    if not text.plain and not optional:
        raise wrong("message text is empty")
    if units(text.plain) > LONGEST:
        raise wrong("message is too long")
    return text


def caption_of(given: Json) -> Text:
    """Of a request, or of one item of an album."""
    text = read_text(given.get("caption", ""), given.get("parse_mode", ""), given.get("caption_entities"))
    if units(text.plain) > LONGEST_CAPTION:
        raise wrong("message caption is too long")
    return text


def keyboard(call: Call, inline_only: bool = False) -> Json | None:
    given = call.object("reply_markup")
    check_markup(given, inline_only)
    return given or None


def preview(given: Json | None) -> Json | None:
    if given is not None and set(given) - PREVIEW:
        raise wrong(f"can't parse link_preview_options: {given}")
    return given


def place_of(world: World, call: Call, what: str) -> Place:
    """`what` the bot wants to send there: "text messages", "photos", "documents"."""
    chat = world.reach(call.params.get("chat_id"))
    if chat.restricted and chat.bot_status == "member":
        raise unlucky(f"not enough rights to send {what} to the chat")
    topic = topic_of(chat, call)
    reply_to = _reply(chat, topic, call.object("reply_parameters"))
    topic = topic or (reply_to.topic if reply_to else None)
    if topic is not None and topic.closed and chat.bot_status != "administrator":
        raise unlucky("TOPIC_CLOSED")
    return Place(chat, topic, reply_to)


def topic_of(chat: Chat, call: Call) -> Topic | None:
    if call.params.get("message_thread_id") is None:
        return None
    topic = chat.topics.get(call.integer("message_thread_id"))
    if topic is None or topic.deleted:
        raise Refused(400, "message thread not found", blame=topic is None)
    return topic


def _reply(chat: Chat, topic: Topic | None, given: Json | None) -> Message | None:
    if given is None:
        return None
    if set(given) - REPLY or not isinstance(given.get("message_id"), int):
        raise wrong(f"can't parse reply_parameters: {given}")
    if given.get("chat_id", chat.id) != chat.id:
        raise wrong("the fake knows no replies in another chat")
    message = chat.message(given["message_id"])
    if message is not None and topic is not None and message.topic is not topic:
        message = None
    if message is None and not given.get("allow_sending_without_reply"):
        raise unlucky("message to be replied not found")
    return message


def upload(world: World, sent: Sent, photo: bool) -> File:
    files = world.files
    if len(sent.data) > (files.photo_limit if photo else files.upload_limit):
        raise Refused(413, "Request Entity Too Large", blame=True)
    if not sent.data:
        raise wrong("file must be non-empty")
    return files.add(sent.name, sent.data, mime_type=sent.mime_type, photo=photo)


def file_of(world: World, call: Call, value: object, field: str, photo: bool) -> File:
    """A part of the request, by its own name or by that of "attach://name", or what Telegram has already."""
    name = value.removeprefix("attach://") if isinstance(value, str) and value.startswith("attach://") else field
    if name in call.files:
        return upload(world, call.files.pop(name), photo)
    known = world.files.known.get(value) if isinstance(value, str) else None
    if known is None or known.photo != photo:
        raise wrong("wrong file identifier/HTTP URL specified")
    return known
