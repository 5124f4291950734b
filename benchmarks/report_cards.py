"""Report cards: every account trained as `/train` does it, and measured beside the others.

python -m benchmarks.report_cards --posts berniesanders.jsonl hillaryclinton.jsonl --sample pip_the_lighthouse

`report` is what the card cost, as a share of the training's time; `persona` the size of its files; `memory` the most
that this process has had so far. Contrast are all other accounts that were given.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.recipe import read_posts, read_sample, split_posts
from benchmarks.report import print_report
from bot.contrast import POSTS
from trainer.base import Base, load_base
from trainer.basenames import BUNDLED
from trainer.finetune import finetune
from trainer.manifest import Manifest, read_manifest
from trainer.protocol import Hyperparameters, ReportCard, TrainRequest
from trainer.split import Split


def trained(
    base: Base, name: str, parts: Split, others: Mapping[str, Sequence[str]], wished: Hyperparameters, work: Path
) -> tuple[Manifest, ReportCard]:
    """One persona, by the worker's own function."""
    corpus = {"train": parts.train, "held_out": parts.held_out, "duplicates": sum(parts.duplicates)}
    (work / "corpus.json").write_text(json.dumps(corpus), encoding="utf-8")
    (work / "contrast.json").write_text(json.dumps({k: v[:POSTS] for k, v in others.items()}), encoding="utf-8")
    request = TrainRequest(
        id=1,
        persona=name,
        accounts=(),
        corpus=str(work / "corpus.json"),
        contrast=str(work / "contrast.json"),
        out=str(work / "persona"),
        hyperparameters=wished,
    )
    card = finetune(request, base, lambda event: None).card
    return read_manifest(work / "persona"), card


def row(name: str, manifest: Manifest, card: ReportCard) -> dict[str, str]:
    run = manifest.run
    assert run is not None
    return {
        "posts": name,
        "train": f"{run.seconds:.0f} s",
        "report": f"{card.seconds / run.seconds:.0%}",
        "persona": f"{manifest.n_bytes / 1e6:.1f} MB",
        "memory": f"{run.peak_bytes / 1e6:,.0f} MB",
        "bits/byte, base's, of others": " ".join(
            "-" if bits is None else f"{bits:.3f}"
            for bits in (card.bits_per_byte, card.bits_per_byte_base, card.bits_per_byte_others)
        ),
        "attribution, ceiling": f"{percent(card.attribution)} of {percent(card.attribution_ceiling)}",
        "copied, author's": f"{card.copied:.1%} {card.copied_own:.1%}",
        "clean": f"{card.clean:.1%}",
        "distinct-2, author's": f"{card.distinct_2:.0%} {card.distinct_2_own:.0%}",
        "length, author's": f"{card.length:.0f} {card.length_own:.0f}",
    }


def percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=Path, nargs="*", default=[], help="JSON Lines files")
    parser.add_argument("--sample", nargs="*", default=[], help="sample accounts")
    parser.add_argument("--cut", type=int, help="characters to take of each")
    parser.add_argument("--method", choices=("lora", "full"), default="lora")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    base = load_base(BUNDLED)
    wished = Hyperparameters(method=args.method, seed=args.seed)
    if not args.posts and not args.sample:
        parser.error("name accounts with --posts or --sample")
    accounts = {file.stem: read_posts(file) for file in args.posts} | {name: read_sample(name) for name in args.sample}
    rows: list[dict[str, str]] = []
    for name, texts in accounts.items():
        others = {other: posts for other, posts in accounts.items() if other != name}
        with tempfile.TemporaryDirectory() as folder:
            parts = split_posts(texts, args.cut, args.seed)
            rows.append(row(name, *trained(base, name, parts, others, wished, Path(folder))))
    print_report("Report cards", [tuple(rows[0]), *(tuple(one.values()) for one in rows)])


if __name__ == "__main__":
    main()
