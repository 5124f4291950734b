"""Modals as a person fills them in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.doubles.discord.checks.components import ROW, TEXT, TEXT_INPUT
from tests.doubles.discord.checks.modals import CHECKBOX, LABEL, RADIOS
from tests.doubles.discord.options import Resolved, Value

Json = dict[str, Any]
Entry = Value | Sequence[Value] | None


def fill_form(modal: Json, entries: Mapping[str, Entry], resolved: Resolved) -> list[Json]:
    """The components of a submission; `entries` by label or custom_id, the rest as it stood there."""
    unused = dict(entries)
    filled = [_filled(component, unused, resolved) for component in modal["components"]]
    assert not unused, f"The modal has no {list(unused)}"
    return filled


def _filled(component: Json, entries: dict[str, Entry], resolved: Resolved) -> Json:
    kind = component["type"]
    if kind == ROW:
        inside = component["components"][0]
        return {"type": ROW, "components": [_field(inside, inside["label"], entries, resolved)]}
    if kind == LABEL:
        return {"type": LABEL, "component": _field(component["component"], component["label"], entries, resolved)}
    assert kind == TEXT
    return {"type": TEXT}


def _field(component: Json, label: str, entries: dict[str, Entry], resolved: Resolved) -> Json:
    name = component["custom_id"]
    given = next((entries.pop(key) for key in (label, name) if key in entries), None)
    whole: Json = {"type": component["type"], "custom_id": name}
    if component["type"] == TEXT_INPUT:
        return whole | {"value": _text(component, label, component.get("value") if given is None else given)}
    if component["type"] == CHECKBOX:
        return whole | {"value": bool(component.get("default") if given is None else given)}
    values = _values(component, label, given, resolved)
    if component["type"] == RADIOS:
        return whole | {"value": values[0] if values else None}
    return whole | {"values": values}


def _text(component: Json, label: str, value: object) -> str:
    text = str(value or "")
    low, high = component.get("min_length") or 0, component.get("max_length") or 4000
    assert text or not component.get("required", True), f"{label!r} has to be filled in"
    assert not text or low <= len(text) <= high, f"{label!r} takes {low} to {high} characters, not {len(text)}"
    return text


def _values(component: Json, label: str, given: Entry, resolved: Resolved) -> list[str]:
    options = component.get("options")
    if given is None:
        return [each["value"] for each in options or [] if each.get("default")]
    listed: list[Any] = list(given) if isinstance(given, list | tuple) else [given]
    values = [each if isinstance(each, str) else resolved.add(each) for each in listed]
    assert options is None or set(values) <= {each["value"] for each in options}, f"{label!r} has no {values}"
    low, high = component.get("min_values", 1), component.get("max_values", 1)
    assert low <= len(values) <= high, f"{label!r} takes {low} to {high} values"
    return values
