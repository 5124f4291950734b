"""Answering interactions: the one callback, and what follows it for fifteen minutes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.doubles.discord.asked import (
    ANSWER,
    AUTOCOMPLETE,
    CHOICES,
    COMMAND,
    COMPONENT,
    DEFER,
    DEFER_UPDATE,
    LIFETIME,
    MODAL,
    PATIENCE,
    SHOW_MODAL,
    UPDATE,
    Asked,
)
from tests.doubles.discord.checks import check_choices, check_modal
from tests.doubles.discord.checks.messages import EPHEMERAL, LOADING
from tests.doubles.discord.messages import Message
from tests.doubles.discord.refused import Refused, invalid, raise_if, unknown, unknown_message, unknown_webhook
from tests.doubles.discord.rest import Call, Route
from tests.doubles.discord.sending import create, edit
from tests.doubles.discord.users import bits

if TYPE_CHECKING:
    from tests.doubles.discord.world import World

Json = dict[str, Any]
MOST_FOLLOWUPS = 5  # in a guild without the bot
FITTING = {  # kinds of answers to a kind of interaction
    COMMAND: {ANSWER, DEFER, SHOW_MODAL},
    COMPONENT: {ANSWER, DEFER, DEFER_UPDATE, UPDATE, SHOW_MODAL},
    AUTOCOMPLETE: {CHOICES},
    MODAL: {ANSWER, DEFER},
}


class Answers:
    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[Route]:
        return [Route("POST", "/interactions/{interaction}/{token}/callback", self.respond, token=False)]

    def respond(self, call: Call) -> Json | None:
        asked = self.world.asks.get(call.id("interaction"))
        if asked is None or asked.token != call.names["token"]:
            raise unknown("interaction", 10062)
        if asked.ack_at is not None:
            raise Refused(400, 40060, "Interaction has already been acknowledged.", blame=True)
        if asked.age >= PATIENCE:
            raise unknown("interaction", 10062)
        kind = call.payload.get("type")
        if kind not in self._fitting(asked):
            raise invalid("type", f"Interactions of type {asked.kind} can't be answered with {kind}")
        self._do(asked, kind, call)
        asked.ack_type, asked.ack_at = kind, self.world.clock.now()
        asked.saw(f"answer of type {kind}")
        return self._callback(asked) if call.flag("with_response") else None

    def _fitting(self, asked: Asked) -> set[int]:
        more = {DEFER_UPDATE, UPDATE} if asked.kind == MODAL and asked.source else set()
        return FITTING[asked.kind] | more

    def _do(self, asked: Asked, kind: int, call: Call) -> None:
        data = call.payload.get("data") or {}
        todo: dict[int, Callable[[], None]] = {
            ANSWER: lambda: self._answer(asked, call, data),
            DEFER: lambda: self._defer(asked, data),
            DEFER_UPDATE: lambda: self._update(asked, call, None),
            UPDATE: lambda: self._update(asked, call, data),
            CHOICES: lambda: self._choices(asked, data),
            SHOW_MODAL: lambda: self._modal(asked, data),
        }
        todo[kind]()

    def _new(self, asked: Asked, flags: int) -> Message:
        """`flags` are what was asked for; where apps have to be discreet, nobody else sees it anyway."""
        message = Message(self.world.ids.next(), asked.channel, self.world.bot, self.world.clock.now(), asked=asked)
        message.webhook_id = self.world.application_id
        discreet = asked.installed == "user" and not asked.channel.permissions(asked.user) & bits(["use_external_apps"])
        message.flags = flags | (EPHEMERAL if discreet and asked.channel.guild else 0)
        return message

    def _answer(self, asked: Asked, call: Call, data: Json) -> None:
        asked.original = message = self._new(asked, 0)
        try:
            create(self.world, message, call.sent(data))
        except Refused:
            asked.original = None
            raise
        asked.ephemeral = message.ephemeral

    def _defer(self, asked: Asked, data: Json) -> None:
        asked.original = message = self._new(asked, LOADING | (data.get("flags") or 0) & EPHEMERAL)
        asked.ephemeral = message.ephemeral
        asked.channel.history.append(message)
        self.world.tell_message("MESSAGE_CREATE", message)

    def _update(self, asked: Asked, call: Call, data: Json | None) -> None:
        if asked.source is None or asked.source.deleted:
            raise unknown_message()
        asked.original = asked.source
        asked.ephemeral = asked.source.ephemeral
        if data is not None:
            edit(self.world, asked.source, call.sent(data))

    def _choices(self, asked: Asked, data: Json) -> None:
        raise_if(check_choices(data.get("choices")))
        asked.choices = data.get("choices") or []

    def _modal(self, asked: Asked, data: Json) -> None:
        raise_if(check_modal(data))
        asked.modal = data

    def _callback(self, asked: Asked) -> Json:
        interaction: Json = {"id": str(asked.id), "type": asked.kind}
        resource: Json = {"type": asked.ack_type}
        if asked.original is not None and asked.ack_type in (ANSWER, DEFER, UPDATE):
            interaction["response_message_id"] = str(asked.original.id)
            interaction["response_message_loading"] = asked.original.loading
            interaction["response_message_ephemeral"] = asked.original.ephemeral
            resource["message"] = asked.original.payload()
        return {"interaction": interaction, "resource": resource}

    def _asked(self, call: Call) -> Asked:
        """Of a token that lives, and has been used for a callback before."""
        number = call.names["token"].rpartition("-")[2]
        asked = self.world.asks.get(int(number)) if number.isdecimal() else None
        if asked is None or asked.token != call.names["token"]:
            raise unknown_webhook()
        if asked.age >= LIFETIME:
            raise Refused(401, 50027, "Invalid Webhook Token")
        if asked.ack_at is None:
            raise self._too_early(asked)
        return asked

    def _too_early(self, asked: Asked) -> Refused:
        """The bot is to blame unless it came too late for an answer, or trouble was made for it."""
        refused = unknown_webhook()
        refused.blame = not asked.failed and all(asked.token not in path for _, path, _ in self.world.faults.injected)
        return refused

    def follow(self, call: Call) -> Json:
        asked = self._asked(call)
        if asked.thinking and asked.original is not None:  # the first one takes the place of what was put off
            return self._edit(asked, asked.original, call)
        outside = asked.channel.guild is not None and not asked.channel.has_bot
        if asked.installed == "user" and outside and len(asked.followups) >= MOST_FOLLOWUPS:
            raise Refused(400, 40094, "Maximum number of follow up messages for this interaction", blame=True)
        message = create(self.world, self._new(asked, 0), call.sent())
        asked.followups.append(message)
        asked.saw("a followup")
        return message.payload()

    def message(self, call: Call) -> Message:
        asked = self._asked(call)
        if call.names["message"] == "@original":
            found = asked.original
        else:
            found = next((each for each in self._reachable(asked) if each.id == call.id("message")), None)
        if found is None or found.deleted:
            raise unknown_message()
        return found

    def _reachable(self, asked: Asked) -> list[Message]:
        return [each for each in [asked.original, *asked.followups] if each is not None]

    def edit(self, call: Call) -> Json:
        return self._edit(self._asked(call), self.message(call), call)

    def _edit(self, asked: Asked, message: Message, call: Call) -> Json:
        payload = dict(call.payload)
        if "flags" in payload:  # who sees it was decided before
            payload["flags"] = (payload["flags"] or 0) & ~EPHEMERAL
        edit(self.world, message, call.sent(payload))
        asked.saw("an edit")
        return message.payload()

    def delete(self, call: Call) -> None:
        asked, message = self._asked(call), self.message(call)
        self.world.delete_message(message)
        asked.saw("a deletion")
