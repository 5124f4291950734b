"""Methods that send, change and delete messages without files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.doubles.telegram.call import Call
from tests.doubles.telegram.files import File
from tests.doubles.telegram.messages import Message
from tests.doubles.telegram.reading import Place, caption_of, keyboard, message_text, place_of, preview, topic_of
from tests.doubles.telegram.refused import unlucky, wrong
from tests.doubles.telegram.texts import Text
from tests.doubles.telegram.words import names

if TYPE_CHECKING:
    from tests.doubles.telegram.api import Handler
    from tests.doubles.telegram.world import World

Json = dict[str, Any]
Media = tuple[File | None, File | None]  # a photo, or a document

ACTIONS = names(
    "typing upload_photo record_video upload_video record_voice upload_voice upload_document "
    "choose_sticker find_location record_video_note upload_video_note"
)
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)


class Messages:
    def __init__(self, world: World) -> None:
        self.world = world

    def methods(self) -> dict[str, Handler]:
        return {
            "sendMessage": self.send,
            "sendMessageDraft": self.draft,
            "sendChatAction": self.action,
            "editMessageText": self.edit_text,
            "editMessageCaption": self.edit_caption,
            "editMessageReplyMarkup": self.edit_markup,
            "deleteMessage": self.delete,
            "setMessageReaction": self.react,
        }

    def send(self, call: Call) -> Json:
        text, looks = message_text(call), preview(call.object("link_preview_options"))
        message = self.post(call, place_of(self.world, call, "text messages"), text)
        message.link_preview = looks
        return message.payload()

    def post(self, call: Call, place: Place, body: Text, n: int = 1) -> Message:
        """The bot's message; `n` are counted at once, for albums."""
        chat = place.chat
        given = keyboard(call, inline_only=chat.kind == "channel")
        if n:
            self.world.limits.take(chat.id, n)
        message = self.world.new_message(chat, self.world.bot, body, place.topic, place.reply_to)
        message.reply_markup = given
        message.silent, message.protected = call.flag("disable_notification"), call.flag("protect_content")
        chat.end_draft()
        self.world.changes.tell()
        return message

    def draft(self, call: Call) -> bool:
        text, draft_id = message_text(call, optional=True), call.integer("draft_id")
        if draft_id == 0:
            raise wrong("draft_id must be non-zero")
        if not isinstance(call.params.get("chat_id"), int) or call.params["chat_id"] <= 0:
            raise wrong("drafts are only for private chats")
        chat = self.world.reach(call.params["chat_id"])
        topic_of(chat, call)
        chat.show_draft(draft_id, text.plain)
        self.world.changes.tell()
        return True

    def action(self, call: Call) -> bool:
        if call.text("action") not in ACTIONS:
            raise wrong("wrong parameter action in request")
        chat = self.world.reach(call.params.get("chat_id"))
        if not (chat.forum and call.params.get("message_thread_id") == 1):  # the general topic, only here by its id
            topic_of(chat, call)
        chat.actions.append(call.text("action"))
        self.world.changes.tell()
        return True

    def edit_text(self, call: Call) -> Json | bool:
        text, looks = message_text(call), preview(call.object("link_preview_options"))
        message = self.own(call)
        if message.has_media:
            raise wrong("there is no text in the message to edit")
        return self.change(message, text, keyboard(call, inline_only=True), looks)

    def edit_caption(self, call: Call) -> Json | bool:
        caption, message = caption_of(call.params), self.own(call)
        if not message.has_media:
            raise wrong("there is no caption in the message to edit")
        return self.change(message, caption, keyboard(call, inline_only=True), None)

    def edit_markup(self, call: Call) -> Json | bool:
        message = self.own(call)
        return self.change(message, message.body, keyboard(call, inline_only=True), message.link_preview)

    def own(self, call: Call) -> Message:
        """What the bot may edit: its own messages, and with a keyboard those sent via it."""
        if call.params.get("inline_message_id") is not None:
            found = self.world.inline_messages.get(call.text("inline_message_id"))
            if found is None or found.deleted:
                raise unlucky("message to edit not found")
            return found
        message = self.world.reach(call.params.get("chat_id")).message(call.integer("message_id"))
        if message is None:
            raise unlucky("message to edit not found")
        if not message.by_bot or message.service is not None:
            raise wrong("message can't be edited")
        return message

    def change(
        self, message: Message, body: Text, markup: Json | None, looks: Json | None, media: Media | None = None
    ) -> Json | bool:
        """`media`: what there is from now on, if not what there was."""
        markup = markup if markup and markup["inline_keyboard"] else None
        held = (message.photo, message.document)
        media = media or held
        if (body, markup, looks, media) == (message.body, message.reply_markup, message.link_preview, held):
            raise unlucky(NOT_MODIFIED)
        self.world.limits.take(message.chat.id)
        if body != message.body:
            message.edits.append(message.plain)
        message.body, message.reply_markup, message.link_preview = body, markup, looks
        message.photo, message.document = media
        message.edit_date = self.world.clock.unix()
        self.world.changes.tell()
        return True if message.inline_message_id else message.payload()

    def delete(self, call: Call) -> bool:
        chat = self.world.reach(call.params.get("chat_id"))
        message = chat.message(call.integer("message_id"))
        if message is None:
            raise unlucky("message to delete not found")
        if not message.by_bot and chat.kind != "private" and chat.bot_status != "administrator":
            raise unlucky("message can't be deleted")
        message.deleted = True
        self.world.changes.tell()
        return True

    def react(self, call: Call) -> bool:
        message = self.world.reach(call.params.get("chat_id")).message(call.integer("message_id"))
        given = call.items("reaction") or []
        if message is None:
            raise unlucky("message to react not found")
        if len(given) > 1 or any(set(each) != {"type", "emoji"} or each["type"] != "emoji" for each in given):
            raise wrong(f"REACTION_INVALID: {given}")
        message.reactions = [each["emoji"] for each in given]
        self.world.changes.tell()
        return True
