"""Methods that send files, and tell where those of people are."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from tests.doubles.telegram.call import Call
from tests.doubles.telegram.messages import Message
from tests.doubles.telegram.methods_messages import Messages
from tests.doubles.telegram.reading import caption_of, file_of, keyboard, place_of
from tests.doubles.telegram.refused import wrong
from tests.doubles.telegram.words import names

if TYPE_CHECKING:
    from tests.doubles.telegram.api import Handler
    from tests.doubles.telegram.world import World

Json = dict[str, Any]
ITEM = names("type media caption parse_mode caption_entities show_caption_above_media has_spoiler")
ITEM |= {"disable_content_type_detection", "thumbnail"}


class Media:
    def __init__(self, world: World, messages: Messages) -> None:
        self.world, self.messages = world, messages
        self._albums = count(1)

    def methods(self) -> dict[str, Handler]:
        return {
            "sendPhoto": self.photo,
            "sendDocument": self.document,
            "sendMediaGroup": self.album,
            "editMessageMedia": self.edit,
            "getFile": self.file,
        }

    def photo(self, call: Call) -> Json:
        return self._single(call, "photo")

    def document(self, call: Call) -> Json:
        return self._single(call, "document")

    def _single(self, call: Call, kind: str) -> Json:
        caption, place = caption_of(call.params), place_of(self.world, call, f"{kind}s")
        file = file_of(self.world, call, call.params.get(kind), kind, photo=kind == "photo")
        _all_used(call)
        message = self.messages.post(call, place, caption)
        setattr(message, kind, file)
        return message.payload()

    def album(self, call: Call) -> list[Json]:
        items = call.items("media") or []
        if not 2 <= len(items) <= 10:
            raise wrong("the album must have between 2 and 10 items")
        kinds = {item.get("type") for item in items}
        if len(kinds) > 1 or not kinds <= {"photo", "document"} or any(set(item) - ITEM for item in items):
            raise wrong(f"can't parse InputMedia: either photos or documents: {items}")
        kind = str(kinds.pop())
        place = place_of(self.world, call, f"{kind}s")
        read = [(caption_of(item), self._item(call, item, kind)) for item in items]
        _all_used(call)
        group, sent = f"1370{next(self._albums):08d}", list[Message]()
        for caption, file in read:
            message = self.messages.post(call, place, caption, 0 if sent else len(items))
            setattr(message, kind, file)
            message.media_group_id = group
            sent.append(message)
        return [message.payload() for message in sent]

    def _item(self, call: Call, item: Json, kind: str) -> Any:
        return file_of(self.world, call, item.get("media"), "", photo=kind == "photo")

    def edit(self, call: Call) -> Json | bool:
        """Another file, or one in the place of a text."""
        item = call.object("media") or {}
        kind = str(item.get("type"))
        if kind not in {"photo", "document"} or set(item) - ITEM:
            raise wrong(f"can't parse InputMedia: a photo or a document: {item}")
        message, caption = self.messages.own(call), caption_of(item)
        if message.media_group_id is not None and getattr(message, kind) is None:
            raise wrong("the type of what is in an album can't be changed")
        if message.inline_message_id is not None and call.files:
            raise wrong("no new file can be uploaded to an inline message")
        file = self._item(call, item, kind)
        _all_used(call)
        media = (file, None) if kind == "photo" else (None, file)
        return self.messages.change(message, caption, keyboard(call, inline_only=True), None, media)

    def file(self, call: Call) -> Json:
        return self.world.files.locate(call.text("file_id"))


def _all_used(call: Call) -> None:
    left = sorted(set(call.files) - {"thumbnail"})
    if left:
        raise wrong(f"files that nothing refers to: {left}")
