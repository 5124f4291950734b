"""The serve worker's loop: requests in, one step of the engine, answers out.

Personas are read from disk by a thread, so that those who speak don't wait for it. A failure inside a step ends the
process: nobody can say what it left behind, and the bot asks the next worker again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from trainer.engine import Engine, Files, Listener, Timing
from trainer.logs import bound, get_logger, milliseconds
from trainer.protocol import (
    Answer,
    Done,
    Failed,
    Generated,
    GenerateRequest,
    Loaded,
    LoadRequest,
    Piece,
    StatsRequest,
    UnloadRequest,
)
from trainer.worker import Channel, Inbox, Work, trace_of

log = get_logger(__name__)


@dataclass
class Server:
    engine: Engine
    inbox: Inbox
    channel: Channel
    failure: Callable[[int, Exception], Failed]  # what a request's error is called in the protocol
    log_content: bool = False  # prompts and samples, too
    _loader: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "loader"))
    _loading: list[tuple[LoadRequest, float, Future[Files]]] = field(default_factory=list)
    _loads: int = 0
    _load_seconds: float = 0.0

    def run(self) -> None:
        """Until the input ends, which ends the process."""
        busy = False
        while True:
            for request in self.inbox.take(wait=not busy):
                with bound(trace_of(request)):
                    self._take(request)
            self._admit()
            busy = self.engine.step()

    def _take(self, request: Work) -> None:
        try:
            match request:
                case LoadRequest():
                    read = self._loader.submit(self.engine.read, Path(request.folder))
                    self._loading.append((request, time.monotonic(), read))
                    read.add_done_callback(lambda _: self.inbox.wake())
                case UnloadRequest():
                    self.engine.unload(request.key)
                    self._answer(Done(id=request.id))
                case GenerateRequest():
                    self.engine.submit(request, self._listener(request))
                case StatsRequest():
                    own = {"id": request.id, "loads": self._loads, "load_seconds": self._load_seconds}
                    self._answer(self.engine.stats().model_copy(update=own))
                case _:
                    raise TypeError(f"a serve worker has no answer to {request.type!r}")
        except Exception as error:
            self._answer(self.failure(request.id, error))

    def _admit(self) -> None:
        """Take in what has been read."""
        for item in [item for item in self._loading if item[2].done()]:
            self._loading.remove(item)
            with bound(item[0].trace):
                self._admit_one(*item)

    def _admit_one(self, request: LoadRequest, began: float, read: Future[Files]) -> None:
        try:
            resident = self.engine.make(read.result())
        except Exception as error:
            self._answer(self.failure(request.id, error))
            return
        self.engine.admit(request.key, resident)
        seconds = time.monotonic() - began
        self._loads += 1
        self._load_seconds += seconds
        self._answer(Loaded(id=request.id, n_bytes=resident.n_bytes))
        log.info("persona loaded", key=request.key, ms=milliseconds(seconds), bytes=resident.n_bytes)

    def _listener(self, request: GenerateRequest) -> Listener:
        def on_piece(sample: int, text: str, again: bool) -> None:
            if request.stream:
                self.channel.send(Piece(id=request.id, sample=sample, text=text, again=again))

        def gone() -> None:
            self._answer(Failed(id=request.id, code="cancelled", message="Cancelled"))
            log.info("cancelled", **request.trace.known, key=request.key)

        return Listener(
            finished=self._answer,
            on_piece=on_piece,
            cancelled=partial(self.inbox.is_cancelled, request.id),
            gone=gone,
            measured=partial(self._log, request),
        )

    def _log(self, request: GenerateRequest, generated: Generated, timing: Timing) -> None:
        content = {"prompt": request.prompt, "samples": generated.samples} if self.log_content else {}
        log.info(
            "generated",
            **request.trace.known,
            key=request.key,
            n=request.n,
            tokens=generated.n_tokens,
            quotes=generated.quotes,
            queue_ms=milliseconds(timing.queue),
            first_ms=milliseconds(timing.first),
            ms=milliseconds(timing.whole),
            **content,
        )

    def _answer(self, answer: Answer) -> None:
        self.inbox.forget(answer.id)
        self.channel.send(answer)
