"""What each choice of the training recipe is worth: one change at a time, on the same base model and held-out posts.

python -m benchmarks.ablation --sample pip_the_lighthouse ladle_in_orbit [--posts FILE.jsonl] [--only rank rate]

Bits per byte of held-out posts at the best epoch, and by how much that is more than the recipe's own. One seed each, so
differences below about half a percent mean little: --seed repeats with another.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from benchmarks.recipe import read_posts, read_sample, token_corpus
from benchmarks.report import print_report
from trainer.base import Base, embedding_weight, load_base
from trainer.finetune import tokens_in
from trainer.fit import Hooks, TokenCorpus, fit
from trainer.loss import IGNORED
from trainer.packing import Rows
from trainer.protocol import Hyperparameters
from trainer.recipe import Recipe, choose_recipe
from trainer.start import trainee_of
from trainer.trainee import Trainee

PROMPT_TOKENS = 4  # of a post, which people give and the persona needn't


def unchanged(rows: Rows) -> Rows:
    return rows


def across(rows: Rows) -> Rows:
    """Posts in a row see those before them, as in the reference recipe."""
    return replace(rows, positions=torch.arange(rows.inputs.shape[1]).expand_as(rows.inputs))


def without_prompts(rows: Rows) -> Rows:
    return replace(rows, targets=rows.targets.masked_fill(rows.positions < PROMPT_TOKENS, IGNORED))


@dataclass(frozen=True)
class Variant:
    """One change of the recipe, of its rows, of the posts' texts, or of what tokens that don't occur learn."""

    name: str
    recipe: Callable[[Recipe], Recipe] = lambda recipe: recipe
    rows: Callable[[Rows], Rows] = unchanged
    label: str = ""
    sharing: bool = True  # one gradient for tokens that don't occur


def scaled(name: str, **factors: float) -> Variant:
    return Variant(name, lambda recipe: replace(recipe, **{k: getattr(recipe, k) * v for k, v in factors.items()}))


def changed(name: str, **values: object) -> Variant:
    return Variant(name, lambda recipe: replace(recipe, **values))  # type: ignore[arg-type]


VARIANTS = (
    Variant("the recipe"),
    *(changed(f"rank {rank}", lora_rank=rank) for rank in (8, 16, 64)),
    *(changed(f"alpha {alpha}", lora_alpha=alpha) for alpha in (32, 128, 768)),
    *(scaled(f"rate × {factor:g}", learning_rate=factor) for factor in (0.5, 2.0)),
    *(changed(f"{epochs} epochs", epochs=epochs) for epochs in (1, 2, 4, 6)),
    *(changed(f"{rows} rows a step", rows=rows) for rows in (2, 8, 16)),
    *(changed(f"full, rate {rate:g}", method="full", learning_rate=rate) for rate in (4e-4, 1e-3, 2e-3)),
    changed("without token rows", trains_embedding=False),
    Variant("tokens that don't occur, each by its own", sharing=False),
    *(changed(f"weight decay {decay:g}", weight_decay=decay) for decay in (0.01, 0.1)),
    Variant("posts see each other", rows=across),
    Variant(f"no loss on the first {PROMPT_TOKENS} tokens", rows=without_prompts),
    Variant("a label before each post", label="pip: "),
)


def measure(base: Base, texts: Sequence[str], variant: Variant, seed: int) -> tuple[float, float, float]:
    """(bits per byte at the best epoch, that epoch, seconds). A label's own bits count, its bytes don't."""
    corpus = labelled(token_corpus(texts, base, None, seed), base, variant.label)
    chosen = choose_recipe(Hyperparameters(seed=seed), base.size, corpus.n_tokens)
    recipe = variant.recipe(chosen)
    torch.manual_seed(seed)
    occurring = tokens_in(corpus, base) if variant.sharing else range(len(embedding_weight(base.model)))
    with trainee_of(base, recipe, occurring) as trainee:
        began = time.perf_counter()
        curve = fit(on_rows(trainee, variant.rows), corpus, base.end_id, recipe, Hooks())
        seconds = time.perf_counter() - began
    best = curve.points[curve.best]
    return corpus.bits_per_byte(best.held_out_nats), best.epoch, seconds


def labelled(corpus: TokenCorpus, base: Base, label: str) -> TokenCorpus:
    ids = base.vocabulary.encode(label)
    return replace(corpus, train=[ids + post for post in corpus.train], held_out=[ids + p for p in corpus.held_out])


def on_rows(trainee: Trainee, change: Callable[[Rows], Rows]) -> Trainee:
    class Changed(Trainee):
        def nats(self, rows: Rows) -> torch.Tensor:
            return trainee.nats(change(rows))

    return Changed(**vars(trainee))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=Path, nargs="*", default=[], help="JSON Lines files")
    parser.add_argument("--sample", nargs="*", default=[], help="sample accounts")
    parser.add_argument("--base-model", default="bundled")
    parser.add_argument("--only", nargs="*", default=[], help="variants with one of these words in their names")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    base = load_base(args.base_model)
    accounts = {file.stem: read_posts(file) for file in args.posts} | {name: read_sample(name) for name in args.sample}
    chosen = [one for one in VARIANTS if not args.only or any(word in one.name for word in args.only)]
    if VARIANTS[0] not in chosen:
        chosen.insert(0, VARIANTS[0])
    table: list[tuple[str, ...]] = [("posts", "variant", "bits/byte", "more by", "best epoch", "seconds")]
    for name, texts in accounts.items():
        own: float | None = None
        for variant in chosen:
            bits, epoch, seconds = measure(base, texts, variant, args.seed)
            own = own or bits
            more = f"{100 * (bits / own - 1):+.1f}%"
            table.append((name, variant.name, f"{bits:.3f}", more, f"{epoch:g}", f"{seconds:.0f}"))
            print("  ".join(table[-1]), flush=True)
    print_report("What each choice of the recipe is worth", table)


if __name__ == "__main__":
    main()
