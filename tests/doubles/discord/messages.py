"""Messages, as a person sees them and as the API says them."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.doubles.discord.channels import Channel
from tests.doubles.discord.checks.components import BUTTON, SELECTS, TEXT
from tests.doubles.discord.checks.messages import COMPONENTS_V2, EPHEMERAL, LOADING, embed_texts
from tests.doubles.discord.users import Role, User

if TYPE_CHECKING:
    from tests.doubles.discord.asked import Asked
    from tests.doubles.discord.uploads import Upload

Json = dict[str, Any]


@dataclass(frozen=True)
class Button:
    label: str
    custom_id: str | None
    disabled: bool
    style: int
    url: str | None


@dataclass(frozen=True)
class WebhookAuthor:
    """Who a webhook speaks as."""

    id: int
    name: str
    avatar: str | None = None

    def payload(self) -> Json:
        whole = {"id": str(self.id), "username": self.name, "discriminator": "0000", "global_name": None}
        return whole | {"avatar": None, "bot": True, "public_flags": 0}


def walk(components: list[Json]) -> Iterator[Json]:
    """All components, those inside of others included, in the order in which they are seen."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        for name in ("accessory", "component"):
            if component.get(name):
                yield from walk([component[name]])


@dataclass(eq=False, repr=False)
class Message:
    id: int
    channel: Channel
    author: User | WebhookAuthor
    sent_at: float
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)  # as the bot sent them
    attachments: list[Upload] = field(default_factory=list)
    flags: int = 0
    nonce: str | None = None
    webhook_id: int | None = None
    asked: Asked | None = None  # what it answers
    reference: Message | None = None
    allowed_mentions: Json | None = None  # as sent last
    pings: list[User | Role | str] = field(default_factory=list)  # whom it has pinged; "everyone" as a text
    edits: list[tuple[float, Message]] = field(default_factory=list)  # when, and what there was from then on
    deleted: bool = False
    deleted_at: float | None = None

    def __repr__(self) -> str:
        return f"<Message {self.id}: {self.show()}>"

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def loading(self) -> bool:
        return bool(self.flags & LOADING)

    @property
    def v2(self) -> bool:
        return bool(self.flags & COMPONENTS_V2)

    @property
    def text(self) -> str:
        """All that can be read, but for buttons and selects."""
        displays = [str(each.get("content")) for each in walk(self.components) if each.get("type") == TEXT]
        embeds = [text for embed in self.embeds for text in embed_texts(embed)]
        return "\n".join(text for text in (self.content, *embeds, *displays) if text)

    @property
    def buttons(self) -> list[Button]:
        return [
            Button(
                str(each.get("label") or ""),
                each.get("custom_id"),
                bool(each.get("disabled")),
                int(each["style"]),
                each.get("url"),
            )
            for each in walk(self.components)
            if each.get("type") == BUTTON
        ]

    @property
    def selects(self) -> list[Json]:
        return [each for each in walk(self.components) if each.get("type") in SELECTS]

    async def delete(self) -> None:
        """By somebody who may."""
        self.channel.world.delete_message(self)

    def snapshot(self) -> Message:
        parts = ("content", "embeds", "components", "attachments", "flags", "allowed_mentions", "pings")
        held = copy.copy(self)
        held.edits = []
        for part in parts:
            setattr(held, part, copy.deepcopy(getattr(self, part)) if part != "pings" else list(self.pings))
        return held

    def show(self) -> Json:
        """What an assertion that fails says of it."""
        labels = [button.label or button.custom_id for button in self.buttons]
        names = [attachment.filename for attachment in self.attachments]
        return {"from": self.author.name, "text": self.text, "buttons": labels, "files": names, "flags": self.flags}

    def payload(self, blank: bool = False) -> Json:
        """`blank`: for an application that may not read contents."""
        whole: Json = {
            "id": str(self.id),
            "channel_id": str(self.channel.id),
            "author": self.author.payload(),
            "content": "" if blank else self.content,
            "embeds": [] if blank else copy.deepcopy(self.embeds),
            "components": [] if blank else self._components(),
            "attachments": [] if blank else [attachment.payload() for attachment in self.attachments],
            "timestamp": self.channel.world.clock.utc(self.sent_at),
            "edited_timestamp": self.channel.world.clock.utc(self.edits[-1][0]) if self.edits else None,
            "tts": False,
            "pinned": False,
            "type": self._kind(),
            "flags": self.flags,
        }
        whole |= self._mentions()
        whole |= {"nonce": self.nonce} if self.nonce else {}
        if self.webhook_id:
            whole |= {"webhook_id": str(self.webhook_id), "application_id": str(self.channel.world.application_id)}
        if self.asked:
            whole |= {"interaction_metadata": self.asked.metadata()}
        return whole | self._reference()

    def _kind(self) -> int:
        if self.asked and self.asked.original is self and self.asked.kind == 2:
            return 23 if self.asked.target else 20
        return 19 if self.reference else 0

    def _mentions(self) -> Json:
        world = self.channel.world
        users = [world.users.get(int(each)) for each in re.findall(r"<@!?(\d+)>", self.content)]
        roles = re.findall(r"<@&(\d+)>", self.content)
        named = [user.payload() for user in users if user]
        return {"mentions": named, "mention_roles": roles, "mention_everyone": "everyone" in self.pings}

    def _reference(self) -> Json:
        if self.reference is None:
            return {}
        place = {"message_id": str(self.reference.id), "channel_id": str(self.reference.channel.id), "type": 0}
        seen = None if self.reference.deleted else self.reference.payload()
        return {"message_reference": place, "referenced_message": seen}

    def _components(self) -> list[Json]:
        """As the API gives them back: numbered, and media found."""
        given = copy.deepcopy(self.components)
        urls = {f"attachment://{upload.filename}": upload for upload in self.attachments}
        for number, component in enumerate(walk(given), 1):
            component.setdefault("id", number)
            media = [component.get("media"), component.get("file")]
            media += [item.get("media") for item in component.get("items") or []]
            for each in media:
                if isinstance(each, dict):
                    each |= _found(urls.get(each["url"]), each["url"])
        return given


def _found(upload: Upload | None, url: str) -> Json:
    if upload is None:
        return {"proxy_url": url}
    return {"url": upload.url, "proxy_url": upload.url, "attachment_id": str(upload.id)}
