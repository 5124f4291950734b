"""Messages with pictures: one with buttons below, or an album."""

from __future__ import annotations

import telegram
from telegram import Bot, InputMediaPhoto, ReplyParameters

from bot.platforms.telegram.message import Message, Place, Sent
from bot.platforms.telegram.rich import CAPTION_LIMIT, first_part


async def post(bot: Bot, place: Place, message: Message, reply: ReplyParameters | None) -> telegram.Message:
    """The text is the (first) picture's caption. An album has no buttons. Returns the (last) message."""
    caption = first_part(message.body, CAPTION_LIMIT)
    if len(message.pictures) == 1:
        return await bot.send_photo(
            place.chat,
            message.pictures[0].data,
            caption=caption.text,
            caption_entities=caption.entities,
            reply_markup=message.keyboard,
            message_thread_id=place.thread,
            reply_parameters=reply,
        )
    first, *others = message.pictures
    album = [
        InputMediaPhoto(first.data, caption=caption.text, caption_entities=caption.entities),
        *(InputMediaPhoto(one.data) for one in others),
    ]
    whole = await bot.send_media_group(place.chat, album, message_thread_id=place.thread, reply_parameters=reply)
    return whole[-1]


async def change(bot: Bot, sent: Sent, message: Message) -> None:
    """The text below."""
    caption = first_part(message.body, CAPTION_LIMIT)
    await bot.edit_message_caption(
        sent.chat, sent.id, caption=caption.text, caption_entities=caption.entities, reply_markup=message.keyboard
    )
