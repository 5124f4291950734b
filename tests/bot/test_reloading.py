from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from bot.errors import SettingsError
from bot.reloading import MEGABYTE, SECTIONS, merge, reload
from bot.settings import Settings, load_settings
from tests.doubles.service import FakeService


def leaves(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from leaves(kind, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def keys(kind: str) -> list[str]:
    return [
        f"{section}.{name}".lstrip(".") for section, known in SECTIONS.items() for name in getattr(known, kind).split()
    ]


def settings(folder: Path, toml: str) -> Settings:
    file = folder / "config.toml"
    file.write_text(toml)
    return load_settings(file, folder / "data")


def test_every_setting_is_known_once() -> None:
    assert sorted([*keys("live"), *keys("fixed")]) == sorted(leaves(Settings))


def test_what_can_change_does_and_the_rest_is_named(tmp_path: Path) -> None:
    old = settings(tmp_path, "[limits]\ncooldown_seconds = 2\n[generation]\nrows = 8\ntop_k = 5\n")
    new = settings(
        tmp_path,
        'base_model = "other"\n[limits]\ncooldown_seconds = 7\n[generation]\nrows = 9\ntop_k = 6\n'
        '[sources.x]\nmonthly_budget = 3\nconfirm_above = 2\n[blocklist]\nadd = ["xyzzy"]\n[logs]\nlevel = "debug"\n',
    )
    found = merge(old, new)
    assert set(found.changed) == {
        "limits.cooldown_seconds",
        "generation.top_k",
        "sources.x.confirm_above",
        "blocklist.add",
    }
    assert set(found.needs_restart) == {"base_model", "generation.rows", "sources.x.monthly_budget", "logs.level"}
    now = found.settings
    assert (now.limits.cooldown_seconds, now.generation.top_k, now.blocklist.add) == (7, 6, ("xyzzy",))
    assert (now.base_model, now.generation.rows, int(now.sources.x.monthly_budget)) == ("bundled", 8, 20)
    assert old.limits.cooldown_seconds == 2


def test_nothing_new_changes_nothing(tmp_path: Path) -> None:
    old = settings(tmp_path, "[discord]\ntoken = 'abc'\n")
    found = merge(old, settings(tmp_path, "[discord]\ntoken = 'abc'\n"))
    assert (found.settings, found.changed, found.needs_restart) == (old, (), ())


@pytest.mark.parametrize("key", keys("live"))
def test_each_live_key_alone(tmp_path: Path, key: str) -> None:
    """Whatever its type: a value of a file that has another one."""
    old = Settings(data_dir=tmp_path)
    section, _, name = key.rpartition(".")
    before = old
    for part in section.split("."):
        before = getattr(before, part)
    value = getattr(before, name)
    other = ["y"] if isinstance(value, tuple) else not value if isinstance(value, bool) else OTHER.get(key, 3)
    new = settings(
        tmp_path, f"[{section}]\n{name} = {str(other).lower() if isinstance(other, bool) else repr(other)}\n"
    )
    found = merge(old, new.model_copy(update={"data_dir": tmp_path}))
    assert found.changed == (key,)
    assert found.needs_restart == ()
    assert found.settings == Settings.model_validate(new.model_dump() | {"data_dir": tmp_path})


OTHER = {
    "training.method": "full",
    "training.learning_rate": 0.5,
    "generation.temperature": 2.0,
    "generation.top_p": 0.5,
    "generation.quote_tries": 5,
    "limits.private_trainings_a_day": 5,
    "tracking.project": "other",
    "disk.keep_free_megabytes": 100,
}


async def test_the_services_hear_of_it(service: FakeService, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    caplog.set_level(logging.INFO)
    new = "[pool]\nmax_megabytes = 3\nwait_seconds = 1\n[limits]\nanswers_at_once = 9\n[hub]\ntoken = 'hush-hush'\n"
    reload(service.services, lambda: settings(tmp_path, new))
    assert (service.services.pool.max_bytes, service.services.pool.wait_seconds) == (3 * MEGABYTE, 1)
    assert service.services.gate.limits.answers_at_once == 9
    assert service.services.settings.hub.token is None
    assert "limits.answers_at_once" in caplog.text
    assert "change with a restart: " in caplog.text
    assert "hub.token" in caplog.text
    assert "hush" not in caplog.text


async def test_a_bad_file_changes_nothing(
    service: FakeService, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    before = service.services.settings
    reload(service.services, lambda: settings(tmp_path, "[limits]\ncooldown = 7\n"))
    assert service.services.settings is before
    assert "limits.cooldown: there is no such setting" in caplog.text
    reload(service.services, lambda: settings(tmp_path, "[limits\n"))
    assert "is not valid TOML" in caplog.text


async def test_a_file_that_is_gone_changes_nothing(service: FakeService, tmp_path: Path) -> None:
    before = service.services.settings
    assert reload(service.services, lambda: load_settings(tmp_path / "none.toml")) is None
    assert service.services.settings is before
    with pytest.raises(SettingsError):
        load_settings(tmp_path / "none.toml")
