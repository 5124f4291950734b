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
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from transformers import GPT2Config, GPT2LMHeadModel

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
from trainer.base import BUNDLED, Base, load_base
from trainer.finetune import tokens_in
from trainer.fit import Loop, TokenCorpus, adamw, batches, step
from trainer.protocol import Hyperparameters
from trainer.recipe import Recipe, choose_recipe
from trainer.start import trainee_of


def gpt2_shape() -> Base:
    bundled = load_base(BUNDLED)
    torch.manual_seed(1)
    model = GPT2LMHeadModel(GPT2Config()).to(bundled.device).eval().requires_grad_(False)  # type: ignore[arg-type]
    parameters = sum(p.numel() for p in model.parameters())
    return replace(bundled, name="GPT-2's shape", model=model, context=1024, parameters=parameters)


def reference_steps(base: Base, corpus: TokenCorpus) -> Iterator[float]:
    """Tokens per second of each step."""
    model, optimizer = reference_model(base)
    for epoch in range(1_000):
        for block in epoch_blocks(corpus, base, epoch):
            began = time.perf_counter()
            reference_step(model, optimizer, block.to(base.device), RATE)
            yield (len(block) - 1) / (time.perf_counter() - began)


def our_steps(base: Base, corpus: TokenCorpus, recipe: Recipe, out: Path) -> Iterator[float]:
    """Tokens per second of each step; then the persona is in `out`."""
    with trainee_of(base, recipe, tokens_in(corpus, base)) as trainee:
        loop = Loop(trainee, adamw(trainee.parameters, recipe), 2 * recipe.rows)
        for rows in batches(corpus.train, base.end_id, recipe, recipe.steps_per_epoch(corpus.n_tokens)):
            began = time.perf_counter()
            step(loop, rows, recipe.learning_rate, lambda: False)
            synchronize(base.device)
            speed = rows.n_targets / (time.perf_counter() - began)
            trainee.save(out)
            yield speed


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
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        reference, mine = reference_steps(base, corpus), our_steps(base, corpus, recipe, out)
        next(reference), next(mine)  # warm-up
        for _ in range(args.steps):
            theirs.append(next(reference))
            ours += [next(mine) for _ in range(base.context // recipe.batch_tokens)]
        megabytes = sum(file.stat().st_size for file in out.iterdir()) / 1e6
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
