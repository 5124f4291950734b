"""The Dockerfile, step by step, on a machine without a container engine; then the bot in what came of it.

    sudo python -m benchmarks.container

The steps are read from the Dockerfile itself. What can't be had here is done in another way, and named. The bot then
runs as the image's user with a read-only root, no capabilities and process number 1, against the double of Telegram's
Bot API: it turns healthy, learns an account, speaks, and ends by the stop signal.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.dockerfile import Build, Stage, inside, mount
from benchmarks.report import print_report
from tests.doubles.telegram import FakeTelegram

ROOT = Path(__file__).parents[1]
IN_NAMESPACE = "CONTAINER_NAMESPACE"
HARDENED = ("--no-new-privs", "--bounding-set=-all", "--inh-caps=-all")
WAIT_SECONDS, STOP_SECONDS = 120.0, 20.0
QUICK = {"MYNAH_TRAINING__EPOCHS": "1", "MYNAH_TRAINING__MAX_POSTS": "200"}  # a training at all, not a good one
UNPROVEN = (
    "the base image itself (its Python, its system, that it has no compiler)",
    "an engine's own part: BuildKit, layers and their cache, Compose, its limits and its tini",
    "other processors, and GPUs",
)


@dataclass
class Container:
    """The image's command, as process 1 of a namespace of its own."""

    stage: Stage
    environment: dict[str, str]
    volume: Path
    log: Path
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        command = inside(self.stage, self.environment, [*self.stage.entrypoint, *self.stage.command], *HARDENED)
        alone = ["unshare", "--pid", "--fork", f"--mount-proc={self.stage.root / 'proc'}"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([*alone, *command], stdout=log, stderr=log)
        while not self._children:
            self.check()

    def check(self) -> None:
        """Raises SystemExit, with its log, when it has ended."""
        if self.process.poll() is not None:
            raise SystemExit(f"It has ended with {self.process.returncode}:\n{self.log.read_text()[-3000:]}")

    @property
    def _children(self) -> list[str]:
        own = self.process.pid
        return Path(f"/proc/{own}/task/{own}/children").read_text().split()

    @property
    def first(self) -> int:
        """The process that is number 1 in there, by its number out here."""
        self.check()
        return int(self._children[0])

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        """As `docker exec` does."""
        within = ["nsenter", f"--target={self.first}", "--mount", "--pid"]
        line = [*within, *inside(self.stage, self.environment, command, *HARDENED)]
        return subprocess.run(line, capture_output=True, text=True, timeout=WAIT_SECONDS)

    def status(self, name: str) -> str:
        lines = Path(f"/proc/{self.first}/status").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith(f"{name}:"))

    def mount_options(self, place: str) -> list[str]:
        """Of what is mounted there last, as number 1 sees it."""
        mounts = [line.split() for line in Path(f"/proc/{self.first}/mounts").read_text().splitlines()]
        return [mount[3] for mount in mounts if mount[1] == place][-1].split(",")

    def kill(self) -> None:
        """Number 1 takes all others with it."""
        if self.process.poll() is None:
            os.kill(self.first, signal.SIGKILL)
            self.process.wait()

    def stop(self) -> tuple[int, float]:
        """Exit code and seconds."""
        began = time.monotonic()
        os.kill(self.first, signal.Signals[self.stage.stop_signal])
        return self.process.wait(WAIT_SECONDS), time.monotonic() - began


async def healthy(container: Container) -> float | None:
    """Seconds until the image's own check says so; None: it never does."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < WAIT_SECONDS:
        said = await asyncio.to_thread(container.execute, *container.stage.health)
        if said.returncode == 0:
            return passed
        await asyncio.sleep(0.2)
    print(said.stdout, said.stderr, container.log.read_text()[-3000:])
    return None


@asynccontextmanager
async def running(stage: Stage, place: Path, fake: FakeTelegram) -> AsyncIterator[Container]:
    volume = place / "volume"
    shutil.copytree(stage.path("/data"), volume)  # what an engine does for a new volume: content, owner and mode
    shutil.copystat(stage.path("/data"), volume)
    owner = stage.path("/data").stat()
    os.chown(volume, owner.st_uid, owner.st_gid)
    mount("-o", "remount,ro", stage.root)
    mount("--bind", volume, stage.path("/data"))
    messenger = {"TOKEN": fake.token, "API_BASE": fake.api_base, "FILE_BASE": fake.file_base}
    given = {f"MYNAH_TELEGRAM__{name}": text for name, text in messenger.items()}
    container = Container(stage, stage.environment | given | QUICK, volume, place / "run.log")
    container.start()
    try:
        yield container
    finally:
        container.kill()


async def check(stage: Stage, place: Path) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []

    def tell(what: str, found: str, good: bool) -> None:
        rows.append((what, found, "ok" if good else "NOT OK"))

    async with FakeTelegram() as fake:
        ann = fake.add_user("ann")
        chat = fake.private(ann)
        async with running(stage, place, fake) as container:
            passed = await healthy(container)
            tell("healthy after", "never" if passed is None else f"{passed:.1f} s", passed is not None)
            users, groups = ({*container.status(name).split()} for name in ("Uid", "Gid"))
            groups |= {*container.status("Groups").split()}
            known = f"{' '.join(sorted(users))}; {' '.join(sorted(groups))}"
            tell("its user and groups", known, "0" not in users | groups)
            tell("capabilities", container.status("CapEff"), int(container.status("CapEff"), 16) == 0)
            options = container.mount_options("/")
            tell("root is read-only", options[0], "ro" in options)
            began = time.monotonic()
            await fake.write(ann, chat, "/train @pip_the_lighthouse")
            await chat.until(lambda c: any("bits per byte" in m.plain or "My dream is" in m.plain for m in c.sent), 480)
            tell("learns an account", f"{time.monotonic() - began:.0f} s", True)
            before = len(chat.sent)
            await fake.write(ann, chat, "/say The sea is")
            await chat.until(lambda c: any("The sea is" in m.plain for m in c.sent[before:]), WAIT_SECONDS)
            tell("speaks", "yes", True)
            dead = container.execute("sh", "-c", "grep -l 'State:.*zombie' /proc/[0-9]*/status | wc -l").stdout.strip()
            tell("processes that nobody ends", dead, dead == "0")
            code, seconds = await asyncio.to_thread(container.stop)
            tell(f"{stage.stop_signal}: exit code", str(code), code == 0)
            tell(f"{stage.stop_signal}: seconds, at most {STOP_SECONDS:.0f}", f"{seconds:.1f}", seconds <= STOP_SECONDS)
    return rows


def added(layer: Path, folders: Sequence[str]) -> list[tuple[str, ...]]:
    sizes = [(f"/{name}", folder_megabytes(layer / name)) for name in folders]
    rows = [(f"size of {name}", f"{size:.0f} MB", "") for name, size in sizes]
    return [("size beside the base image", f"{folder_megabytes(layer):.0f} MB", ""), *rows]


def folder_megabytes(folder: Path) -> float:
    done = subprocess.run(["du", "-sb", folder], capture_output=True, text=True, check=True)
    return int(done.stdout.split()[0]) / 1e6


def build_context(place: Path) -> Path:
    """What .dockerignore lets through."""
    context = place / "context"
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for line in (line for line in ignored if line.startswith("!")):
        source, target = ROOT / line[1:], context / line[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        else:
            shutil.copy2(source, target)
    return context


def clear(place: Path) -> None:
    """Nothing is deleted while something of this machine is still mounted there."""
    for root in place.glob("stages/*/root"):
        subprocess.run(["umount", "--lazy", root], check=True)
    if str(place) in Path("/proc/self/mounts").read_text():
        raise SystemExit(f"{place} has mounts that don't go; it is left as it is.")
    shutil.rmtree(place)


def main() -> None:
    if os.geteuid() != 0:
        raise SystemExit("This needs root, for mounts in a namespace of its own: sudo python -m benchmarks.container")
    if IN_NAMESPACE not in os.environ:
        os.environ[IN_NAMESPACE] = "1"
        again = [sys.executable, "-m", "benchmarks.container", *sys.argv[1:]]
        os.execvp("unshare", ["unshare", "--mount", "--propagation=private", *again])
    place = Path(tempfile.mkdtemp(prefix="mynah-container-", dir="/var/tmp"))
    place.chmod(0o755)
    try:
        build = Build(build_context(place), place / "stages", {}, lambda line: print(line, flush=True))
        stage = build.follow(ROOT / "Dockerfile")
        rows = asyncio.run(check(stage, place)) + added(stage.layer, ("opt/venv",))
    finally:
        clear(place)
    print()
    print_report("The container", [("what", "found", ""), *rows])
    for what in build.substituted:
        print(f"substituted: {what}")
    for what in UNPROVEN:
        print(f"not proven here: {what}")
    sys.exit(any(row[2] == "NOT OK" for row in rows))


if __name__ == "__main__":
    main()
