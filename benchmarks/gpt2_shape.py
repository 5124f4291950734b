"""Training speed and persona size on a base model of GPT-2's shape (124 M parameters): the reference recipe and ours.

python -m benchmarks.gpt2_shape [--sample pip_the_lighthouse] [--steps 5]

The weights are random, which changes nothing about speed. The posts' tokens are the bundled tokenizer's. Steps of both
are taken in turn; the reference's is one block of 1,024 tokens in fp32, all weights trained.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import torch
from torch.optim import Optimizer
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedModel

from benchmarks.recipe import (
    RATE,
    epoch_blocks,
    read_sample,
    reference_model,
    reference_step,
    synchronize,
    token_corpus,
)
from benchmarks.report import HEAD, print_report, summary
from trainer.base import Base, load_base
from trainer.basenames import BUNDLED
from trainer.finetune import tokens_in
from trainer.fit import Loop, adamw, batches, step
from trainer.packing import Rows
from trainer.protocol import Hyperparameters
from trainer.recipe import Recipe, choose_recipe
from trainer.start import trainee_of
from trainer.trainee import Trainee


def gpt2_shape() -> Base:
    bundled = load_base(BUNDLED)
    torch.manual_seed(1)
    model = GPT2LMHeadModel(GPT2Config()).to(bundled.device, bundled.model.dtype).eval().requires_grad_(False)  # type: ignore[arg-type]
    parameters = sum(p.numel() for p in model.parameters())
    return replace(bundled, name="GPT-2's shape", model=model, context=1024, parameters=parameters)


def reference_steps(model: PreTrainedModel, optimizer: Optimizer, blocks: Iterable[torch.Tensor]) -> Iterator[float]:
    """Tokens per second of each step."""
    for block in blocks:
        began = time.perf_counter()
        reference_step(model, optimizer, block.to(model.device), RATE)
        yield (len(block) - 1) / (time.perf_counter() - began)


def our_steps(trainee: Trainee, recipe: Recipe, steps: Iterable[Rows]) -> Iterator[float]:
    """Tokens per second of each step."""
    loop = Loop(trainee, adamw(trainee.parameters, recipe), 2 * recipe.rows)
    for rows in steps:
        began = time.perf_counter()
        step(loop, rows, recipe.learning_rate, lambda: False)
        synchronize(trainee.model.device)
        yield rows.n_targets / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", default="pip_the_lighthouse")
    parser.add_argument("--steps", type=int, default=5, help="of the reference; of ours as many tokens")
    args = parser.parse_args()
    base = gpt2_shape()
    corpus = token_corpus(read_sample(args.sample), base, None, 1)
    recipe = choose_recipe(Hyperparameters(), base.size, corpus.n_tokens)
    theirs: list[float] = []
    ours: list[float] = []
    reference = reference_steps(*reference_model(base), cycle(epoch_blocks(corpus, base, 1)))
    steps = batches(corpus.train, base.end_id, replace(recipe, epochs=1_000), recipe.steps_per_epoch(corpus.n_tokens))
    with trainee_of(base, recipe, tokens_in(corpus, base)) as trainee, tempfile.TemporaryDirectory() as folder:
        mine = our_steps(trainee, recipe, steps)
        next(reference), next(mine)  # warm-up
        for _ in range(args.steps):
            theirs.append(next(reference))
            ours += [next(mine) for _ in range(base.context // recipe.batch_tokens)]
        trainee.save(Path(folder))
        megabytes = sum(file.stat().st_size for file in Path(folder).iterdir()) / 1e6
    print_report(
        "A training step on GPT-2's shape",
        [
            HEAD,
            summary("the reference recipe", theirs, "tokens/s", ""),
            summary(f"Mynah's, rank {recipe.lora_rank}, {recipe.batch_tokens} tokens", ours, "tokens/s", ""),
            summary("ratio of the medians", [statistics.median(ours) / statistics.median(theirs)], "", "3"),
            summary("a persona's files", [megabytes], "MB", "6"),
        ],
    )


if __name__ == "__main__":
    main()
