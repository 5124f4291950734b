from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest
import typer

from bot.benching import bench_say, bench_settings, bench_train, quantile, resident_bytes
from bot.cli.bench import _crowds, _hardware, _kept_on_failure
from bot.errors import OperatorError
from bot.settings import DiscordSettings, Settings, TrackingSettings, TrainingSettings
from tests.bases import save_tiny_base
from tests.bot.setup.test_checks import CPU
from tests.doubles.service import fake_service
from tests.doubles.sources import make_posts
from tests.e2e.conftest import Mynah
from trainer.findings import BaseFound, Findings


@pytest.fixture(scope="module")
def mynah(tmp_path_factory: pytest.TempPathFactory) -> Mynah:
    place = tmp_path_factory.mktemp("bench")
    (place / "tmp").mkdir()
    base = str(save_tiny_base(place / "tiny", context=128))
    return Mynah(place / "data", base, extra={"TMPDIR": str(place / "tmp")})


def test_speaking_is_measured_with_the_real_workers_and_leaves_nothing(mynah: Mynah) -> None:
    done = mynah.run("bench", "say", "--n", "1,3", "--seconds", "0.2", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [one["at_once"] for one in found["say"]] == [1, 3]
    assert all(one["answers"] >= one["at_once"] and one["tokens_per_second"] > 0 for one in found["say"])
    assert all(0 < one["first_p50"] <= one["first_p95"] for one in found["say"])
    assert found["say"][0]["worker_bytes"] > 50e6
    assert found["machine"]["compute"]["cores"] >= 1
    assert list((mynah.data_dir / "work").iterdir()) == []
    assert list(Path(mynah.extra["TMPDIR"]).iterdir()) == []


async def test_training_is_measured_and_a_larger_account_estimated(tmp_path: Path) -> None:
    told: list[str] = []
    async with fake_service(tmp_path) as service:
        service.sources.posts["pip_the_lighthouse"] = make_posts(60)
        async with service.running():
            small = await bench_train(service.services, 100, told.append)
            assert (await service.services.store.persona("pip_the_lighthouse")) is not None
        async with service.running():
            await service.services.store.forget("pip_the_lighthouse")
            large = await bench_train(service.services, 100_000, told.append)
    assert small.posts > 0
    assert small.tokens_per_second > 0
    assert large.estimate_seconds > small.estimate_seconds > 0
    assert any(text.startswith("training the sample account") for text in told)


def test_a_base_model_that_is_not_there_is_said(mynah: Mynah, tmp_path: Path) -> None:
    done = Mynah(tmp_path / "data", str(tmp_path / "nothing")).run("bench", "say")
    assert done.returncode == 1
    assert str(tmp_path / "nothing") in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_failed_training_is_an_error(tmp_path: Path) -> None:
    async with fake_service(tmp_path) as service:
        service.sources.posts["pip_the_lighthouse"] = make_posts(1)
        async with service.running():
            with pytest.raises(Exception, match="sample account could not be trained"):
                await bench_train(service.services, 100, lambda text: None)


async def test_one_who_gets_no_answer_is_an_error_of_one_line(tmp_path: Path) -> None:
    async with fake_service(tmp_path) as service:
        persona = await service.add_persona("pip")
        service.generator.answers = [[OperatorError("The worker is gone.")]]
        with pytest.raises(OperatorError, match="gone"):
            await bench_say(service.services, persona, [3], 0.0, lambda text: None)


@pytest.mark.parametrize(("error", "kept"), [(OperatorError("no"), True), (asyncio.CancelledError(), False)])
def test_what_a_failure_has_written_down_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], error: BaseException, kept: bool
) -> None:
    bench = _kept_on_failure(tmp_path / "work")
    folder = bench.__enter__()
    assert folder.is_dir()
    assert not bench.__exit__(type(error), error, None)  # it goes on
    assert folder.exists() is kept
    assert (f"{folder}/logs" in capsys.readouterr().err) is kept


async def test_everybody_is_answered_at_least_once(tmp_path: Path) -> None:
    async with fake_service(tmp_path) as service:
        persona = await service.add_persona("pip")
        found = await bench_say(service.services, persona, [2, 5], 0.0, lambda text: None)
        assert [one.answers for one in found] == [2, 5]
        assert found[0].worker_bytes is None  # there is no worker


@pytest.mark.parametrize("text", ["", "0", "1,,2", "-1", "two", "1025", "9" * 5000])
def test_wrong_numbers_of_people(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="like 1,8,32"):
        _crowds(text)


def test_numbers_of_people() -> None:
    assert _crowds(" 1, 8,1024") == [1, 8, 1024]


def test_the_bench_keeps_to_its_folder_and_to_what_is_configured(tmp_path: Path) -> None:
    settings = Settings(
        base_model="gpt2",
        training=TrainingSettings(lora_rank=3, epochs=9),
        tracking=TrackingSettings(backends=("wandb",)),
        discord=DiscordSettings(persona_webhooks=False),
    )
    whole, quick = (bench_settings(settings, tmp_path, quick) for quick in (False, True))
    assert (whole.data_dir, whole.base_model, whole.training.lora_rank) == (tmp_path, "gpt2", 3)
    assert whole.tracking.backends == ()
    assert bench_settings(settings, tmp_path, True, most=1000).generation.queue == 1000
    assert whole.generation == settings.generation
    assert (whole.training.epochs, quick.training.epochs) == (9, 1)


def test_a_model_that_is_not_here_yet_has_no_size() -> None:
    found = Findings(compute=CPU, base=BaseFound(name="somebody/model"))
    assert "somebody/model, which had to be downloaded, weights in int8" in _hardware(found, precision=True)


def test_quantiles() -> None:
    assert quantile([3.0], 95) == 3.0
    assert quantile([1.0, 2.0, 3.0], 50) == 2.0


def test_resident_memory() -> None:
    if Path("/proc/self/status").exists():
        assert (resident_bytes(os.getpid()) or 0) > 1e6
    assert resident_bytes(2**22 + 1) is None
