"""The bundled base model's card, from its provenance. The text is in card.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def model_card(provenance: dict[str, Any], n_bytes: int, picture: str = "") -> str:
    plan, data = provenance["plan"], provenance["data"]
    facts = (plan | data | provenance) | {
        "size": provenance["parameters"] / 1e6,
        "architecture": {"llama": "Llama", "gpt2": "GPT-2"}[plan["shape"]],
        "megabytes": n_bytes / 1e6,
        "vocabulary": plan["vocab_size"],
        "tokens": provenance["log"]["tokens"],
        "passes": provenance["log"]["tokens"] / max(1, data["tokens"]),
        "steps": provenance["log"]["step"],
        "aims": "".join(
            f"; from step {aim['step']:,} on aimed at {aim['tokens']:,} tokens" for aim in provenance["aims"][1:]
        ),
        "weights": {"last": "the last ones", "average": "the moving average of the last ones"}[provenance["weights"]],
        "loss": provenance["log"]["loss"],
        "corpus_tokens": data["tokens"],
        "scores": score_table(provenance["held_out_bits_per_byte"]),
        "samples": sample_list(provenance["samples"]),
        "picture": picture,
        "n_samples": max(map(len, provenance["samples"].values())),
        "context_characters": plan["context"] * 7 // 2,
    }
    return (Path(__file__).parent / "card.md").read_text(encoding="utf-8").format(**facts)


def score_table(scores: dict[str, float]) -> str:
    numbers = " | ".join(f"{bits:.3f}" for bits in scores.values())
    return f"| {' | '.join(scores)} |\n{'|---' * len(scores)}|\n| {numbers} |"


def sample_list(samples: dict[str, list[str]]) -> str:
    lines = [f"- **{prompt}**{' / '.join(text.splitlines())}" for prompt, texts in samples.items() for text in texts]
    return "\n".join(lines)
