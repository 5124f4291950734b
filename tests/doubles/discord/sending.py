"""Making and changing messages as the bot asks for it, with all that the API would refuse."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from discord import Permissions

from tests.doubles.discord.channels import Channel
from tests.doubles.discord.checks.components import TEXT
from tests.doubles.discord.checks.messages import COMPONENTS_V2, LOADING, check_message
from tests.doubles.discord.messages import Message, walk
from tests.doubles.discord.refused import Refused, empty_message, invalid, missing_permissions, raise_if
from tests.doubles.discord.uploads import Upload
from tests.doubles.discord.users import Role, User

if TYPE_CHECKING:
    from tests.doubles.discord.world import World

Json = dict[str, Any]
MOST_BYTES = 10 * 1024 * 1024
PARTS = ("content", "embeds", "components")


@dataclass(frozen=True)
class File:
    """One part of a multipart request."""

    index: int
    filename: str
    data: bytes
    content_type: str


@dataclass(frozen=True)
class Sent:
    """What a request has of a message."""

    payload: Json
    files: list[File]
    drops_embeds: bool = False  # they may not be shown here, which nobody is told


def create(world: World, message: Message, sent: Sent) -> Message:
    """`message` is new and empty; it is in its channel after this."""
    message.flags |= sent.payload.get("flags") or 0
    message.nonce = str(sent.payload["nonce"]) if sent.payload.get("nonce") is not None else None
    _fill(world, message, sent)
    message.channel.history.append(message)
    world.tell_message("MESSAGE_CREATE", message)
    return message


def edit(world: World, message: Message, sent: Sent) -> Message:
    flags = sent.payload.get("flags")
    if flags is not None and message.v2 and not flags & COMPONENTS_V2:
        raise invalid("flags", "IS_COMPONENTS_V2 can't be removed", "MESSAGE_FLAGS_INVALID")
    was, thinking = message.flags, message.loading
    message.flags = (message.flags | (flags or 0) & (COMPONENTS_V2 | 1 << 2)) & ~LOADING
    try:
        _fill(world, message, sent, pings=thinking)  # what was only "thinking" has pinged nobody yet
    except Refused:
        message.flags = was
        raise
    message.edits.append((world.clock.now(), message.snapshot()))
    world.tell_message("MESSAGE_UPDATE", message)
    return message


def _fill(world: World, message: Message, sent: Sent, pings: bool = True) -> None:
    payload = sent.payload
    whole = {name: payload[name] if name in payload else getattr(message, name) for name in PARTS}
    whole |= {name: payload[name] for name in ("nonce", "allowed_mentions", "flags", "poll") if name in payload}
    attachments = _attachments(world, message, sent)
    checked = whole | {"attachments": [each.payload() for each in attachments]}
    raise_if(check_message(checked, [each.filename for each in attachments], v2=message.v2))
    whole["embeds"] = _embeds(whole["embeds"] or [], sent, bool(whole["content"] or attachments))
    if not any((whole["content"], whole["embeds"], whole["components"], attachments)):
        raise empty_message()
    message.content, message.embeds = whole["content"] or "", whole["embeds"]
    message.components, message.attachments = whole["components"] or [], attachments
    message.allowed_mentions = payload.get("allowed_mentions", message.allowed_mentions)
    if pings:
        message.pings = _pings(world, message)


def _embeds(embeds: list[Json], sent: Sent, rest: bool) -> list[Json]:
    if not sent.drops_embeds or not sent.payload.get("embeds"):
        return embeds
    if not rest:
        raise missing_permissions()
    return []


def _attachments(world: World, message: Message, sent: Sent) -> list[Upload]:
    """Those that are kept, and the new ones."""
    listed = sent.payload.get("attachments")
    kept = message.attachments
    texts: dict[int, str | None] = {}
    if listed is not None:
        named = {int(each["id"]): each.get("description") for each in listed}
        kept = [each for each in kept if each.id in named]
        texts = named
        if missing := set(named) - {each.id for each in kept} - {file.index for file in sent.files}:
            raise invalid(
                "attachments", f"Neither uploaded nor there before: {sorted(missing)}", "ATTACHMENT_NOT_FOUND"
            )
    return [*kept, *(_upload(world, file, texts.get(file.index), message.ephemeral) for file in sent.files)]


def _upload(world: World, file: File, description: str | None, ephemeral: bool) -> Upload:
    if len(file.data) > MOST_BYTES:
        raise Refused(413, 40005, "Request entity too large", blame=True)
    upload = world.upload(file.filename, file.data, file.content_type)
    upload.description, upload.ephemeral = description, ephemeral
    return upload


def _pings(world: World, message: Message) -> list[User | Role | str]:
    """Whom the text reaches, after what is allowed. Ephemeral messages reach nobody."""
    if message.ephemeral:
        return []
    allowed = message.allowed_mentions
    displays = [str(each.get("content")) for each in walk(message.components) if each.get("type") == TEXT]
    text = "\n".join([message.content, *displays])
    found: list[User | Role | str] = [*_users(world, text, allowed), *_roles(message.channel, text, allowed)]
    if re.search(r"@(everyone|here)\b", text) and _may_ping_all(message) and _parsed(allowed, "everyone"):
        found.append("everyone")
    if message.reference and (allowed is None or allowed.get("replied_user")):
        author = message.reference.author
        found += [author] if isinstance(author, User) and author not in found else []
    return found


def _parsed(allowed: Json | None, kind: str) -> bool:
    return allowed is None or kind in (allowed.get("parse") or [])


def _users(world: World, text: str, allowed: Json | None) -> list[User]:
    named = [world.users.get(int(each)) for each in re.findall(r"<@!?(\d+)>", text)]
    only = {int(each) for each in (allowed or {}).get("users") or []}
    return [each for each in dict.fromkeys(named) if each and (_parsed(allowed, "users") or each.id in only)]


def _roles(channel: Channel, text: str, allowed: Json | None) -> list[Role]:
    named = {int(each) for each in re.findall(r"<@&(\d+)>", text)}
    only = {int(each) for each in (allowed or {}).get("roles") or []}
    roles = channel.guild.roles if channel.guild else []
    free = [role for role in roles if role.id in named and (role.mentionable or _may_ping(channel))]
    return [role for role in free if _parsed(allowed, "roles") or role.id in only]


def _may_ping_all(message: Message) -> bool:
    # a webhook and what answers an interaction may, unless it is told not to
    return message.webhook_id is not None or _may_ping(message.channel)


def _may_ping(channel: Channel) -> bool:
    return bool(channel.permissions(channel.world.bot) & Permissions(mention_everyone=True).value)
