from __future__ import annotations

import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.errors import OperatorError
from bot.logs import Mask, secrets_of, set_up, webhook_secrets
from bot.settings import (
    DiscordSettings,
    HubSettings,
    LogSettings,
    Settings,
    SourcesSettings,
    TelegramSettings,
    XSettings,
)
from tests.doubles.logging import left_alone
from trainer.logs import get_logger

TOKENS = {
    "discord": "disco.rd-token_é'ß",
    "telegram": "123456:AAtelegram-token",
    "webhook": "webhook-secret",
    "x": "AAAA%2Fx+bearer/token==",
    "hub": "hf_hub_token",
}
log = get_logger("bot.test")


@pytest.fixture(autouse=True)
def unchanged() -> Iterator[None]:
    with left_alone():
        yield


def settings_for(folder: Path, **logs: Any) -> Settings:
    secret = {name: SecretStr(value) for name, value in TOKENS.items()}
    return Settings(
        data_dir=folder,
        discord=DiscordSettings(token=secret["discord"]),
        telegram=TelegramSettings(token=secret["telegram"], webhook_secret=secret["webhook"]),
        sources=SourcesSettings(x=XSettings(token=secret["x"])),
        hub=HubSettings(token=secret["hub"]),
        logs=LogSettings(**logs),
    )


def read(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "logs" / "bot.log").read_text().splitlines()]


def test_a_file_that_only_the_operator_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    set_up(settings_for(tmp_path / "data"), stderr=False)
    log.info("hello", n=1)
    logging.getLogger("library").error("of a library")
    assert [line["event"] for line in read(tmp_path / "data")] == ["hello", "of a library"]
    assert stat.S_IMODE((tmp_path / "data" / "logs" / "bot.log").stat().st_mode) == 0o600
    assert capsys.readouterr().err == ""


def test_all_secrets_are_found_wherever_they_are(tmp_path: Path) -> None:
    found = sorted(secrets_of(settings_for(tmp_path)))
    assert found == sorted(TOKENS.values())
    assert list(secrets_of({"a": [SecretStr("b")], "c": (None, 5, "d")})) == ["b"]


@pytest.mark.parametrize("secret", TOKENS.values())
@pytest.mark.parametrize("style", ["console", "json"])
def test_no_secret_gets_into_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], secret: str, style: str
) -> None:
    set_up(settings_for(tmp_path, format=style), stderr=True)
    spelt = secret.encode().hex(" ")  # what nobody would look for
    try:
        raise ValueError(f"no answer from https://api.example/bot{secret}/getMe")
    except ValueError as error:
        log.info(f"it is {secret}", value=secret, many=[{"deep": (secret, Path(f"/{secret}"))}], error=error, hex=spelt)
        log.exception("failed")
        logging.getLogger("library").exception("%r and %s", secret, error)
    shown = capsys.readouterr().err
    written = (tmp_path / "logs" / "bot.log").read_text()
    for text in (shown, written):
        assert secret not in text
        assert json.dumps(secret)[1:-1] not in text
        assert repr(secret)[1:-1] not in text
        assert text.count("[secret]") >= 8
        assert spelt in text
    assert "https://api.example/bot[secret]/getMe" in read(tmp_path)[1]["exception"]


def test_addresses_that_are_secrets_are_masked_in_what_libraries_say() -> None:
    mask = Mask.of([])
    text = "POST https://discord.com/api/webhooks/123/abcdefgh-IJKLMNOP_qrst/messages/@original responded with 429"
    line = mask(None, "", {"event": text, "n": 3, "ok": True, "none": None})
    assert line["event"] == "POST https://discord.com/api/webhooks/123/[secret]/messages/@original responded with 429"
    assert (line["n"], line["ok"], line["none"]) == (3, True, None)


def test_the_path_of_a_webhook_is_masked(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    address = "https://bot.example.org/hook/Zq3kT9vX7LpB2m"
    webhook = settings.telegram.model_copy(update={"webhook_url": address})
    set_up(settings.model_copy(update={"telegram": webhook}), stderr=False)
    log.info(f"called: {address}", path="/hook/Zq3kT9vX7LpB2m", n=1)
    (line,) = read(tmp_path)
    assert (line["event"], line["path"]) == ("called: https://[secret]", "/[secret]")
    assert list(webhook_secrets("https://bot.example.org/telegram")) == ["bot.example.org/telegram"]
    assert list(webhook_secrets("https://bot.example.org/")) == list(webhook_secrets(None)) == []


def test_a_secret_that_hides_nothing_does_not_spoil_the_log() -> None:
    assert Mask.of(["a", ""])(None, "", {"event": "a banana"}) == {"event": "a banana"}


def test_a_longer_secret_is_masked_before_one_within_it() -> None:
    assert Mask.of(["token", "token-two"])(None, "", {"event": "token-two token"}) == {"event": "[secret] [secret]"}


def test_stderr_is_for_people_or_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    set_up(settings_for(tmp_path), stderr=True)
    log.warning("look", n=1)
    assert capsys.readouterr().err.endswith("Z  warning  bot.test  look  n=1\n")  # plain: no terminal
    set_up(settings_for(tmp_path, format="json"), stderr=True)
    log.warning("look", n=1)
    assert json.loads(capsys.readouterr().err)["event"] == "look"
    assert len(read(tmp_path)) == 2  # set up anew, not twice


def test_a_level_is_for_our_lines(tmp_path: Path) -> None:
    set_up(settings_for(tmp_path, level="warning"), stderr=False)
    log.info("not now")
    set_up(settings_for(tmp_path, level="debug"), stderr=False)
    log.debug("now")
    logging.getLogger("httpx").info("GET https://api.telegram.org/bot…")
    logging.getLogger("aiosqlite").debug("executing …, somebody's text")
    assert [line["event"] for line in read(tmp_path)] == ["now"]


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "logs" / "bot.log").mkdir(parents=True)
    with pytest.raises(OperatorError, match=r"bot\.log can't be written"):
        set_up(settings_for(tmp_path), stderr=False)


def test_a_full_file_is_kept_once(tmp_path: Path) -> None:
    set_up(settings_for(tmp_path, file_megabytes=1), stderr=False)
    for number in range(5):
        log.info("x" * 400_000, number=number)
    assert sorted(path.name for path in (tmp_path / "logs").iterdir()) == ["bot.log", "bot.log.1"]
    assert [line["number"] for line in read(tmp_path)] == [4]
