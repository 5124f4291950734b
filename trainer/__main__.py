"""The worker process: `python -m trainer train|serve`. Speaks `trainer.protocol` over stdin and stdout.

Start it by hand to look at it: it says `ready`, then answers one JSON line with others.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.protocol import (
    Answer,
    Done,
    Failed,
    GenerateRequest,
    Loaded,
    LoadRequest,
    Piece,
    Ready,
    TrainRequest,
    UnloadRequest,
)
from trainer.worker import Channel, Inbox, Work, claim_stdout, serve_requests

if TYPE_CHECKING:
    from trainer.base import Base

# Answering people comes before training, and the bot's event loop before both.
NICENESS = {"serve": 5, "train": 10}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m trainer", description=__doc__)
    parser.add_argument("role", choices=["train", "serve"])
    parser.add_argument("--base-model", default="bundled", help='"bundled", a folder, or a hub name')
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 takes all cores")
    args = parser.parse_args()
    channel = claim_stdout()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is for the bot, which then tells us
    os.nice(NICENESS[args.role])
    inbox = Inbox(sys.stdin.buffer, channel)

    import torch

    from trainer.base import BaseModelError, load_base
    from trainer.blocklist import BlockedPrompt
    from trainer.engine import NotLoaded, WrongBase
    from trainer.fit import Diverged, OutOfMemory
    from trainer.hardware import usable_cores
    from trainer.manifest import DamagedPersona
    from trainer.sampling import Cancelled
    from trainer.start import NotBetter

    torch.set_num_threads(args.threads or usable_cores())
    try:
        base = load_base(args.base_model)
    except BaseModelError as error:
        channel.send(Failed(id=0, code="no_base", message=str(error)))
        return 3
    handle = train_handler(base, channel) if args.role == "train" else serve_handler(base, channel)
    channel.send(Ready(base_model=base.name, parameters=base.parameters))
    codes = {
        BlockedPrompt: "blocked",
        Cancelled: "cancelled",
        BaseModelError: "no_base",
        DamagedPersona: "damaged",
        Diverged: "diverged",
        NotBetter: "not_better",
        NotLoaded: "not_loaded",
        OutOfMemory: "out_of_memory",
        WrongBase: "wrong_base",
    }
    serve_requests(inbox, channel, handle, codes)  # type: ignore[arg-type]
    return 0


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


def serve_handler(base: Base, channel: Channel) -> Callable[[Work, Callable[[], bool]], Answer]:
    from trainer.engine import Engine

    engine = Engine(base)

    def handle(request: Work, cancelled: Callable[[], bool]) -> Answer:
        match request:
            case LoadRequest():
                return Loaded(id=request.id, n_bytes=engine.load(request.key, Path(request.folder)))
            case UnloadRequest():
                engine.unload(request.key)
                return Done(id=request.id)
            case GenerateRequest():
                return engine.generate(
                    request, lambda n, text: channel.send(Piece(id=request.id, sample=n, text=text)), cancelled
                )
            case _:
                raise TypeError(f"a serve worker has no answer to {request.type!r}")

    return handle


if __name__ == "__main__":
    os._exit(main())  # an ordinary exit aborts, because the inbox's thread is in the middle of reading stdin
