"""A worker's side of the protocol: lines in from a reader thread, answers out. No torch.

Cancelling works because lines are read by a thread while the main thread computes. When the other side goes away,
however it went, the input ends and so does this process: there is nothing here that has to be saved. A line that is
no request ends it too, with an error on stderr: whoever wrote it doesn't speak this protocol.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
from collections.abc import Callable
from functools import partial
from typing import BinaryIO, NoReturn

from trainer.logs import bound, get_logger
from trainer.protocol import (
    AdoptRequest,
    Answer,
    CancelRequest,
    ExportRequest,
    Failed,
    FailureCode,
    GenerateRequest,
    LoadRequest,
    StatsRequest,
    Trace,
    TrainRequest,
    UnloadRequest,
    decode_request,
    encode,
)

Work = TrainRequest | LoadRequest | UnloadRequest | GenerateRequest | StatsRequest | ExportRequest | AdoptRequest
NOTHING_WRONG = {"cancelled", "blocked", "busy", "not_better", "not_loaded", "refused"}  # codes
logger = logging.getLogger(__name__)
log = get_logger(__name__)


def trace_of(request: Work) -> Trace:
    """What isn't work for anybody has none."""
    return Trace() if isinstance(request, UnloadRequest | StatsRequest) else request.trace


class Channel:
    """Where answers go; any thread may send."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._lock = threading.Lock()

    def send(self, answer: Answer) -> None:
        with self._lock:
            self._out.write(encode(answer))
            self._out.flush()


def claim_stdout() -> Channel:
    """Keep fd 1 for the protocol and send everything else that writes to it to stderr: call before importing torch."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return Channel(out)


class Inbox:
    """Requests in order of arrival, and which of them were cancelled since.

    One that is cancelled while it waits is answered at once and never handled, so that nobody has to wait for the
    requests before it; but an unload is always done: the other side has already counted its bytes as free.
    """

    def __init__(self, source: BinaryIO, channel: Channel) -> None:
        self._source = source
        self._channel = channel
        self._lock = threading.Lock()
        self._arrived = threading.Condition(self._lock)
        self._waiting: dict[int, Work] = {}  # by id, in order of arrival
        self._open: set[int] = set()  # handed out, not answered yet
        self._cancelled: set[int] = set()
        self._woken = False
        threading.Thread(target=self._read, daemon=True, name="inbox").start()

    def _read(self) -> None:
        try:
            for line in self._source:
                request = decode_request(line)
                if isinstance(request, CancelRequest):
                    self._cancel(request.target)
                else:
                    with self._arrived:
                        self._waiting[request.id] = request
                        self._arrived.notify()
        except Exception:
            logger.exception("this worker ends: what comes in is no request")
            os._exit(1)
        os._exit(0)

    def _cancel(self, target: int) -> None:
        with self._lock:
            waiting = self._waiting.get(target)
            if isinstance(waiting, UnloadRequest):
                return
            if waiting is None:
                if target in self._open:
                    self._cancelled.add(target)
                return
            del self._waiting[target]
        log.info("cancelled before its turn", **trace_of(waiting).known)
        self._channel.send(Failed(id=target, code="cancelled", message="It was cancelled before its turn."))

    def get(self) -> Work:
        with self._arrived:
            self._arrived.wait_for(lambda: self._waiting)
            request = self._waiting.pop(next(iter(self._waiting)))
            self._open.add(request.id)
            return request

    def take(self, wait: bool) -> list[Work]:
        """All requests that have arrived; with `wait`, once there is one, or `wake` was called."""
        with self._arrived:
            if wait:
                self._arrived.wait_for(lambda: self._waiting or self._woken)
            taken, self._waiting, self._woken = self._waiting, {}, False
            self._open.update(taken)
            return list(taken.values())

    def wake(self) -> None:
        """Something that is not a request has happened."""
        with self._arrived:
            self._woken = True
            self._arrived.notify()

    def is_cancelled(self, request_id: int) -> bool:
        return request_id in self._cancelled

    def forget(self, request_id: int) -> None:
        """It was answered."""
        with self._lock:
            self._open.discard(request_id)
            self._cancelled.discard(request_id)


Handle = Callable[[Work, Callable[[], bool]], Answer]  # (request, is it cancelled?) → terminal answer


def serve_requests(
    inbox: Inbox, channel: Channel, handle: Handle, codes: dict[type[Exception], FailureCode]
) -> NoReturn:
    """Handle requests until the input ends. An exception in `codes` is an answer; any other is logged and answered."""
    while True:
        request = inbox.get()
        with bound(trace_of(request)):
            try:
                answer = handle(request, partial(inbox.is_cancelled, request.id))
            except Exception as error:
                answer = failure(codes, request.id, error)
        inbox.forget(request.id)
        channel.send(answer)


def failure(codes: dict[type[Exception], FailureCode], request_id: int, error: Exception) -> Failed:
    """The answer to a request that ended in an error, which is logged; of one that isn't in `codes`, all there is."""
    known = (code for kind, code in codes.items() if isinstance(error, kind))
    code: FailureCode = "disk_full" if is_disk_full(error) else next(known, "internal")
    if code == "internal":
        logger.error("failed: internal", exc_info=error)
    else:
        log.log(logging.INFO if code in NOTHING_WRONG else logging.WARNING, "failed", code=code, why=str(error))
    return Failed(id=request_id, code=code, message=str(error) or type(error).__name__)


def is_disk_full(error: BaseException) -> bool:
    """Also for safetensors, which raises an error of its own around the system's."""
    return getattr(error, "errno", None) == errno.ENOSPC or "No space left on device" in str(error)
