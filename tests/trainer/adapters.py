"""Adapters made in a moment, by PEFT, of random numbers; and what transformers and PEFT make of them."""

from __future__ import annotations

from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model

from trainer.base import Base
from trainer.trainee import save_adapter


def save_random_adapter(base: Base, folder: Path, rank: int, seed: int, tokens: list[int] | None = None) -> Path:
    """On every linear layer, and on these tokens' rows. Leaves `base` changed."""
    torch.manual_seed(seed)
    table = base.model.get_input_embeddings()
    name = next(name for name, layer in base.model.named_modules() if layer is table).rpartition(".")[2]
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=rank,
        lora_alpha=3 * rank,
        target_modules="all-linear",
        trainable_token_indices={name: tokens} if tokens else None,
    )
    model = get_peft_model(base.model, config)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if "lora_" in key:
                parameter.copy_(torch.randn_like(parameter) * 0.1)
            elif "trainable_tokens_delta" in key:
                parameter.add_(torch.randn_like(parameter) * 0.1)
    save_adapter(model, folder)
    return folder


def greedy(base: Base, adapter: Path | None, prompt: list[int], n: int) -> list[int]:
    """By transformers' `generate`, with PEFT's adapter loaded alone. Leaves `base` changed."""
    model = base.model if adapter is None else PeftModel.from_pretrained(base.model, str(adapter)).eval()
    ids = torch.tensor([prompt])
    with torch.inference_mode():
        out = model.generate(  # type: ignore[operator]
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            max_new_tokens=n,
            min_new_tokens=n,
            eos_token_id=None,
            pad_token_id=0,
        )
    return [int(i) for i in out[0, len(prompt) :]]
