"""Bits per byte on held-out documents: independent of the tokenizer, so it compares models with different ones."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm
from transformers import PreTrainedModel

from trainer.pretrain.loss import evaluation_nats
from trainer.pretrain.tokenizer import END_ID

ROWS = 32  # per forward pass


def held_out_bits_per_byte(model: PreTrainedModel, work: Path, every: int = 1) -> dict[str, float]:
    """Of each kind of held-out document, and of all of them by their bytes ("all"), in the model's precision.

    The token files in `work` must be of the model's own tokenizer. With `every` > 1 only so many windows are read.
    """
    context = int(model.config.max_position_embeddings)
    sizes: dict[str, int] = json.loads((work / "data.json").read_text(encoding="utf-8"))["held_out_bytes"]
    bits = {
        kind: document_nats(model, np.load(work / f"held_out_{kind}.npy"), context, every, kind) / math.log(2)
        for kind, size in sizes.items()
        if size
    }
    scores = {kind: round(total / sizes[kind], 4) for kind, total in bits.items()}
    return scores | {"all": round(sum(bits.values()) / max(1, sum(sizes.values())), 4)}


def document_nats(model: PreTrainedModel, tokens: np.ndarray, context: int, every: int = 1, label: str = "") -> float:
    """Nats of all documents in `tokens`, each followed by its end. A document starts with nothing but an end before it.

    A long one is read in windows that overlap by half, and a token counts in the first window that reaches it: so it
    sees at least half a context (https://huggingface.co/docs/transformers/perplexity).
    """
    device = model.device
    total = 0.0
    windows = sorted(list(_windows(tokens, context))[::every], key=lambda window: len(window[0]))
    for start in tqdm(range(0, len(windows), ROWS), desc=f"score {label}", unit="batch", leave=False):
        part = windows[start : start + ROWS]
        longest = max(len(ids) for ids, _ in part)
        rows = torch.zeros(len(part), longest, dtype=torch.int64)
        counted = torch.zeros(len(part), longest - 1, dtype=torch.bool)
        for i, (ids, new) in enumerate(part):
            rows[i, : len(ids)] = torch.from_numpy(ids.astype(np.int64))
            counted[i, len(ids) - 1 - new : len(ids) - 1] = True
        nats = evaluation_nats(model, rows.to(device)).cpu()
        total += float(nats[counted].sum(dtype=torch.float64))
    return total * len(tokens) / max(1, sum(new for _, new in windows))


def _windows(tokens: np.ndarray, context: int) -> Iterator[tuple[np.ndarray, int]]:
    """(up to context + 1 ids, how many of its last ones count)."""
    ends = np.flatnonzero(tokens == END_ID)
    for first, last in zip([0, *(ends[:-1] + 1)], ends, strict=True):
        document = np.concatenate([[END_ID], tokens[first : last + 1]])
        done = 1
        while done < len(document):
            stop = min(len(document), context + 1 if done == 1 else done + context // 2)
            start = max(0, stop - context - 1)
            yield document[start:stop], stop - done
            done = stop
