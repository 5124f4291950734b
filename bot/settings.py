"""Settings from a TOML file and the environment (`MYNAH_DATA_DIR`, `MYNAH_TRAINING__EPOCHS`, …), checked at start.

The environment wins over the file. An unknown key or an unfit value raises SettingsError, which names the key.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import platformdirs
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource
from pydantic_settings import SettingsError as SourceError

from bot.errors import SettingsError
from trainer.basenames import BUNDLED
from trainer.protocol import BlocklistOptions, Method

ENV_PREFIX = "MYNAH_"
CONFIG_VARIABLE = "MYNAH_CONFIG"
DEFAULT_CONFIG = Path("config.toml")
SECRETS = {"token", "webhook_secret", "webhook_url"}  # never shown
X_API = "https://api.x.com"
TELEGRAM_API = "https://api.telegram.org/bot"


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _stripped(value: object) -> object:
    """A secret from a file often ends with a line's end."""
    return value.strip() if isinstance(value, str) else value


def check_url(url: str, example: str) -> str:
    """Raises ValueError."""
    if urlsplit(url).scheme not in {"https", "http"} or not urlsplit(url).hostname:
        raise ValueError(f"it is a whole address, like {example}")
    return url


Token = Annotated[SecretStr, BeforeValidator(_stripped)]


class TrainingSettings(Section):
    """What `/train` does."""

    max_posts: int = Field(default=3200, ge=0, description="latest posts of an account to use; 0: all of them")
    min_characters: int = Field(
        default=6_000, ge=1, description="kept characters without which a voice can't be learnt"
    )
    warn_characters: int = Field(default=40_000, ge=0, description="kept characters below which people are warned")
    method: Method = Field(default="lora", description="an adapter on the base model, or a whole model per persona")
    epochs: int | None = Field(default=None, ge=1, le=100)
    learning_rate: float | None = Field(default=None, gt=0, le=1)
    lora_rank: int | None = Field(default=None, ge=1, le=512)
    seed: int = 1
    threads: int = Field(default=0, ge=0, description="CPU threads; 0: all cores")


class GenerationSettings(Section):
    """What `/say` does."""

    max_tokens: int = Field(default=100, ge=1, le=1024)
    temperature: float = Field(default=0.8, ge=0, le=5)
    top_p: float = Field(default=0.95, gt=0, le=1)
    top_k: int = Field(default=0, ge=0, description="choose among so many of the likeliest tokens; 0: all")
    repetition_penalty: float = Field(default=1.0, gt=0, le=5, description="above 1, what was said comes less easily")
    quote_tries: int = Field(
        default=3, ge=0, le=20, description="times to say it another way than a training post; 0: quotes are fine"
    )
    max_prompt_characters: int = Field(default=1_000, ge=1)
    threads: int = Field(default=0, ge=0, description="CPU threads; 0: all cores")
    precision: Literal["auto", "int8", "bf16", "fp32"] = Field(default="auto", description="of the weights")
    rows: int = Field(default=32, ge=5, le=1024, description="samples that are generated at a time")
    cache_megabytes: int = Field(default=1024, ge=1, description="for prompts and what was generated so far")
    queue: int = Field(default=256, ge=1, description="requests that may wait for a row; one more is told to try later")


class LimitSettings(Section):
    """For people on messengers; the admins of a server or group are exempt, and may tighten the daily ones there."""

    cooldown_seconds: float = Field(default=2, ge=0, description="between two questions of a person")
    answers_at_once: int = Field(default=2, ge=1, description="that one person may wait for")
    trainings_at_once: int = Field(default=1, ge=1, description="queued or running, of one person")
    generations_a_day: int = Field(default=2_000, ge=0, description="in a server, group or private chat")
    trainings_a_day: int = Field(default=10, ge=0, description="in a server or group")
    private_trainings_a_day: int = Field(default=3, ge=0, description="of a person in a private chat; 0: none")
    upload_megabytes: int = Field(default=20, ge=1, description="largest file of posts that people may send")


class DiscordSettings(Section):
    """`mynah run` serves Discord when there is a token."""

    token: Token | None = Field(default=None, description="of the bot, from the developer portal")
    persona_webhooks: bool = Field(default=True, description="let admins choose replies in the persona's name")
    api_base: str = Field(default="https://discord.com/api/v10", description="REST; for compatible servers")
    gateway: str = Field(default="wss://gateway.discord.gg/", description="websocket; for compatible servers")


class TelegramSettings(Section):
    """`mynah run` serves Telegram when there is a token."""

    token: Token | None = Field(default=None, description="of the bot, from @BotFather")
    api_base: str = Field(default=TELEGRAM_API, description="another one: your own Bot API server")
    file_base: str = Field(default="https://api.telegram.org/file/bot", description="that server's, for files")
    webhook_url: str | None = Field(default=None, description="https address for Telegram to call; none: polling")
    webhook_listen: str = Field(default="127.0.0.1", description="where the calls arrive, behind a reverse proxy")
    webhook_port: int = Field(default=8443, ge=1, le=65535)
    webhook_secret: SecretStr | None = Field(default=None, description="none: a new one with each start")

    @field_validator("webhook_secret")
    @classmethod
    def _check_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret.get_secret_value()):
            raise ValueError("Telegram takes 1 to 256 letters, digits, _ and -")
        return secret

    @field_validator("webhook_url", "api_base", "file_base")
    @classmethod
    def _check_url(cls, url: str | None) -> str | None:
        return url if url is None else check_url(url, "https://bot.example.org/telegram")


Dollars = Annotated[Decimal, Field(ge=0, le=100_000, max_digits=12, decimal_places=6)]


class XSettings(Section):
    """Reading from X costs money: https://docs.x.com/x-api/getting-started/pricing"""

    token: Token | None = Field(default=None, description="bearer token of your app; none: X archives only")
    price_post: Dollars = Field(default=Decimal("0.005"), description="dollars, for each post that is read")
    price_user: Dollars = Field(default=Decimal("0.01"), description="dollars, for each account that is looked up")
    monthly_budget: Dollars = Field(default=Decimal(20), description="dollars that are never exceeded")
    confirm_above: Dollars = Field(default=Decimal(1), description="dollars above which somebody has to say yes")
    spaces: tuple[str, ...] = Field(
        default=(), description='where on messengers X may be read from, like "discord:123"; "*": everywhere'
    )
    api_base: str = Field(default=X_API, description="for compatible servers")


class BlueskySettings(Section):
    """Public posts, free and without a login."""

    enabled: bool = True
    appview: str = Field(default="https://public.api.bsky.app", description="where posts are read")
    directory: str = Field(default="https://plc.directory", description="where accounts' servers are found")


class MastodonSettings(Section):
    """Off, but for these instances: many forbid training on their members' posts. A person's own archive is fine."""

    instances: tuple[str, ...] = Field(default=(), description='hosts whose rules allow it, like "mastodon.example"')

    @field_validator("instances")
    @classmethod
    def _check_hosts(cls, instances: tuple[str, ...]) -> tuple[str, ...]:
        for host in instances:
            if not re.fullmatch(r"([a-z0-9-]+\.)+[a-z0-9-]+", host):
                raise ValueError(f"{host!r} is not a host, like mastodon.example")
        return instances


class SourcesSettings(Section):
    """Where posts come from, besides files."""

    default: Literal["x", "bluesky"] | None = Field(
        default=None, description="where a plain @alice is; none: X if there is a token, else it is asked"
    )
    x: XSettings = XSettings()
    bluesky: BlueskySettings = BlueskySettings()
    mastodon: MastodonSettings = MastodonSettings()


class PrivacySettings(Section):
    """What is masked in posts before anything learns from them."""

    emails: bool = True
    phones: bool = True
    cards: bool = Field(default=True, description="numbers of cards and bank accounts")
    keys: bool = Field(default=True, description="passwords, tokens and keys")
    mask_mentions: bool = Field(default=False, description="@alice becomes @someone")


class HubSettings(Section):
    """`mynah models publish` and `pull`."""

    token: Token | None = Field(default=None, description="of an account that may write; none: that of `hf auth login`")
    endpoint: str = Field(default="https://huggingface.co", description="for compatible servers")

    @field_validator("endpoint")
    @classmethod
    def _check_endpoint(cls, url: str) -> str:
        return check_url(url, "https://huggingface.co")


class TrackingSettings(Section):
    """Where trainings are logged besides; needs the extra `tracking`."""

    backends: tuple[Literal["wandb", "trackio"], ...] = ()
    project: str = "mynah"
    offline: bool = Field(default=True, description="keep it on this machine, to be sent by hand")
    files: bool = Field(default=False, description="posts and weights themselves, not only what is known about them")


class PoolSettings(Section):
    """Which personas stay in the serving worker's memory."""

    max_megabytes: int = Field(default=512, ge=1)
    wait_seconds: float = Field(default=30, gt=0, description="how long a request waits for room before it gets Busy")


class LogSettings(Section):
    """What the bot and its workers write down of their work: on stderr, and in <data_dir>/logs."""

    format: Literal["console", "json"] = Field(default="console", description="on stderr; the files are always JSON")
    level: Literal["debug", "info", "warning", "error"] = "info"
    log_content: bool = Field(default=False, description="prompts and what personas say, too")
    file_megabytes: int = Field(default=10, ge=1, description="of each log; the one before it is kept, too")


class MetricsSettings(Section):
    """/metrics for Prometheus, /healthz and /readyz, while `mynah run` is running."""

    listen: str = Field(default="127.0.0.1", description="address; others than this machine's own let others read it")
    port: int = Field(default=9464, ge=0, le=65535, description="0: off")


class DiskSettings(Section):
    """What personas and posts may take; old versions are pruned then, the least recently used first."""

    personas_gigabytes: float = Field(default=20, ge=0, description="0: no limit")
    posts_gigabytes: float = Field(default=5, ge=0, description="what was read on networks; 0: no limit")
    keep_free_megabytes: int = Field(default=512, ge=64, description="below it, nothing is trained; talking goes on")


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    data_dir: Path = Field(default_factory=lambda: platformdirs.user_data_path("mynah"))
    base_model: str = "bundled"
    training: TrainingSettings = TrainingSettings()
    generation: GenerationSettings = GenerationSettings()
    blocklist: BlocklistOptions = BlocklistOptions()
    pool: PoolSettings = PoolSettings()
    limits: LimitSettings = LimitSettings()
    sources: SourcesSettings = SourcesSettings()
    privacy: PrivacySettings = PrivacySettings()
    hub: HubSettings = HubSettings()
    tracking: TrackingSettings = TrackingSettings()
    discord: DiscordSettings = DiscordSettings()
    telegram: TelegramSettings = TelegramSettings()
    logs: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()
    disk: DiskSettings = DiskSettings()


def load_settings(config: Path | None = None, data_dir: Path | None = None) -> Settings:
    """Read the file (`config`, or what MYNAH_CONFIG names, or ./config.toml if it is there) and the environment.

    Raises SettingsError, whose message names every key that is wrong and says how to mend it.
    """
    path = find_config(config)
    strangers = _strange_variables()

    class FileSettings(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, path)

    given: dict[str, Any] = {} if data_dir is None else {"data_dir": data_dir}
    try:
        settings = FileSettings(**given)
    except ValidationError as error:
        raise SettingsError(_explain(error, path, strangers)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from error
    except SourceError as error:
        raise SettingsError(f"{error}. A section's keys are set one by one, like MYNAH_TRAINING__EPOCHS.") from error
    except OSError as error:
        raise SettingsError(f"{path} can't be read ({error.strerror}).") from error
    if strangers:
        raise SettingsError("\n".join(strangers))
    return settings.model_copy(
        update={"data_dir": _absolute(settings.data_dir), "base_model": _base(settings.base_model)}
    )


def _base(name: str) -> str:
    """A folder's whole path: records have it, and are read from elsewhere."""
    return str(_absolute(Path(name))) if name != BUNDLED and Path(name).expanduser().is_dir() else name


def _absolute(folder: Path) -> Path:
    try:
        return folder.expanduser().absolute()
    except RuntimeError:
        raise SettingsError(f"data_dir: there is no home folder for {folder}. Give the whole path.") from None


def named_config(config: Path | None = None) -> Path | None:
    """The settings file that somebody has named, whether it is there or not."""
    return config or (Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None)


def find_config(config: Path | None = None) -> Path | None:
    """The settings file that is read. Raises SettingsError where one is named that isn't there."""
    named = named_config(config)
    if named is None:
        return DEFAULT_CONFIG if DEFAULT_CONFIG.is_file() else None
    if not named.is_file():
        raise SettingsError(f"The settings file {named} does not exist. `mynah --config {named} init` makes it.")
    return named


def _strange_variables() -> list[str]:
    """pydantic-settings passes over variables that it doesn't know; a misspelt one should not go unnoticed."""
    known = {f"{ENV_PREFIX}{name}".upper() for name in Settings.model_fields}
    return [
        f"{variable}: there is no such setting.{_suggest(name, known)}"
        for variable, name in ((each, each.upper()) for each in os.environ)
        if name.startswith(ENV_PREFIX) and name != CONFIG_VARIABLE and name.split("__")[0] not in known
    ]


def _explain(error: ValidationError, path: Path | None, strangers: list[str]) -> str:
    lines = [_explain_one(tuple(map(str, problem["loc"])), problem) for problem in error.errors()] + strangers
    where = f"{path} or the environment" if path else "the environment"
    return f"Settings in {where} can't be used:\n" + "\n".join(f"  {line}" for line in lines)


def _explain_one(location: tuple[str, ...], problem: Any) -> str:
    key = ".".join(location)
    if problem["type"] == "model_type":  # what stands there instead may be a secret
        return f"{key}: it is a section. Write [{key}] on a line, and its keys below."
    if problem["type"] != "extra_forbidden":
        given = "" if location[-1] in SECRETS else f" (it is {problem['input']!r})"
        return f"{key}: {problem['msg'].removeprefix('Value error, ')}{given}"
    fields: Any = Settings.model_fields
    for part in location[:-1]:
        fields = fields[part].annotation.model_fields
    return f"{key}: there is no such setting.{_suggest(location[-1], set(fields))}"


def _suggest(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]}?" if close else f" There are: {', '.join(sorted(known))}."
