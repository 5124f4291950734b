"""What the API answers instead of doing something."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
REASONS = {400: "Bad Request", 403: "Forbidden", 409: "Conflict", 429: "Too Many Requests"}


class Refused(Exception):
    """An error answer. `blame`: the bot sent something that it could have known to be wrong."""

    def __init__(self, status: int, description: str, *, blame: bool = False, parameters: Json | None = None) -> None:
        reason = REASONS.get(status)
        self.description = f"{reason}: {description}" if reason else description
        super().__init__(f"{status} {self.description}")
        self.status, self.blame = status, blame
        self.body: Json = {"ok": False, "error_code": status, "description": self.description}
        self.body |= {"parameters": parameters} if parameters else {}


def wrong(description: str) -> Refused:
    """Nothing that a correct bot ever sends."""
    return Refused(400, description, blame=True)


def unlucky(description: str) -> Refused:
    """What can happen to a correct bot as well, for others act at the same time."""
    return Refused(400, description)


def forbidden(description: str) -> Refused:
    return Refused(403, description)


def too_many(seconds: int) -> Refused:
    return Refused(429, f"retry after {seconds}", parameters={"retry_after": seconds})


def migrated(chat_id: int) -> Refused:
    parameters = {"migrate_to_chat_id": chat_id}
    return Refused(400, "group chat was upgraded to a supergroup chat", parameters=parameters)


def too_old() -> Refused:
    return unlucky("query is too old and response timeout expired or query ID is invalid")
