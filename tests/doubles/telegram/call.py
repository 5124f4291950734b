"""One request, read: its parameters as what they are meant to be, and its files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.doubles.telegram.refused import wrong
from tests.doubles.telegram.words import names

Json = dict[str, Any]

# everything else is JSON, be it only a number
TEXTS = names(
    "text caption parse_mode callback_query_id inline_query_id inline_message_id file_id url ip_address action "
    "description short_description language_code secret_token next_offset photo document thumbnail certificate "
    "business_connection_id message_effect_id"
)


@dataclass(frozen=True)
class Sent:
    """A file of a request."""

    name: str
    data: bytes
    mime_type: str


@dataclass
class Call:
    method: str
    params: Json
    files: dict[str, Sent] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        value = self.params.get(name, default)
        if not isinstance(value, str):
            raise wrong(f"{name} is no text: {value!r}")
        return value

    def integer(self, name: str, default: int | None = None) -> int:
        value = self.params.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise wrong(f"{name} is no number: {value!r}")
        return value

    def flag(self, name: str) -> bool:
        value = self.params.get(name, False)
        if not isinstance(value, bool):
            raise wrong(f"{name} is neither true nor false: {value!r}")
        return value

    def object(self, name: str) -> Json | None:
        value = self.params.get(name)
        if value is not None and not isinstance(value, dict):
            raise wrong(f"can't parse {name} JSON object: {value!r}")
        return value

    def items(self, name: str) -> list[Any] | None:
        value = self.params.get(name)
        if value is not None and not isinstance(value, list):
            raise wrong(f"can't parse {name} JSON array: {value!r}")
        return value

    def show(self) -> Json:
        return self.params | {name: f"<{sent.name}, {len(sent.data)} bytes>" for name, sent in self.files.items()}


async def read(request: web.Request, method: str) -> Call:
    """Parameters come in the URL, as a form, in parts or as JSON."""
    call = Call(method, {name: _value(name, text) for name, text in request.query.items()})
    if request.content_type == "application/json":
        body = await request.json()
        if not isinstance(body, dict):
            raise wrong("can't parse request: JSON object expected")
        call.params |= body
        return call
    for name, part in (await request.post()).items():
        if isinstance(part, web.FileField):
            call.files[name] = Sent(part.filename, part.file.read(), part.content_type)
        else:
            call.params[name] = _value(name, part if isinstance(part, str) else part.decode())
    return call


def _value(name: str, text: str) -> Any:
    """What cannot be read is left to whoever asks for it, and refused there."""
    if name in TEXTS:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
