"""Methods with which a bot gets its updates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.doubles.telegram.call import Call
from tests.doubles.telegram.refused import Refused, wrong
from tests.doubles.telegram.updates import BY_DEFAULT
from tests.doubles.telegram.users import bot_payload

if TYPE_CHECKING:
    from tests.doubles.telegram.api import Handler
    from tests.doubles.telegram.world import World

Json = dict[str, Any]
LONGEST_POLL = 50
ACTIVE = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
_ADDRESS = re.compile(r"https://[^\s/]+(/\S*)?|http://(127\.0\.0\.1|localhost)(:\d+)?(/\S*)?")


class Fetching:
    def __init__(self, world: World) -> None:
        self.world = world

    def methods(self) -> dict[str, Handler]:
        return {
            "getMe": self.me,
            "getUpdates": self.poll,
            "setWebhook": self.set,
            "deleteWebhook": self.delete,
            "getWebhookInfo": self.info,
        }

    def me(self, call: Call) -> Json:
        return bot_payload(self.world.bot, self.world.privacy)

    async def poll(self, call: Call) -> list[Json]:
        updates = self.world.updates
        if self.world.webhook.url:
            raise Refused(409, ACTIVE)
        limit = call.integer("limit", 100)
        if not 1 <= limit <= 100 or call.integer("timeout", 0) < 0:
            raise wrong(f"limit {limit} or timeout {call.params.get('timeout')} out of range")
        updates.allow(call.items("allowed_updates"))
        return await updates.poll(call.integer("offset", 0), limit, min(call.integer("timeout", 0), LONGEST_POLL))

    def set(self, call: Call) -> bool:
        url, secret = call.text("url"), call.params.get("secret_token")
        if url and not _ADDRESS.fullmatch(url):
            raise wrong("bad webhook: An HTTPS URL must be provided for webhook")
        if secret is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", str(secret)):
            raise wrong("secret token contains unallowed characters")
        if not 1 <= call.integer("max_connections", 40) <= 100:
            raise wrong("max_connections out of range")
        self.world.updates.allow(call.items("allowed_updates"))
        self._drop(call)
        self.world.updates.end_poll("terminated by setWebhook request")
        self.world.webhook.set(url, str(secret or ""), call.integer("max_connections", 40))
        return True

    def delete(self, call: Call) -> bool:
        self._drop(call)
        self.world.webhook.set("")
        return True

    def _drop(self, call: Call) -> None:
        if call.flag("drop_pending_updates"):
            self.world.updates.pending.clear()

    def info(self, call: Call) -> Json:
        updates = self.world.updates
        whole = self.world.webhook.info() | {"pending_update_count": len(updates.pending)}
        return whole | ({} if updates.allowed == BY_DEFAULT else {"allowed_updates": sorted(updates.allowed)})
