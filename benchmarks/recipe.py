"""The reference recipe (huggingtweets), ours to beat, beside Mynah's own, on the same base model and held-out posts.

python -m benchmarks.recipe --posts berniesanders.jsonl hillaryclinton.jsonl [--sample pip_the_lighthouse] [--cut 6000]

The reference: all weights, 4 epochs, batch 1, blocks of 1,024 tokens or the base model's context, learning rate
1.372e-4 with a cosine to zero, fp32, posts attending to each other. Seconds are those of training, without evaluations;
bits per byte are of the held-out posts, which both see after each epoch (ours more often, to find out when it was as
good).
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import json
import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch.nn import functional
from transformers import PreTrainedModel

from benchmarks.report import print_report
from bot.domain import AccountSource
from bot.ports import unheard
from bot.sources.posts import record_post
from bot.sources.samples import SCHEME, SampleSource
from trainer.base import Base, load_base
from trainer.corpus import clean
from trainer.evaluation import held_out_nats
from trainer.finetune import tokens_in
from trainer.fit import Hooks, TokenCorpus, fit, rate_factor
from trainer.protocol import Hyperparameters
from trainer.recipe import choose_recipe
from trainer.split import Split, split
from trainer.start import trainee_of

EPOCHS = 4
RATE = 1.372e-4
BLOCK = 1024
EVALUATIONS = 8  # an epoch of ours
HEAD = ("posts", "recipe", "tokens/s", "seconds", "bits/byte by epoch", "best", "lower by", "as good as its end after")


@dataclass(frozen=True)
class Outcome:
    """Training seconds, tokens trained on, and (epoch, held-out bits per byte) in order.

    The best is that of whole epochs: more looks would find a lower one by chance.
    """

    seconds: float
    n_tokens: float
    points: tuple[tuple[float, float], ...]

    @property
    def best(self) -> float:
        return min(bits for epoch, bits in self.points if epoch == round(epoch))

    def seconds_to(self, bits: float) -> float:
        """Until a point that is as good; infinite if none is."""
        return next((self.seconds * epoch / self.points[-1][0] for epoch, b in self.points if b <= bits), math.inf)


def reference(base: Base, corpus: TokenCorpus, seed: int) -> Outcome:
    """The reference recipe on a copy of the base model."""
    torch.manual_seed(seed)
    model, optimizer = reference_model(base)
    blocks = [block for epoch in range(EPOCHS) for block in epoch_blocks(corpus, base, seed + epoch)]
    per_epoch = len(blocks) // EPOCHS
    seconds = 0.0
    points: list[tuple[float, float]] = []
    for number, block in enumerate(blocks):
        began = time.perf_counter()
        reference_step(model, optimizer, block.to(base.device), RATE * rate_factor(number, len(blocks), 0.0))
        seconds += time.perf_counter() - began
        if (number + 1) % per_epoch == 0:
            nats = held_out_nats(model, corpus.held_out, base.end_id, base.context)
            points.append(((number + 1) / per_epoch, corpus.bits_per_byte(nats)))
    return Outcome(seconds, sum(len(block) - 1 for block in blocks), tuple(points))


def reference_model(base: Base) -> tuple[PreTrainedModel, torch.optim.Optimizer]:
    model = copy.deepcopy(base.model).float().requires_grad_(True)
    return model, torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.0)


def reference_step(model: PreTrainedModel, optimizer: torch.optim.Optimizer, ids: torch.Tensor, rate: float) -> None:
    model.train()
    for group in optimizer.param_groups:
        group["lr"] = rate
    logits = model(input_ids=ids[None, :-1], use_cache=False).logits[0]
    functional.cross_entropy(logits, ids[1:]).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    synchronize(ids.device)


def epoch_blocks(corpus: TokenCorpus, base: Base, seed: int) -> Iterator[torch.Tensor]:
    """All posts in a new order, joined by end-of-text tokens, in full blocks; the rest of a block is dropped."""
    posts = list(corpus.train)
    random.Random(seed).shuffle(posts)
    stream = torch.tensor([base.end_id, *(token for ids in posts for token in (*ids, base.end_id))])
    block = min(BLOCK, base.context)
    for start in range(0, max(1, len(stream) - block), block):
        yield stream[start : start + block + 1]


def ours(base: Base, corpus: TokenCorpus, wished: Hyperparameters) -> Outcome:
    """What `/train` does, evaluated more often."""
    recipe = replace(choose_recipe(wished, base.size, corpus.n_tokens), evaluations=EVALUATIONS)
    began = time.perf_counter()
    held_out_nats(base.model, corpus.held_out, base.end_id, base.context)
    looking = time.perf_counter() - began
    torch.manual_seed(recipe.seed)
    with trainee_of(base, recipe, tokens_in(corpus, base)) as trainee:
        began = time.perf_counter()
        curve = fit(trainee, corpus, base.end_id, recipe, Hooks())
        synchronize(base.device)
        seconds = time.perf_counter() - began - len(curve.points) * looking
    points = tuple((point.epoch, corpus.bits_per_byte(point.held_out_nats)) for point in curve.points)
    return Outcome(seconds, corpus.n_tokens * points[-1][0], points)


def synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def read_posts(file: Path) -> list[str]:
    """Cleaned posts of a JSON Lines file."""
    with file.open("rb") as lines:
        return list(clean("account", (record_post(json.loads(line)) for line in lines)).posts)


def read_sample(name: str) -> list[str]:
    fetched = SampleSource().fetch(AccountSource(name, f"{SCHEME}:{name}"), 0, unheard)
    return list(clean(name, asyncio.run(fetched)).posts)


def split_posts(texts: Sequence[str], cut: int | None, seed: int) -> Split:
    """The split that `/train` makes; with `cut`, of the first posts of so many characters."""
    kept = list(texts)
    while cut is not None and sum(map(len, kept)) > cut:
        kept.pop()
    return split([replace(clean("account", []), posts=tuple(kept))], seed)


def token_corpus(texts: Sequence[str], base: Base, cut: int | None, seed: int) -> TokenCorpus:
    parts = split_posts(texts, cut, seed)
    return TokenCorpus(
        train=[base.vocabulary.encode(text) for text in parts.train],
        held_out=[base.vocabulary.encode(text) for text in parts.held_out],
        held_out_bytes=sum(len(text.encode()) for text in parts.held_out),
    )


def rows(name: str, theirs: Outcome, mine: Outcome) -> list[tuple[str, ...]]:
    end = theirs.points[-1][1]
    reached = mine.seconds_to(end)
    by_epoch = [f"{bits:.3f}" for epoch, bits in mine.points if epoch == round(epoch)]
    return [
        (
            name,
            "reference",
            f"{theirs.n_tokens / theirs.seconds:,.0f}",
            f"{theirs.seconds:.0f}",
            " ".join(f"{bits:.3f}" for _, bits in theirs.points),
            f"{theirs.best:.3f}",
            "",
            "",
        ),
        (
            "",
            "Mynah",
            f"{mine.n_tokens / mine.seconds:,.0f}",
            f"{mine.seconds:.0f}",
            " ".join(by_epoch),
            f"{mine.best:.3f}",
            f"{100 * (1 - mine.best / theirs.best):.1f}%",
            f"{reached:.1f} s (1/{theirs.seconds / reached:.1f} of its time)" if math.isfinite(reached) else "never",
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=Path, nargs="*", default=[], help="JSON Lines files")
    parser.add_argument("--sample", nargs="*", default=[], help="sample accounts")
    parser.add_argument("--cut", type=int, help="characters to take of each")
    parser.add_argument("--base-model", default="bundled")
    parser.add_argument("--method", choices=("lora", "full"), default="lora")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    base = load_base(args.base_model)
    accounts = {file.stem: read_posts(file) for file in args.posts}
    accounts |= {name: read_sample(name) for name in args.sample}
    table: list[tuple[str, ...]] = [HEAD]
    for name, texts in accounts.items():
        corpus = token_corpus(texts, base, args.cut, args.seed)
        theirs = reference(base, corpus, args.seed)
        table += rows(name, theirs, ours(base, corpus, Hyperparameters(method=args.method, seed=args.seed)))
    print_report("Mynah's training beside the reference recipe", table)


if __name__ == "__main__":
    main()
