"""How fast the bundled base model trains here: tokens per second by shape, compiled or not, and the optimizers' share.

python -m benchmarks.pretrain [--steps 4] [--shape llama gpt2]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch

from benchmarks.report import print_report
from trainer.pretrain.loop import optimizers, place_model
from trainer.pretrain.loss import training_loss
from trainer.pretrain.plan import Plan, Shape

HEAD = ("shape", "compiled", "parameters", "first step, s", "forward and backward, tokens/s", "optimizers, ms a step")


def seconds(function: Callable[[], object]) -> float:
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def measure(shape: Shape, compiling: bool, steps: int) -> tuple[str, ...]:
    plan = Plan(tokens=1, shape=shape)
    model = place_model(plan)
    rows = torch.randint(0, plan.vocab_size, (plan.micro_rows, plan.context + 1), device=model.device)
    loss_of = training_loss(model, compiling)
    first, *others = [seconds(lambda: loss_of(rows).backward()) for _ in range(1 + steps)]
    made = optimizers(model, plan)
    optimizing = [seconds(lambda: [optimizer.step() for optimizer in made]) for _ in range(1 + steps)][1:]
    return (
        shape,
        "yes" if compiling else "no",
        f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f} M",
        f"{first:.1f}",
        f"{rows[:, 1:].numel() / statistics.median(others):,.0f}",
        f"{1_000 * statistics.median(optimizing):.0f}",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--shape", nargs="+", choices=("llama", "gpt2"), default=["llama", "gpt2"])
    args = parser.parse_args()
    rows = [measure(shape, compiling, args.steps) for shape in args.shape for compiling in (False, True)]
    print_report("Pretraining", [HEAD, *rows])


if __name__ == "__main__":
    main()
