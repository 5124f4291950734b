"""Webhooks of channels; under the same addresses interactions are answered on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.doubles.discord.channels import Channel, Webhook, picture_hash
from tests.doubles.discord.checks.messages import check_webhook_name
from tests.doubles.discord.messages import Message, WebhookAuthor
from tests.doubles.discord.refused import (
    Refused,
    missing_access,
    missing_permissions,
    raise_if,
    unknown_channel,
    unknown_message,
    unknown_webhook,
)
from tests.doubles.discord.rest import Call, Route
from tests.doubles.discord.rest_interactions import Answers
from tests.doubles.discord.sending import create, edit
from tests.doubles.discord.users import bits

if TYPE_CHECKING:
    from tests.doubles.discord.world import World

Json = dict[str, Any]


class WebhookRoutes:
    def __init__(self, world: World, answers: Answers) -> None:
        self.world = world
        self.answers = answers

    def routes(self) -> list[Route]:
        hook, message = "/webhooks/{webhook}/{token}", "/webhooks/{webhook}/{token}/messages/{message}"
        return [
            Route("GET", "/webhooks/{webhook}", self.get),
            Route("DELETE", "/webhooks/{webhook}", self.remove),
            Route("PATCH", "/webhooks/{webhook}", self.change),
            Route("GET", hook, self.get, token=False),
            Route("PATCH", hook, self.change, token=False),
            Route("DELETE", hook, self.remove, token=False),
            Route("POST", hook, self.execute, token=False),
            Route("GET", message, self.message, token=False),
            Route("PATCH", message, self.edit, token=False),
            Route("DELETE", message, self.delete, token=False),
        ]

    def _webhook(self, call: Call) -> Webhook:
        known = (webhook for channel in self.world.channels.values() for webhook in channel.webhooks)
        webhook = next((each for each in known if each.id == call.id("webhook")), None)
        if webhook is None or webhook.channel.deleted:
            raise unknown_webhook()
        if "token" in call.names:
            if call.names["token"] != webhook.token:
                raise Refused(401, 50027, "Invalid Webhook Token", blame=True)
        else:
            self._check_manages(webhook.channel)
        return webhook

    def _check_manages(self, channel: Channel) -> None:
        had = channel.permissions(self.world.bot)
        if not had:
            raise missing_access()
        if not had & bits(["manage_webhooks"]):
            raise missing_permissions()

    def get(self, call: Call) -> Json:
        return self._webhook(call).payload(self.world.bot)

    def remove(self, call: Call) -> None:
        webhook = self._webhook(call)
        webhook.channel.webhooks.remove(webhook)

    def change(self, call: Call) -> Json:
        webhook = self._webhook(call)
        if "name" in call.payload:
            raise_if(check_webhook_name(call.payload["name"]))
            webhook.name = call.payload["name"]
        if "avatar" in call.payload:
            webhook.avatar = picture_hash(call.payload["avatar"])
        return webhook.payload(self.world.bot)

    def _place(self, call: Call, webhook: Webhook) -> Channel:
        """The webhook's channel, or the thread in it that is named."""
        if "thread_id" in call.query:
            named = int(call.query["thread_id"])
            for thread in webhook.channel.threads:
                if thread.id == named:
                    return thread
            raise unknown_channel()
        if call.payload.get("thread_name") and webhook.channel.kind == "forum":
            return webhook.channel.add_thread(call.payload["thread_name"])
        if webhook.channel.kind == "forum":
            raise Refused(
                400, 220001, "Webhooks posted to forum channels must have a thread_name or thread_id", blame=True
            )
        return webhook.channel

    def execute(self, call: Call) -> Json | None:
        if call.id("webhook") == self.world.application_id:
            return self.answers.follow(call)
        webhook = self._webhook(call)
        name = call.payload.get("username") or webhook.name
        raise_if(check_webhook_name(call.payload.get("username"), "username", low=0))
        author = WebhookAuthor(webhook.id, name, call.payload.get("avatar_url") or webhook.avatar)
        place = self._place(call, webhook)
        message = Message(self.world.ids.next(), place, author, self.world.clock.now(), webhook_id=webhook.id)
        create(self.world, message, call.sent())
        return message.payload() if call.flag("wait") else None

    def _message(self, call: Call) -> Message:
        """One that this webhook wrote, in the place that is named."""
        webhook = self._webhook(call)
        history = self._place(call, webhook).history
        for message in history:
            if message.id == call.id("message") and message.webhook_id == webhook.id and not message.deleted:
                return message
        raise unknown_message()

    def message(self, call: Call) -> Json:
        if call.id("webhook") == self.world.application_id:
            return self.answers.message(call).payload()
        return self._message(call).payload()

    def edit(self, call: Call) -> Json:
        if call.id("webhook") == self.world.application_id:
            return self.answers.edit(call)
        return edit(self.world, self._message(call), call.sent()).payload()

    def delete(self, call: Call) -> None:
        if call.id("webhook") == self.world.application_id:
            self.answers.delete(call)
        else:
            self.world.delete_message(self._message(call))
