"""Messages with pictures: one with buttons below, or an album. The text is the (first) picture's caption."""

from __future__ import annotations

import telegram
from telegram import Bot, InputMediaPhoto, ReplyParameters

from bot.platforms.telegram.message import Message, Place, Sent
from bot.platforms.telegram.rich import CAPTION_LIMIT, Rich, first_part


async def post(bot: Bot, place: Place, message: Message, reply: ReplyParameters | None) -> telegram.Message:
    """An album has no buttons. Returns the (last) message."""
    if len(message.pictures) == 1:
        caption = _caption(message)
        return await bot.send_photo(
            place.chat,
            message.pictures[0].data,
            filename=message.pictures[0].name,
            caption=caption.text,
            caption_entities=caption.entities,
            reply_markup=message.keyboard,
            message_thread_id=place.thread,
            reply_parameters=reply,
        )
    album = [_first(message), *(InputMediaPhoto(one.data, filename=one.name) for one in message.pictures[1:])]
    whole = await bot.send_media_group(place.chat, album, message_thread_id=place.thread, reply_parameters=reply)
    return whole[-1]


async def change(bot: Bot, sent: Sent, message: Message) -> None:
    """The text below."""
    caption = _caption(message)
    await bot.edit_message_caption(
        sent.chat, sent.id, caption=caption.text, caption_entities=caption.entities, reply_markup=message.keyboard
    )


async def illustrate(bot: Bot, sent: Sent, message: Message) -> None:
    """A picture in the place of a text, or of another picture."""
    await bot.edit_message_media(_first(message), sent.chat, sent.id, reply_markup=message.keyboard)


def _first(message: Message) -> InputMediaPhoto:
    picture, caption = message.pictures[0], _caption(message)
    return InputMediaPhoto(picture.data, caption=caption.text, caption_entities=caption.entities, filename=picture.name)


def _caption(message: Message) -> Rich:
    return first_part(message.body, CAPTION_LIMIT)
