from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from pathlib import Path

import pytest

from bot.errors import OperatorError, WorkerDied
from bot.workers import WorkerProcess, worker_command
from tests.doubles.processes import eventually, is_running
from tests.doubles.scripted import scripted_worker
from trainer.protocol import MAX_LINE_BYTES, Answer, Failed, Generated, GenerateRequest, Piece

ECHO = """
ready()
while True:
    request = receive()
    say(request, request.prompt)
"""
# Speaks until it is asked to stop, and says so; then goes on with the next request.
PATIENT = """
ready()
while True:
    request = receive()
    if request.prompt == "which?":
        say(request, f"{os.getpid()}")
        continue
    piece(request, "so")
    cancel = receive()
    assert cancel.type == "cancel" and cancel.target == request.id, cancel
    send(Failed(id=request.id, code="cancelled", message="stopped"))
"""
# Has a child; notes both pids; ignores everything that it is asked.
STUBBORN = """
child = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.pause()"])
print(os.getpid(), child.pid, file=sys.stderr, flush=True)
{signals}
ready()
request = receive()
piece(request, "so")
while True:
    signal.pause()
"""

Start = Callable[[str], Awaitable[WorkerProcess]]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "serve.log"


@pytest.fixture
async def start(tmp_path: Path, log: Path) -> AsyncIterator[Start]:
    """Starts scripted workers, and ends what a test leaves running."""
    started: list[WorkerProcess] = []

    async def start(script: str) -> WorkerProcess:
        started.append(await WorkerProcess.start(scripted_worker(tmp_path, script), log))
        return started[-1]

    yield start
    for worker in started:
        await worker.kill()
        assert not is_running(worker.process.pid)


def prompt(text: str) -> GenerateRequest:
    return GenerateRequest(id=0, key="pip/v1", prompt=text)


async def ask(worker: WorkerProcess, text: str) -> list[str]:
    """The texts of all answers to a prompt."""
    return [text_of(answer) async for answer in worker.request(prompt(text))]


def text_of(answer: Answer) -> str:
    match answer:
        case Piece():
            return answer.text
        case Generated():
            return answer.samples[0]
        case Failed():
            return answer.code
    raise AssertionError(answer)


async def begin_and_leave(worker: WorkerProcess) -> None:
    """Close a request's iterator after its first answer."""
    async with aclosing(worker.request(prompt("hello"))) as answers:
        assert text_of(await anext(answers)) == "so"


async def test_a_request_and_its_answers(start: Start) -> None:
    worker = await start(ECHO)
    assert await ask(worker, "My dream\nis 🍲") == ["My dream\nis 🍲"]
    assert await ask(worker, "again") == ["again"]
    assert not worker.died


async def test_failed_is_an_answer_like_others(start: Start) -> None:
    worker = await start("ready()\nid = receive().id\nsend(Failed(id=id, code='damaged', message='x'))\nreceive()")
    assert await ask(worker, "hello") == ["damaged"]
    assert not worker.died


async def test_answers_go_to_their_requests(start: Start) -> None:
    worker = await start(
        """
ready()
first, second = receive(), receive()
piece(second, "2a"); piece(first, "1a"); piece(second, "2b")
say(second, "2c")
piece(first, "1b")
send(Piece(id=77, sample=0, text="nobody asked"))
say(first, "1c")
receive()
"""
    )
    first, second = await asyncio.gather(ask(worker, "1"), ask(worker, "2"))
    assert (first, second) == (["1a", "1b", "1c"], ["2a", "2b", "2c"])


async def test_what_it_writes_to_stderr_is_kept(start: Start, log: Path) -> None:
    for word in ("one", "two"):
        worker = await start(f"print('{word}', file=sys.stderr)\n{ECHO}")
        await worker.stop()
    assert log.read_text() == "one\ntwo\n"


@pytest.mark.parametrize(
    "script",
    [
        "send(Ready(protocol=99, base_model='x', parameters=1))\nreceive()",
        "send(Done(id=0))\nreceive()",
        "print('hello', flush=True)\nreceive()",
        "sys.exit(3)",
        "os.close(1)\ntime.sleep(1000)",
    ],
)
async def test_no_proper_handshake(tmp_path: Path, log: Path, script: str) -> None:
    note = "print(os.getpid(), file=sys.stderr, flush=True)\n"
    with pytest.raises(WorkerDied, match="before it was ready"):
        await WorkerProcess.start(scripted_worker(tmp_path, note + script), log)
    assert not is_running(int(log.read_text()))


async def test_a_worker_says_why_it_cannot_start(tmp_path: Path, log: Path) -> None:
    script = "send(Failed(id=0, code='no_base', message='There is no base model.'))\nreceive()"
    with pytest.raises(OperatorError, match=r"^There is no base model\.$") as caught:
        await WorkerProcess.start(scripted_worker(tmp_path, script), log)
    assert not isinstance(caught.value, WorkerDied)


async def test_a_worker_that_is_never_ready(tmp_path: Path, log: Path) -> None:
    command = scripted_worker(tmp_path, STUBBORN.format(signals="signal.pause()"))
    with pytest.raises(WorkerDied, match="was not ready after 1 s"):
        await WorkerProcess.start(command, log, ready_seconds=1)
    await eventually(lambda: not any(is_running(int(pid)) for pid in log.read_text().split()))


async def test_a_start_that_is_called_off_leaves_nothing_running(tmp_path: Path, log: Path) -> None:
    command = scripted_worker(tmp_path, STUBBORN.format(signals="signal.pause()"))
    task = asyncio.create_task(WorkerProcess.start(command, log))
    await eventually(lambda: log.exists() and len(log.read_text().split()) == 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await eventually(lambda: not any(is_running(int(pid)) for pid in log.read_text().split()))


@pytest.mark.parametrize(
    "end",
    [
        "sys.exit(0)",
        "os.kill(os.getpid(), signal.SIGKILL)",
        "print('this is no message', flush=True)",
        'print(\'{"type": "piece"}\', flush=True)',
        'sys.stdout.write(\'{"type": "pie\'); sys.stdout.flush(); sys.exit(0)',
        f"print('x' * {MAX_LINE_BYTES + 1}, flush=True)",
    ],
)
async def test_whatever_breaks_a_worker_ends_it(start: Start, end: str) -> None:
    worker = await start(f"ready()\nrequests = receive(), receive()\npiece(requests[0], 'so')\n{end}\nsignal.pause()")
    order: list[str] = []
    worker.on_death = lambda: order.append("on_death")

    async def ask_in_vain(text: str) -> None:
        with pytest.raises(WorkerDied, match="in the middle of its work"):
            await ask(worker, text)
        order.append(text)

    await asyncio.gather(ask_in_vain("one"), ask_in_vain("two"))
    assert order == ["on_death", "one", "two"]
    assert worker.died
    await worker.process.wait()
    with pytest.raises(WorkerDied):
        await ask(worker, "later")
    assert order == ["on_death", "one", "two"]


async def test_an_answer_that_came_before_the_end_still_counts(start: Start) -> None:
    worker = await start("ready()\nsay(receive(), 'my last word')\nsys.exit(0)")
    assert await ask(worker, "hello") == ["my last word"]


async def test_a_very_long_answer_is_fine(start: Start) -> None:
    worker = await start(ECHO)
    text = "x" * (MAX_LINE_BYTES // 2)
    assert await ask(worker, text) == [text]


async def test_leaving_early_asks_the_worker_to_stop(start: Start) -> None:
    worker = await start(PATIENT)
    await begin_and_leave(worker)
    await begin_and_leave(worker)
    assert await ask(worker, "which?") == [str(worker.process.pid)]


async def test_leaving_after_the_last_answer_asks_nothing(start: Start) -> None:
    worker = await start(ECHO)
    async with aclosing(worker.request(prompt("one"))) as answers:
        await anext(answers)
    assert await ask(worker, "two") == ["two"]  # a cancel message would have come before


async def test_cancelling_twice_ends_a_request_no_worse_than_once(start: Start) -> None:
    """The second cancellation may come while the worker is being asked to stop: it is the worker's time that counts."""
    worker = await start(PATIENT.replace("send(Failed", "time.sleep(0.3); send(Failed"))
    task = asyncio.create_task(begin_and_hold(worker))
    await asyncio.sleep(0.2)
    task.cancel()
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await ask(worker, "which?") == [str(worker.process.pid)]


async def begin_and_hold(worker: WorkerProcess) -> None:
    async with aclosing(worker.request(prompt("hello"))) as answers:
        async for _ in answers:
            pass


@pytest.mark.parametrize("signals", ["", "signal.signal(signal.SIGTERM, signal.SIG_IGN)"])
async def test_a_worker_that_does_not_stop_is_ended_with_its_children(start: Start, log: Path, signals: str) -> None:
    worker = await start(STUBBORN.format(signals=signals))
    worker.grace_seconds = 0.2
    pids = [int(pid) for pid in log.read_text().split()]
    assert all(map(is_running, pids))
    await begin_and_leave(worker)
    await eventually(lambda: not any(map(is_running, pids)))
    assert worker.died
    assert worker.process.returncode == (-signal.SIGKILL if signals else -signal.SIGTERM)


async def test_stopping_is_gentle_first(start: Start, log: Path) -> None:
    script = "signal.signal(signal.SIGTERM, lambda *_: (print('bye', file=sys.stderr), sys.exit(7)))\n"
    worker = await start(script + ECHO)
    await worker.stop()
    assert worker.process.returncode == 7
    assert log.read_text() == "bye\n"


async def test_stopping_twice_or_after_the_end(start: Start) -> None:
    worker = await start(ECHO)
    deaths: list[str] = []
    worker.on_death = lambda: deaths.append("gone")
    await asyncio.gather(worker.stop(), worker.stop(), worker.kill())
    await worker.kill()
    await worker.stop()
    await eventually(lambda: bool(deaths))
    assert deaths == ["gone"]


async def test_a_process_group_is_not_signalled_once_it_is_gone(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its number may be another group's by then."""
    worker = await start(ECHO)
    await worker.stop()
    monkeypatch.setattr(os, "killpg", lambda *_: pytest.fail("signalled"))
    await worker.stop()
    await worker.kill()


async def test_requests_that_wait_when_it_is_stopped(start: Start) -> None:
    worker = await start("ready()\nwhile True: receive()")
    task = asyncio.create_task(ask(worker, "hello"))
    await asyncio.sleep(0)
    await worker.stop()
    with pytest.raises(WorkerDied):
        await task


async def test_a_request_that_comes_when_it_has_just_died(start: Start) -> None:
    """Its input may still take what nobody reads any more."""
    worker = await start("ready()\nwhile True: receive()")
    worker.died = True
    with pytest.raises(WorkerDied):
        await ask(worker, "hello")


async def test_workers_lead_groups_of_their_own(start: Start) -> None:
    """Ctrl-C in the bot's terminal must not reach them."""
    worker = await start(ECHO)
    assert os.getpgid(worker.process.pid) == worker.process.pid != os.getpgrp()
    assert os.getsid(worker.process.pid) != os.getsid(0)


async def test_a_worker_ends_by_itself_when_its_input_does(start: Start) -> None:
    worker = await start(ECHO)
    assert worker.process.stdin is not None
    worker.process.stdin.close()
    with suppress(BrokenPipeError, ConnectionResetError):
        await worker.process.stdin.wait_closed()
    async with asyncio.timeout(30):
        assert await worker.process.wait() == 0


def test_the_command_of_a_real_worker() -> None:
    assert worker_command("serve", "bundled", 2)[1:] == [
        *("-P", "-m", "trainer", "serve"),
        *("--base-model", "bundled"),
        *("--threads", "2"),
    ]
