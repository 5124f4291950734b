from __future__ import annotations

import sys
from pathlib import Path

PRELUDE = """\
import os, signal, subprocess, sys, time
from trainer.protocol import *

def send(*messages):
    for message in messages:
        sys.stdout.buffer.write(encode(message))
    sys.stdout.buffer.flush()

def receive():
    line = sys.stdin.buffer.readline()
    return decode_request(line) if line else sys.exit(0)

def ready():
    send(Ready(base_model="scripted", parameters=1))

def piece(request, text, sample=0):
    send(Piece(id=request.id, sample=sample, text=text))

def say(request, text):
    send(Generated(id=request.id, samples=(text,), n_tokens=1))

"""


def scripted_worker(folder: Path, script: str) -> list[str]:
    """The command of a worker process that does just what `script` says, in the words of PRELUDE."""
    path = folder / "worker.py"
    path.write_text(PRELUDE + script)
    return [sys.executable, str(path)]
