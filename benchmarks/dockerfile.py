"""Does what a Dockerfile says without a container engine: each stage is an overlay on this machine's own root.

A base image can't be pulled here, so this machine's system and the Python that runs this stand in for it; what stages
add lies in folders of their own. Needs root, in a mount namespace of its own (benchmarks.container makes one).
"""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from dockerfile_parse import DockerfileParser  # type: ignore[import-untyped]

HIDDEN = ("work", "root", "home", "mnt")  # of this machine, nothing but the system is in a stage
SYSTEM_PATH = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
INDEX = re.compile(r"--index-url +(\"[^\"]+\"|\S+)")
Tell = Callable[[str], None]


class Step(TypedDict):
    """As dockerfile-parse gives it."""

    instruction: str
    value: str
    content: str


def parsed(dockerfile: Path) -> list[Step]:
    with dockerfile.open("rb") as file:
        steps: list[Step] = DockerfileParser(fileobj=io.BytesIO(file.read())).structure
    return steps


@dataclass
class Stage:
    """An image in the making: `layer` is what it has beside its base, `root` how it looks from inside."""

    name: str
    layer: Path
    root: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": SYSTEM_PATH})
    arguments: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = "0:0"
    volumes: list[str] = field(default_factory=list)
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    stop_signal: str = "SIGTERM"

    def expand(self, text: str) -> str:
        known = self.arguments | self.environment
        return re.sub(r"\$\{(\w+)\}|\$(\w+)", lambda found: known.get(found[1] or found[2], ""), text)

    def path(self, inside: str) -> Path:
        return self.root / os.path.normpath(os.path.join(self.folder, inside)).lstrip("/")


def mount(*arguments: object) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True)


@dataclass
class Build:
    """Stages by name, as far as the Dockerfile has been followed; `substituted`: what was done in another way."""

    context: Path
    place: Path
    arguments: dict[str, str]
    tell: Tell
    stages: dict[str, Stage] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)  # ARGs ahead of the first FROM
    substituted: list[str] = field(default_factory=list)

    def follow(self, dockerfile: Path) -> Stage:
        """Raises CalledProcessError where a step fails, and ValueError for an instruction that isn't known here."""
        stage: Stage | None = None
        for step in parsed(dockerfile):
            kind, value = step["instruction"], re.sub(r"\s+", " ", step["value"])
            if kind == "COMMENT":
                continue
            self.tell(f"{kind} {value if len(value) < 120 else value[:119] + '…'}")
            if kind == "ARG" and stage is None:
                self._declare(self.before, value)
            elif kind == "FROM":
                stage = self._start(value)
            else:
                assert stage is not None, "a step before FROM"
                self.do(stage, kind, step["value"])
        assert stage is not None, "no FROM"
        return stage

    def _declare(self, scope: dict[str, str], value: str) -> None:
        name, _, default = value.partition("=")
        scope[name] = self.arguments.get(name, default or self.before.get(name, ""))

    def _substitute(self, what: str) -> None:
        self.substituted.append(what)
        self.tell(f"  substituted: {what}")

    def _start(self, value: str) -> Stage:
        image, _, name = re.sub(r"\$\{(\w+)\}", lambda found: self.before[found[1]], value).partition(" AS ")
        name = name or f"stage-{len(self.stages)}"
        layer, root, work = (self.place / name / part for part in ("layer", "root", "work"))
        for folder in (layer, root, work):
            folder.mkdir(parents=True)
        mount("-t", "overlay", "overlay", "-o", f"lowerdir=/,upperdir={layer},workdir={work}", root)
        self._substitute(f"FROM {image}: this machine's system and Python {sys.version.split()[0]}")
        for hidden in HIDDEN:
            if (root / hidden).is_dir():
                mount("-t", "tmpfs", "-o", "mode=0711", "none", root / hidden)
        mount("-t", "tmpfs", "none", root / "tmp")
        mount("--rbind", "/dev", root / "dev")
        mount("-t", "proc", "none", root / "proc")
        self._bring_python(root)
        self.stages[name] = stage = Stage(name, layer, root)
        return stage

    def _bring_python(self, root: Path) -> None:
        """The interpreter without its site-packages, which are this machine's and not the image's."""
        home = Path(sys.base_prefix).resolve()
        packages = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
        for place in (root / "usr/local", root / home.relative_to("/")):  # as in the image; and where its library is
            place.mkdir(parents=True, exist_ok=True)
            mount("--bind", home, place)
            mount("-o", "remount,bind,ro", place)
            mount("-t", "tmpfs", "none", place / packages)

    def do(self, stage: Stage, kind: str, value: str) -> None:
        match kind:
            case "ARG":
                self._declare(stage.arguments, value)
            case "ENV":
                for name, text in (part.split("=", 1) for part in shlex.split(value)):
                    stage.environment[name] = stage.expand(text)
            case "LABEL":
                stage.labels |= dict(part.split("=", 1) for part in shlex.split(value))
            case "WORKDIR":
                stage.folder = os.path.join(stage.folder, stage.expand(value))
                stage.path(".").mkdir(parents=True, exist_ok=True)
            case "USER":
                stage.user = value
            case "COPY":
                self._copy(stage, shlex.split(value))
            case "RUN":
                self._run(stage, value)
            case "VOLUME":
                stage.volumes += json.loads(value)
            case "ENTRYPOINT":
                stage.entrypoint = json.loads(value)
            case "CMD":
                stage.command = json.loads(value)
            case "HEALTHCHECK":
                stage.health = json.loads(value.partition("CMD ")[2])
            case "STOPSIGNAL":
                stage.stop_signal = value
            case "EXPOSE":
                pass  # says something, does nothing
            case _:
                raise ValueError(f"{kind} is not known here")

    def _copy(self, stage: Stage, words: Sequence[str]) -> None:
        options = dict(word.removeprefix("--").split("=", 1) for word in words if word.startswith("--"))
        *sources, target = (word for word in words if not word.startswith("--"))
        whence = self.stages[options["from"]].root if "from" in options else self.context
        into = stage.path(target)
        for source in sources:
            found = whence / source.lstrip("/")
            place = into / found.name if target.endswith("/") and not found.is_dir() else into
            place.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "-a", f"{found}/." if found.is_dir() else found, place], check=True)
            owner = options.get("chown", "" if "from" in options or os.geteuid() else "0:0")
            if owner:
                subprocess.run(["chown", "-R", owner, place], check=True)

    def _run(self, stage: Stage, value: str) -> None:
        """By /bin/sh, as the stage's user, with its environment alone and where this machine's pip finds packages."""
        for index in INDEX.findall(value):
            if not _answers(stage.expand(index.strip('"'))):
                value = value.replace(f"--index-url {index}", "")
                self._substitute(
                    f"{stage.expand(index)} can't be reached: from where this machine's pip finds packages"
                )
        known = {"HOME": "/root"} | stage.arguments | stage.environment
        known |= {name: text for name, text in os.environ.items() if name.startswith("PIP_")}
        done = subprocess.run(inside(stage, known, ["/bin/sh", "-c", value]), capture_output=True, text=True)
        if done.returncode != 0:
            self.tell(done.stdout[-3000:] + done.stderr[-3000:])
            done.check_returncode()


def inside(stage: Stage, environment: dict[str, str], command: Sequence[str], *options: str) -> list[str]:
    """A command line that runs `command` in the stage, as its user and without a way to become another one."""
    user, _, group = stage.user.partition(":")
    become = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", *options]
    pairs = [f"{name}={text}" for name, text in environment.items()]
    return ["chroot", str(stage.root), *become, "env", "-i", f"--chdir={stage.folder}", *pairs, *command]


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=10).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True
