"""The worker process: `python -m trainer train|serve|convert`. Speaks `trainer.protocol` over stdin and stdout.

Start it by hand to look at it: it says `ready`, then answers one JSON line with others.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from trainer.logs import get_logger, set_up
from trainer.protocol import Answer, Failed, FailureCode, Ready, TrainRequest
from trainer.worker import Channel, Inbox, Work, claim_stdout, failure, serve_requests

if TYPE_CHECKING:
    from trainer.base import Base

# Answering people comes before training, and the bot's event loop before both.
NICENESS = {"serve": 5, "train": 19, "convert": 19}
NAME = "trainer"
log = get_logger(NAME)


def main() -> int:
    args = parse()
    began = time.monotonic()
    channel = claim_stdout()
    set_up(args.role, args.log_file, args.log_level, args.log_megabytes)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is for the bot, which then tells us
    yield_to_others(NICENESS[args.role])
    inbox = Inbox(sys.stdin.buffer, channel)
    if args.role != "serve":
        # Two workers share a small machine's cores: threads that spin while they wait for each other would take them
        # from the other worker. One that serves has shorter waits, and people who wait (docs/measurements.md).
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if args.role == "convert":
        convert(args, inbox, channel, began)
    use_threads(args.threads)

    from trainer.basefiles import BaseModelError

    try:
        train(args, inbox, channel, began) if args.role == "train" else serve(args, inbox, channel, began)
    except BaseModelError as error:
        log.error("no base model", why=str(error))
        channel.send(Failed(id=0, code="no_base", message=str(error)))
    return 3


def yield_to_others(niceness: int) -> None:
    """Also where Linux shares cores among sessions first, of which each worker is one (sched(7), autogroup)."""
    os.nice(niceness)
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(niceness))


def use_threads(number: int) -> None:
    import torch

    from trainer.hardware import usable_cores

    torch.set_num_threads(number or usable_cores())


def threads() -> int:
    import torch

    return torch.get_num_threads()


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m trainer", description=__doc__)
    parser.add_argument("role", choices=list(NICENESS))
    parser.add_argument("--base-model", default="bundled", help='"bundled", a folder, or a hub name')
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 takes all cores")
    parser.add_argument("--precision", choices=["auto", "int8", "bf16", "fp32"], default="auto", help="of serving")
    parser.add_argument("--rows", type=int, default=32, help="samples at once")
    parser.add_argument("--cache-megabytes", type=int, default=1024, help="for what the samples at once have said")
    parser.add_argument("--queue", type=int, default=256, help="requests that may wait")
    parser.add_argument(
        "--log-file", type=Path, help="JSON lines; stderr becomes this file; without it: text on stderr"
    )
    parser.add_argument("--log-level", choices=["debug", "info", "warning", "error"], default="info")
    parser.add_argument("--log-megabytes", type=int, default=10, help="of a full file; the one before it is kept")
    parser.add_argument("--log-content", action="store_true", help="prompts and what personas say, too")
    return parser.parse_args()


def tell_ready(channel: Channel, ready: Ready, began: float, **known: object) -> None:
    seconds = round(time.monotonic() - began, 2)
    log.info("ready", base_model=ready.base_model, parameters=ready.parameters, seconds=seconds, **known)
    channel.send(ready)


def train(args: argparse.Namespace, inbox: Inbox, channel: Channel, began: float) -> None:
    """Raises BaseModelError."""
    from trainer.base import load_base
    from trainer.basefiles import BaseModelError
    from trainer.cancelled import Cancelled
    from trainer.fit import Diverged, OutOfMemory
    from trainer.start import NotBetter

    base = load_base(args.base_model)
    handle = train_handler(base, channel)
    ready = Ready(base_model=base.name, parameters=base.parameters)
    tell_ready(channel, ready, began, threads=threads(), device=base.device.type)
    codes: dict[type[Exception], FailureCode] = {
        Cancelled: "cancelled",
        BaseModelError: "no_base",
        Diverged: "diverged",
        NotBetter: "not_better",
        OutOfMemory: "out_of_memory",
    }
    serve_requests(inbox, channel, handle, codes)


def serve(args: argparse.Namespace, inbox: Inbox, channel: Channel, began: float) -> None:
    """Raises BaseModelError."""
    from trainer.blocklist import BlockedPrompt
    from trainer.engine import Engine, Limits, NotLoaded, QueueFull, WrongBase
    from trainer.manifest import DamagedPersona
    from trainer.serving import Server
    from trainer.speaker import load_speaker

    speaker = load_speaker(args.base_model, precision=None if args.precision == "auto" else args.precision)
    engine = Engine(speaker, Limits(args.rows, args.cache_megabytes * 2**20, args.queue))
    ready = Ready(base_model=speaker.name, parameters=speaker.decoder.parameters)
    place, precision = speaker.decoder.device.type, speaker.precision
    tell_ready(channel, ready, began, threads=threads(), device=place, precision=precision)
    codes: dict[type[Exception], FailureCode] = {
        BlockedPrompt: "blocked",
        DamagedPersona: "damaged",
        NotLoaded: "not_loaded",
        QueueFull: "busy",
        WrongBase: "wrong_base",
    }
    Server(engine, inbox, channel, partial(failure, codes), args.log_content).run()


def convert(args: argparse.Namespace, inbox: Inbox, channel: Channel, began: float) -> NoReturn:
    """Ready at once: what it needs takes seconds to import, and comes with the first request."""

    def handle(request: Work, cancelled: Callable[[], bool]) -> Answer:
        use_threads(args.threads)
        from trainer.convert import answer

        return answer(request, args.base_model, cancelled)

    tell_ready(channel, Ready(base_model=args.base_model, parameters=0), began)
    serve_requests(inbox, channel, handle, {})


def train_handler(base: Base, channel: Channel) -> Callable[[Work, Callable[[], bool]], Answer]:
    from trainer.finetune import finetune
    from trainer.fit import OutOfMemory, is_out_of_memory

    def handle(request: Work, cancelled: Callable[[], bool]) -> Answer:
        if not isinstance(request, TrainRequest):
            raise TypeError(f"a train worker has no answer to {request.type!r}")
        try:
            return finetune(request, base, channel.send, cancelled)
        except (RuntimeError, MemoryError) as error:
            if is_out_of_memory(error):
                raise OutOfMemory from error
            raise

    return handle


if __name__ == "__main__":
    try:
        code = main()
    except Exception:
        logging.getLogger(NAME).critical("this worker ends", exc_info=True)
        code = 1
    os._exit(code)  # an ordinary exit aborts, because the inbox's thread is in the middle of reading stdin
