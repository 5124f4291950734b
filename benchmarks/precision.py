"""What the base model's precision costs: how well it reads posts, and how fast a step is.

    python -m benchmarks.precision [--posts FILE.jsonl | --sample pip_the_lighthouse]

The same posts, token by token through the engine's batch, with the weights in fp32, bf16 and int8; steps of the three
are timed in turn.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from pathlib import Path

import torch

from benchmarks.recipe import read_posts, read_sample
from benchmarks.report import print_report
from trainer.basenames import BUNDLED
from trainer.batch import Batch
from trainer.linear import Precision
from trainer.speaker import Speaker, load_speaker

PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16", "int8")
POSTS, TOKENS = 96, 40  # that many posts of at least so many tokens, to there
STEPS = 20


@torch.inference_mode()
def bits_per_byte(speaker: Speaker, posts: list[list[int]]) -> float:
    """Of the posts' first TOKENS tokens."""
    batch = Batch(speaker.decoder, len(posts), TOKENS + 1)
    ids = torch.tensor([[speaker.vocabulary.end_id, *post[:TOKENS]] for post in posts])
    nats = 0.0
    for place in range(TOKENS):
        logits = batch.step(ids[:, place].tolist(), [place] * len(posts)).log_softmax(dim=-1)
        nats -= logits.gather(1, ids[:, place + 1 : place + 2]).sum().item()
    n_bytes = sum(len(speaker.vocabulary.tokenizer.decode(post[:TOKENS]).encode()) for post in posts)
    return nats / math.log(2) / n_bytes


@torch.inference_mode()
def step_seconds(batches: dict[Precision, Batch], rows: int) -> dict[Precision, float]:
    """Medians of steps taken in turn."""
    found: dict[Precision, list[float]] = {precision: [] for precision in batches}
    for place in range(STEPS):
        for precision, batch in batches.items():
            began = time.perf_counter()
            batch.step([7] * rows, [place] * rows)
            found[precision].append(time.perf_counter() - began)
    return {precision: statistics.median(times[2:]) for precision, times in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=Path)
    parser.add_argument("--sample", default="pip_the_lighthouse")
    parser.add_argument("--base-model", default=BUNDLED)
    args = parser.parse_args()
    texts = read_posts(args.posts) if args.posts else read_sample(args.sample)
    speakers = {precision: load_speaker(args.base_model, precision=precision) for precision in PRECISIONS}
    ids = [speakers["fp32"].vocabulary.encode(text) for text in texts]
    posts = [post for post in ids if len(post) >= TOKENS][:POSTS]
    batches = {precision: Batch(speaker.decoder, 32, STEPS) for precision, speaker in speakers.items()}
    steps = {rows: step_seconds(batches, rows) for rows in (1, 8, 32)}
    rows = [("weights", "MB", f"bits per byte, {len(posts)} posts", *(f"step of {n}, ms" for n in steps))]
    for precision, speaker in speakers.items():
        times = (f"{1000 * found[precision]:.1f}" for found in steps.values())
        size = f"{speaker.decoder.n_bytes / 1e6:.1f}"
        rows.append((precision, size, f"{bits_per_byte(speaker, posts):.4f}", *times))
    print_report(f"Precision ({args.base_model})", rows)


if __name__ == "__main__":
    main()
