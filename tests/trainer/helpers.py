"""What the trainer's tests share besides fixtures: a small corpus, requests to train on it, decoding, workers."""

from __future__ import annotations

import contextlib
import json
import lzma
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.bases import Shape
from tests.builders import account_counts
from trainer.base import Base
from trainer.batch import PLAIN
from trainer.engine import Engine, Limits, Resident
from trainer.linear import Precision
from trainer.protocol import (
    TERMINAL,
    Answer,
    Hyperparameters,
    Request,
    TrainRequest,
    decode_answer,
    encode,
)
from trainer.speaker import load_speaker

POSTS = [
    "the kettle is on and the lamp is lit.",
    "i count the ships and i drink the tea.",
    "gerald has taken the good biscuit. 🍪",
    "fog report: yes. #fogreport @saltmarrow",
    "dear ship, you have a very nice sort of walk.",
    "the tide came in, looked around, and left.",
    "brenda was in a mood this morning. one long note.",
    "number 97 complains. number 131 is a good listener!",
]
HELD_OUT = ["the lamp is lit and the tea is on.", "dear gerald, i count the ships."]
COUNTS = account_counts("pip").model_copy(update={"source": "x:pip"})

BaseFolders = dict[Shape, Path]
Personas = dict[Shape, tuple[Path, Path]]  # two per shape


def tokens_of(base: Base, posts: Sequence[str] = POSTS) -> set[int]:
    """Those that a training on the posts reads or predicts."""
    return {base.end_id}.union(*map(base.vocabulary.encode, posts))


def train_request(
    folder: Path,
    train: Sequence[str] = POSTS,
    held_out: Sequence[str] = HELD_OUT,
    hyperparameters: Hyperparameters | None = None,
    request_id: int = 1,
) -> TrainRequest:
    """A request whose corpus and output lie in `folder`, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    corpus = {"train": list(train), "held_out": list(held_out), "duplicates": 1}
    (folder / "corpus.json").write_text(json.dumps(corpus), encoding="utf-8")
    return TrainRequest(
        id=request_id,
        persona="pip",
        accounts=(COUNTS,),
        corpus=str(folder / "corpus.json"),
        out=str(folder / "persona"),
        hyperparameters=hyperparameters or Hyperparameters(epochs=3, lora_rank=4),
    )


def decode(base: Base, ids: Sequence[int], skip_special_tokens: bool = False) -> str:
    return str(base.vocabulary.tokenizer.decode(list(ids), skip_special_tokens=skip_special_tokens))


def plain_engine(base: Base, precision: Precision | None = None, limits: Limits | None = None) -> Engine:
    """With the base model itself as the persona ""."""
    engine = Engine(load_speaker(base.name, precision=precision), limits or Limits())
    engine.admit("", Resident(PLAIN, engine.speaker.decoder, None, 0))
    return engine


@dataclass
class Worker:
    """A process that speaks the protocol; whatever else it says on stdout is a ProtocolError here."""

    process: subprocess.Popen[bytes]
    log: IO[bytes]

    def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, *requests: Request) -> None:
        """In one write."""
        self.write(b"".join(map(encode, requests)))

    def read(self) -> Answer:
        assert self.process.stdout is not None
        return decode_answer(self.process.stdout.readline())

    def ask(self, request: Request) -> list[Answer]:
        """All answers, the last of them terminal."""
        self.send(request)
        answers = [self.read()]
        while not isinstance(answers[-1], TERMINAL):
            answers.append(self.read())
        return answers

    def end(self, data: bytes = b"") -> int:
        """Close its input, after a last write; returns the exit code. A worker that hangs is an error."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(data)
            self.process.stdin.close()
        return self.process.wait(timeout=60)

    @property
    def stderr(self) -> str:
        self.log.seek(0)
        return self.log.read().decode()


@contextlib.contextmanager
def worker(*arguments: str) -> Iterator[Worker]:
    """A Python process with these arguments, killed in the end."""
    environment = os.environ | {"OMP_WAIT_POLICY": "PASSIVE"}
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
        ) as process,
    ):
        try:
            yield Worker(process, log)
        finally:
            process.kill()


def write_base_corpus(folder: Path, documents: dict[str, str], compressed: bool = False) -> Path:
    """A corpus for `trainer.pretrain`, name → text, with its manifest."""
    text = "".join(f"{text}\n\f\n" for text in documents.values()).encode()
    corpus = folder / ("corpus.txt.xz" if compressed else "corpus.txt")
    corpus.write_bytes(lzma.compress(text) if compressed else text)
    lines = [f"{len(text.encode())}\t1990\t{name}\n" for name, text in documents.items()]
    (folder / "corpus.manifest.tsv").write_text("bytes\tyear\tdocument\n" + "".join(lines), encoding="utf-8")
    return corpus
