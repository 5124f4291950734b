"""How near exported models are to the persona that is served: logits on its held-out posts.

    python -m benchmarks.merged [--sample pip_the_lighthouse]

A persona of the bundled base model is trained on a sample account, exported as `mynah models export` does it in both
forms, loaded by transformers and PEFT, and compared with what the engine computes in fp32; so is what it serves.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from benchmarks.recipe import read_sample, split_posts
from benchmarks.report import print_report
from benchmarks.report_cards import trained
from trainer.base import load_base
from trainer.basenames import BUNDLED
from trainer.batch import Batch
from trainer.engine import Engine
from trainer.export import export
from trainer.linear import Precision
from trainer.protocol import ExportRequest, Hyperparameters
from trainer.speaker import load_speaker

CPU = torch.device("cpu")
TOKENS = 120  # of a post, at most
Logits = list[torch.Tensor]


def main(sample: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base = load_base(BUNDLED, CPU)
        parts = split_posts(read_sample(sample), None, seed=1)
        trained(base, sample, parts, {}, Hyperparameters(), folder)
        for merged in (True, False):
            out = folder / ("merged" if merged else "adapter")
            export(ExportRequest(id=1, folder=str(folder / "persona"), out=str(out), merged=merged), BUNDLED)
        ids = [base.vocabulary.encode(text)[:TOKENS] for text in parts.held_out]
        exact = served(folder / "persona", "fp32", ids)
        n_bytes = sum(len(base.vocabulary.tokenizer.decode(post).encode()) for post in ids)
        rows: list[tuple[str, ...]] = [
            ("what", "logits differ by, of", "", "mean KL divergence", "same likeliest token", "bits per byte")
        ]
        others = {
            "adapter, by PEFT, fp32": loaded(folder, torch.float32, ids, adapter=True),
            "merged, computed in fp32": loaded(folder, torch.float32, ids),
            "merged, computed in bf16": loaded(folder, torch.bfloat16, ids),
            "served in bf16": served(folder / "persona", "bf16", ids),
            "served in int8": served(folder / "persona", "int8", ids),
        }
        rows += [compared(name, exact, other, ids, n_bytes) for name, other in others.items()]
        print_report(f"@{sample}, beside what is served in fp32", rows)


@torch.inference_mode()
def served(folder: Path, precision: Precision, ids: list[list[int]]) -> Logits:
    """What the engine computes for each post: (tokens + 1, vocabulary)."""
    engine = Engine(load_speaker(BUNDLED, CPU, precision))
    resident = engine.make(engine.read(folder))
    found = []
    for post in ids:
        batch = Batch(resident.decoder, 1, len(post) + 2)
        batch.place(0, resident.weights)
        tokens = [engine.speaker.vocabulary.end_id, *post]
        found.append(torch.stack([batch.step([token], [place])[0].float() for place, token in enumerate(tokens)]))
    return found


@torch.inference_mode()
def loaded(folder: Path, dtype: torch.dtype, ids: list[list[int]], adapter: bool = False) -> Logits:
    """The same from what was exported, by others' libraries."""
    place = folder / "adapter" / "base" if adapter else folder / "merged"
    model: Any = AutoModelForCausalLM.from_pretrained(place, dtype=dtype)
    if adapter:
        model = PeftModel.from_pretrained(model, str(folder / "adapter"))
    end = model.config.bos_token_id
    return [model(input_ids=torch.tensor([[end, *post]])).logits[0].float() for post in ids]


def compared(name: str, exact: Logits, other: Logits, ids: list[list[int]], n_bytes: int) -> tuple[str, ...]:
    """Root mean squares; the divergence of what is compared from what is exact, in nats."""
    one, two = torch.cat(exact), torch.cat(other)
    p, q = one.log_softmax(-1), two.log_softmax(-1)
    targets = torch.cat([torch.tensor([*post, 0]) for post in ids])
    nats = -q.gather(1, targets[:, None]).sum().item()
    return (
        name,
        f"{(one - two).square().mean().sqrt():.5f}",
        f"{one.square().mean().sqrt():.2f}",
        f"{max(0.0, (p.exp() * (p - q)).sum(-1).mean().item()):.5f}",
        f"{(one.argmax(-1) == two.argmax(-1)).float().mean():.1%}",
        f"{nats / math.log(2) / n_bytes:.4f}",
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", default="pip_the_lighthouse")
    main(parser.parse_args().sample)
