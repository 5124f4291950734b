"""The worker's side of the protocol, with a handler of its own in place of a model."""

from __future__ import annotations

import errno
import io
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from safetensors import SafetensorError

from trainer.protocol import CancelRequest, Done, Failed, LoadRequest, Piece, UnloadRequest, decode_answer
from trainer.worker import Channel, is_disk_full

from .helpers import Worker, worker

PROGRAM = """
import errno, sys, time
from trainer.protocol import Done, Ready
from trainer.worker import Inbox, claim_stdout, serve_requests

class Cancelled(Exception):
    pass

def handle(request, cancelled):
    match request.key:
        case "until cancelled":
            while not cancelled():
                time.sleep(0.01)
            raise Cancelled
        case "for ever":
            while True:
                time.sleep(0.01)
        case "unknown":
            raise KeyError("no such key")
        case "broken":
            raise ZeroDivisionError("that is a bug")
        case "full":
            raise OSError(errno.ENOSPC, "No space left on device")
    return Done(id=request.id)

channel = claim_stdout()
inbox = Inbox(sys.stdin.buffer, channel)
channel.send(Ready(base_model="none", parameters=0))
assert "torch" not in sys.modules
serve_requests(inbox, channel, handle, {Cancelled: "cancelled", LookupError: "not_loaded"})
"""


@pytest.fixture
def running() -> Iterator[Worker]:
    with worker("-c", PROGRAM) as started:
        assert started.read().type == "ready"
        yield started


def do(key: str, request_id: int = 1) -> LoadRequest:
    return LoadRequest(id=request_id, key=key, folder="")


# Requests


def test_requests_are_answered_in_order(running: Worker) -> None:
    running.send(*(do("", i) for i in range(1, 20)))
    assert [running.read() for _ in range(1, 20)] == [Done(id=i) for i in range(1, 20)]


def test_a_request_that_is_under_way_can_be_cancelled(running: Worker) -> None:
    running.send(do("until cancelled", 1))
    running.send(CancelRequest(id=2, target=1))
    answer = running.read()
    assert isinstance(answer, Failed)
    assert (answer.id, answer.code) == (1, "cancelled")  # under way, or before its turn: who knows


def test_a_request_that_waits_can_be_cancelled(running: Worker) -> None:
    running.send(do("until cancelled", 1), do("until cancelled", 2), do("", 3))
    running.send(CancelRequest(id=4, target=2))
    assert running.read() == Failed(id=2, code="cancelled", message="It was cancelled before its turn.")
    running.send(CancelRequest(id=5, target=1))
    answers = [running.read() for _ in range(2)]
    assert [(answer.id, answer.type) for answer in answers] == [(1, "failed"), (3, "done")]


def test_an_unload_is_done_even_when_it_is_cancelled(running: Worker) -> None:
    running.send(do("until cancelled", 1), UnloadRequest(id=2, key=""))
    running.send(CancelRequest(id=3, target=2), CancelRequest(id=4, target=1))
    answers = [running.read() for _ in range(2)]  # either may come first, if 1 was cancelled before its turn
    assert {answer.id: answer.type for answer in answers} == {1: "failed", 2: "done"}


def test_cancelling_what_is_over_changes_nothing(running: Worker) -> None:
    assert running.ask(do("", 1)) == [Done(id=1)]
    running.send(CancelRequest(id=2, target=1))
    assert running.ask(do("", 3)) == [Done(id=3)]


def test_a_known_error_is_an_answer(running: Worker) -> None:
    assert running.ask(do("unknown")) == [Failed(id=1, code="not_loaded", message="'no such key'")]
    assert running.ask(do("full")) == [Failed(id=1, code="disk_full", message="[Errno 28] No space left on device")]
    assert "Traceback" not in running.stderr


def test_an_unknown_error_is_logged_and_survived(running: Worker) -> None:
    assert running.ask(do("broken")) == [Failed(id=1, code="internal", message="that is a bug")]
    assert "ZeroDivisionError: that is a bug" in running.stderr
    assert running.ask(do("", 2)) == [Done(id=2)]


# Its end


@pytest.mark.parametrize("key", ["", "for ever"])
def test_it_ends_with_its_input(running: Worker, key: str) -> None:
    running.send(do(key))
    assert running.end() == 0
    assert running.stderr == ""


@pytest.mark.parametrize("key", ["", "for ever"])
@pytest.mark.parametrize("line", [b"hello\n", b"\xff\n", b'{"type": "sing", "id": 1}\n', b"\n"])
def test_it_ends_with_an_error_at_a_line_that_is_no_request(running: Worker, key: str, line: bytes) -> None:
    running.send(do(key))
    running.write(line)
    assert running.process.wait(timeout=60) == 1
    assert "ProtocolError: not a request" in running.stderr


def test_it_ends_with_an_error_at_half_a_line(running: Worker) -> None:
    assert running.end(b'{"type": "unload", "id"') == 1
    assert "ProtocolError" in running.stderr


# Output


def test_nothing_but_answers_gets_into_the_output() -> None:
    program = """
import ctypes, os, subprocess, sys
from trainer.protocol import Done
from trainer.worker import claim_stdout

channel = claim_stdout()
channel.send(Done(id=1))
print("from print", flush=True)
sys.stdout.write("from sys.stdout\\n")
sys.__stdout__.flush()
os.write(1, b"from os.write\\n")
ctypes.CDLL(None).puts(b"from C")
ctypes.CDLL(None).fflush(None)
subprocess.run(["echo", "from a child"])
channel.send(Done(id=2))
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert [decode_answer(line) for line in ended.stdout.splitlines()] == [Done(id=1), Done(id=2)]
    for source in ("print", "sys.stdout", "os.write", "C", "a child"):
        assert f"from {source}\n" in ended.stderr.decode()


def test_answers_of_several_threads_stay_whole() -> None:
    out = io.BytesIO()
    channel = Channel(out)

    def send(sample: int) -> None:
        for _ in range(200):
            channel.send(Piece(id=1, sample=sample, text="tea" * 100))

    threads = [threading.Thread(target=send, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pieces = [decode_answer(line) for line in out.getvalue().splitlines()]
    assert len(pieces) == 800
    assert {piece.sample for piece in pieces if isinstance(piece, Piece)} == {0, 1, 2, 3}


# Disks


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (OSError(errno.ENOSPC, "whatever the system calls it"), True),
        (SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"), True),
        (OSError(errno.EACCES, "Permission denied"), False),
        (ValueError("full"), False),
    ],
)
def test_a_full_disk_is_recognised(error: Exception, full: bool) -> None:
    assert is_disk_full(error) is full
