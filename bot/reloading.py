"""Settings anew while the bot runs (SIGHUP): what can change does, what can't stays as it was and is named."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from pydantic import BaseModel

from bot.errors import MynahError
from bot.settings import Settings
from bot.usecases.services import Services

MEGABYTE = 1024 * 1024
logger = logging.getLogger(__name__)
M = TypeVar("M", bound=BaseModel)


class Keys(NamedTuple):
    """Of one section: `live` ones are asked for each time, `fixed` ones when the bot starts."""

    live: str = ""
    fixed: str = ""


SECTIONS = {
    "": Keys(fixed="data_dir base_model"),
    "training": Keys(
        live="max_posts min_characters method epochs learning_rate lora_rank seed",
        fixed="warn_characters threads",  # messengers' looks have the first
    ),
    "generation": Keys(
        live="max_tokens temperature top_p top_k repetition_penalty quote_tries max_prompt_characters",
        fixed="threads precision rows cache_megabytes queue",  # of the serve worker's command line
    ),
    "blocklist": Keys(live="enabled allow add"),
    "pool": Keys(live="max_megabytes wait_seconds"),
    "limits": Keys(
        live="cooldown_seconds answers_at_once trainings_at_once generations_a_day trainings_a_day "
        "private_trainings_a_day upload_megabytes"
    ),
    "sources": Keys(fixed="default"),
    "sources.x": Keys(live="confirm_above spaces", fixed="token price_post price_user monthly_budget api_base"),
    "sources.bluesky": Keys(fixed="enabled appview directory"),
    "sources.mastodon": Keys(fixed="instances"),
    "privacy": Keys(live="emails phones cards keys mask_mentions"),
    "hub": Keys(fixed="token endpoint"),
    "tracking": Keys(live="project offline files", fixed="backends"),  # it is checked at the start that they are there
    "discord": Keys(live="persona_webhooks", fixed="token api_base gateway"),
    "telegram": Keys(
        fixed="token api_base file_base webhook_url webhook_listen webhook_port webhook_secret",
    ),
    "logs": Keys(fixed="level log_content format file_megabytes"),  # of workers' command lines, too
    "metrics": Keys(fixed="listen port"),
    "disk": Keys(live="personas_gigabytes posts_gigabytes keep_free_megabytes"),
}


@dataclass(frozen=True)
class Reloaded:
    """The settings as they are now; and the keys, like `limits.cooldown_seconds`, that changed, or would have."""

    settings: Settings
    changed: tuple[str, ...]
    needs_restart: tuple[str, ...]


def merge(old: Settings, new: Settings) -> Reloaded:
    """The old ones, with those of the new ones that can change while the bot runs. Pure."""
    changed = tuple(key for key in _keys("live") if _value(old, key) != _value(new, key))
    fixed = tuple(key for key in _keys("fixed") if _value(old, key) != _value(new, key))
    settings = old
    for key in changed:
        settings = _with(settings, key, _value(new, key))
    return Reloaded(settings, changed, fixed)


def _keys(kind: str) -> Iterator[str]:
    for section, keys in SECTIONS.items():
        yield from (f"{section}.{name}".lstrip(".") for name in getattr(keys, kind).split())


def _value(settings: Settings, key: str) -> object:
    value: object = settings
    for part in key.split("."):
        value = getattr(value, part)
    return value


def _with(model: M, key: str, value: object) -> M:
    """A copy with another value at the key; it was validated where it comes from."""
    name, _, rest = key.partition(".")
    return model.model_copy(update={name: _with(getattr(model, name), rest, value) if rest else value})


def reload(services: Services, load: Callable[[], Settings]) -> Reloaded | None:
    """Have what `load` reads. None, and nothing changes, where that can't be used.

    Logs keys of what changed; of what can't be used its value, too, unless it is a secret.
    """
    try:
        reloaded = merge(services.settings, load())
    except MynahError as error:
        logger.error("settings are not reloaded, all stay as they are: %s", error)
        return None
    services.live.now = reloaded.settings
    services.pool.max_bytes = reloaded.settings.pool.max_megabytes * MEGABYTE
    services.pool.wait_seconds = reloaded.settings.pool.wait_seconds
    logger.info("settings are reloaded; changed: %s", ", ".join(reloaded.changed) or "none")
    if reloaded.needs_restart:
        logger.warning("these settings change with a restart: %s", ", ".join(reloaded.needs_restart))
    return reloaded
