"""Where each setting comes from. Pure, but for reading the file and the environment once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, SecretStr
from pydantic_settings import EnvSettingsSource

from bot.settings import Settings

Origin = Literal["default", "file", "environment", "option"]
Key = tuple[str, ...]
MASK = "********"
WEBHOOK: Key = ("telegram", "webhook_url")


@dataclass(frozen=True)
class Given:
    """What is set where, as nested tables; the later ones win."""

    file: Mapping[str, Any]
    environment: Mapping[str, Any]
    option: Mapping[str, Any]

    def origin(self, key: Key) -> Origin:
        if _at(self.option, key) is not None:
            return "option"
        if _at(self.environment, key) is not None:
            return "environment"
        return "default" if _at(self.file, key) is None else "file"


@dataclass(frozen=True)
class Setting:
    """`value` and `default` as they may be shown: secrets are masked."""

    key: str
    value: Any
    origin: Origin
    default: Any

    @property
    def section(self) -> str:
        return self.key.rpartition(".")[0]

    @property
    def changed(self) -> bool:
        return bool(self.value != self.default)


def given(path: Path | None, data_dir: Path | None) -> Given:
    """Of a file that `load_settings` could read."""
    file = {} if path is None else tomllib.loads(path.read_text(encoding="utf-8"))
    return Given(file, EnvSettingsSource(Settings)(), {} if data_dir is None else {"data_dir": data_dir})


def listed(settings: Settings, given: Given) -> list[Setting]:
    """Every setting, a section's together."""
    return list(_listed(settings, (), given))


def _listed(section: BaseModel, above: Key, given: Given) -> Iterator[Setting]:
    subsections: list[tuple[Key, BaseModel]] = []
    for name, field in type(section).model_fields.items():
        key, value = (*above, name), getattr(section, name)
        if isinstance(value, BaseModel):
            subsections.append((key, value))
            continue
        default = field.get_default(call_default_factory=True, validated_data={})
        yield Setting(".".join(key), _masked(key, value), given.origin(key), default)
    for key, value in subsections:
        yield from _listed(value, key, given)


def _masked(key: Key, value: Any) -> Any:
    """Of a webhook's address the path, too: nobody else is to know it."""
    if key == WEBHOOK and value is not None:
        scheme, _, address = value.partition("://")
        host, _, path = address.partition("/")
        return f"{scheme}://{host}/{MASK}" if path else value
    return MASK if isinstance(value, SecretStr) else value


def _at(tables: Any, key: Key) -> Any:
    for name in key:
        tables = tables.get(name) if isinstance(tables, Mapping) else None
    return tables
