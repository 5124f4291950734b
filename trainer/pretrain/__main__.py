"""Make the bundled base model: corpus → token files → training → scores → `trainer/bundled/`.

    python -m trainer.pretrain --corpus base-corpus.txt.xz --work runs/base --tokens 25e6

Interrupt it at any point and give the same command again: it goes on from its last checkpoint, with the same
batches. The manifest must lie beside the corpus.
"""

from __future__ import annotations

import argparse
import json
from lzma import LZMAError
from pathlib import Path

from trainer.pretrain.loop import train
from trainer.pretrain.plan import Plan
from trainer.pretrain.prepare import prepare
from trainer.pretrain.publish import publish

BUNDLED = Path(__file__).parents[1] / "bundled"


def main() -> None:
    args = parser().parse_args()
    plan = Plan(
        tokens=int(args.tokens),
        shape=args.shape,
        layers=args.layers,
        width=args.width,
        heads=args.heads,
        vocab_size=args.vocabulary,
        seed=args.seed,
    )
    try:
        prepare(args.corpus, args.work, plan.vocab_size, plan.seed)
        run = train(plan, args.work, args.every, not args.no_compile)
        print(json.dumps(publish(run, args.work, args.out), indent=2))
    except (ValueError, OSError, EOFError, LZMAError) as error:
        raise SystemExit(f"{error}") from error


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m trainer.pretrain", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--corpus", type=Path, required=True, help="the .txt or .txt.xz, its manifest beside it")
    made.add_argument("--work", type=Path, required=True, help="folder for token files, checkpoints and log")
    made.add_argument("--out", type=Path, default=BUNDLED, help="default: %(default)s")
    made.add_argument("--tokens", type=float, default=25e6, help="tokens seen in training (default: %(default)g)")
    made.add_argument("--shape", choices=("llama", "gpt2"), default=Plan.shape, help="default: %(default)s")
    made.add_argument("--width", type=int, default=Plan.width, help="default: %(default)s")
    made.add_argument("--layers", type=int, default=Plan.layers, help="default: %(default)s")
    made.add_argument("--heads", type=int, default=Plan.heads, help="default: %(default)s")
    made.add_argument("--vocabulary", type=int, default=Plan.vocab_size, help="tokens (default: %(default)s)")
    made.add_argument("--seed", type=int, default=Plan.seed, help="default: %(default)s")
    made.add_argument("--every", type=int, default=100, help="steps between checkpoints (default: %(default)s)")
    made.add_argument("--no-compile", action="store_true", help="start at once, without a C++ compiler, and go slower")
    return made


if __name__ == "__main__":
    main()
