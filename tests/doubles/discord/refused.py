"""What the API answers instead of doing something."""

from __future__ import annotations

from typing import Any

from tests.doubles.discord.checks.problems import Problems

Json = dict[str, Any]


class Refused(Exception):
    """An error answer. `blame`: the bot sent something that it could have known to be wrong."""

    def __init__(
        self, status: int, code: int, message: str, *, errors: Json | None = None, blame: bool = False
    ) -> None:
        super().__init__(f"{status}/{code} {message}" + (f" {errors}" if errors else ""))
        self.status = status
        self.blame = blame
        self.body: Json = {"message": message, "code": code} | ({"errors": errors} if errors else {})


def raise_if(problems: Problems) -> None:
    if problems.found:
        raise Refused(400, 50035, "Invalid Form Body", errors=problems.nested(), blame=True)


def invalid(field: str, message: str, code: str = "BASE_TYPE_BAD") -> Refused:
    problems = Problems()
    problems.add((field,), code, message)
    return Refused(400, 50035, "Invalid Form Body", errors=problems.nested(), blame=True)


def unknown(what: str, code: int) -> Refused:
    return Refused(404, code, f"Unknown {what}")


def unknown_channel() -> Refused:
    return unknown("Channel", 10003)


def unknown_message() -> Refused:
    return unknown("Message", 10008)


def unknown_webhook() -> Refused:
    return unknown("Webhook", 10015)


def missing_access() -> Refused:
    return Refused(403, 50001, "Missing Access")


def missing_permissions() -> Refused:
    return Refused(403, 50013, "Missing Permissions")


def not_yours() -> Refused:
    return Refused(403, 50005, "Cannot edit a message authored by another user", blame=True)


def empty_message() -> Refused:
    return Refused(400, 50006, "Cannot send an empty message", blame=True)
