"""What a training run changes: an adapter on the base model, or a copy of all of its weights.

An adapter is LoRA on all linear layers (PEFT's layers, in place) and, where it is small, the token embedding. As far as
the output embedding is trained, tokens that don't occur in the corpus learn together how unlikely they are.
docs/measurements.md says what both are worth. PEFT's embedding copies its table at each step, so training goes around
it, and has the loss by chunks. That is the model's own loss only where input and output are plain products with the
embedding and posts in a row are kept apart: `check` makes sure.
"""

from __future__ import annotations

import copy
import json
import random
import shutil
import warnings
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional
from transformers import PreTrainedModel

from trainer.base import Base, embedding_weight
from trainer.basefiles import BaseModelError, locate
from trainer.compute import autocast, has_bf16
from trainer.evaluation import held_out_nats
from trainer.lora import Adapter
from trainer.loss import summed_loss
from trainer.packing import Rows, pack
from trainer.recipe import Recipe
from trainer.vocabulary import TOKENIZER, TOKENIZER_CONFIG

SAME = 0.02  # of the loss: bf16 differs by a tenth of it, another formula by more
SHAPES = "Choose one of the GPT-2 or Llama shape: set base_model."


@dataclass(frozen=True)
class Trainee:
    """`model` with what is trained in it. `embedding` and `head`, (vocabulary, width) each, are one where tied."""

    model: PreTrainedModel
    embedding: torch.Tensor
    head: torch.Tensor
    context: int
    save: Callable[[Path], None]  # the persona's weights, into a folder that it makes
    release: Callable[[], None]  # the base model is as it was

    @property
    def parameters(self) -> list[nn.Parameter]:
        return [p for p in self.model.parameters() if p.requires_grad]

    def nats(self, rows: Rows) -> torch.Tensor:
        """Sum over the rows' targets."""
        device, trunk = self.model.device, self.model.base_model
        rows = rows.to(device)
        embedded = functional.embedding(rows.inputs, self.embedding)
        with autocast(device):
            states = trunk(inputs_embeds=embedded, position_ids=rows.positions, use_cache=False)
        dtype = torch.bfloat16 if has_bf16(device) else torch.float32
        return summed_loss(states.last_hidden_state, self.head, rows.targets, dtype)


def adapter(base: Base, recipe: Recipe, occurring: Collection[int], start: Adapter | None = None) -> Trainee:
    """Changes the base model's layers in place until `release`. Goes on from `start`, which has the same rank."""
    attention = base.model.config._attn_implementation
    weight = embedding_weight(base.model)
    head = output_weight(base.model)
    tied = head is weight
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="fan_in_fan_out")  # PEFT sets it itself for GPT-2's Conv1D
        model = get_peft_model(base.model, lora_config(base, recipe))
    embedding: torch.Tensor = weight
    try:
        attend_fast(base.model)
        if recipe.trains_embedding:
            embedding = next(p for key, p in base.model.named_parameters() if "trainable_tokens_delta" in key)
            embedding.data = embedding.data.float()  # what is trained is fp32, whatever the base model's precision
            if tied:
                share_gradient(embedding, occurring)
        if start is not None:
            _copy(start, base.model, embedding, recipe)
    except BaseException:
        _release(model, base, attention)
        raise
    return Trainee(
        model=base.model,
        embedding=embedding,
        head=embedding if tied else head,
        context=base.context,
        save=lambda out: save_adapter(model, out),
        release=lambda: _release(model, base, attention),
    )


def lora_config(base: Base, recipe: Recipe) -> LoraConfig:
    layer = base.model.get_input_embeddings()
    name = next(name for name, other in base.model.named_modules() if other is layer)
    every_token = list(range(len(embedding_weight(base.model))))
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=recipe.lora_rank,
        lora_alpha=recipe.lora_alpha,
        target_modules="all-linear",
        trainable_token_indices={name.rpartition(".")[2]: every_token} if recipe.trains_embedding else None,
    )


def whole(base: Base, occurring: Collection[int], start: PreTrainedModel | None = None) -> Trainee:
    """A copy of the base model, or of `start`, in fp32, all of it trained."""
    model = copy.deepcopy(start or base.model).float().requires_grad_(True)
    attend_fast(model)
    head = output_weight(model)
    share_gradient(head, occurring)
    return Trainee(
        model=model,
        embedding=embedding_weight(model),
        head=head,
        context=base.context,
        save=lambda out: save_whole(model, locate(base.name), out),
        release=lambda: None,
    )


def share_gradient(head: torch.Tensor, occurring: Collection[int]) -> None:
    """Rows, of the output embedding, of tokens that don't occur get the mean of their gradients: AdamW moves all alike.

    Each by its own would learn to be as unlikely as it happened to be, which says nothing about posts to come.
    """
    others = torch.ones(head.shape[0], dtype=torch.bool, device=head.device)
    others[sorted(occurring)] = False
    if not others.any():
        return

    def share(parameter: torch.Tensor) -> None:
        assert parameter.grad is not None
        parameter.grad[others] = others.float() @ parameter.grad / others.sum()

    head.register_post_accumulate_grad_hook(share)


def _copy(start: Adapter, model: PreTrainedModel, embedding: torch.Tensor, recipe: Recipe) -> None:
    with torch.no_grad():
        if recipe.trains_embedding:
            embedding[start.token_ids] = start.token_rows.float()
        for layer, (a, b) in start.matrices.items():
            model.get_parameter(f"{layer}.lora_A.default.weight").copy_(a)
            model.get_parameter(f"{layer}.lora_B.default.weight").copy_(b.float() * start.scale / recipe.lora_scale)


def output_weight(model: PreTrainedModel) -> nn.Parameter:
    """(vocabulary, width). Raises BaseModelError."""
    output = model.get_output_embeddings()
    if output is None:
        raise BaseModelError("The base model has no output embedding, so it can't learn to write. " + SHAPES)
    assert isinstance(output.weight, nn.Parameter)
    return output.weight


def check(trainee: Trainee, posts: Sequence[Sequence[int]], end_id: int) -> None:
    """Raises BaseModelError unless the loss that is trained on is, for a few posts, the one that the model gives."""
    with torch.no_grad():
        packed = trainee.nats(pack(posts, end_id, trainee.context, random.Random(0))).item()
    alone = held_out_nats(trainee.model, posts, end_id, trainee.context)
    if abs(packed - alone) > SAME * alone:
        raise BaseModelError(f"The base model computes its loss in a way that training doesn't know. {SHAPES}")


def attend_fast(model: PreTrainedModel) -> None:
    """On CPUs plain matrix products beat the fused kernel in rows as short as posts' (docs/measurements.md)."""
    if model.device.type == "cpu":
        model.set_attn_implementation("eager")


def _release(model: PeftModel, base: Base, attention: str) -> None:
    model.unload()
    base.model.set_attn_implementation(attention)
    base.model.eval().requires_grad_(False)


def save_adapter(model: PeftModel, out: Path) -> None:
    """PEFT's two files, tensors in bf16, the same bytes for the same persona."""
    model.save_pretrained(str(out), save_embedding_layers=False)
    (out / "README.md").unlink(missing_ok=True)
    path = out / "adapter_model.safetensors"
    halves = {name: tensor.to(torch.bfloat16).contiguous() for name, tensor in load_file(path).items()}
    save_file(halves, path, metadata={"format": "pt"})
    config: dict[str, Any] = json.loads((out / "adapter_config.json").read_text(encoding="utf-8"))
    config["target_modules"].sort()  # PEFT writes a set
    (out / "adapter_config.json").write_text(json.dumps(config) + "\n", encoding="utf-8")


def save_whole(model: PreTrainedModel, base: Path, out: Path) -> None:
    """transformers' two files, in bf16, and the tokenizer from the base model's folder: it needs no base any more."""
    copy.deepcopy(model).bfloat16().save_pretrained(str(out))
    (out / "generation_config.json").unlink(missing_ok=True)
    copy_tokenizer(base, out)


def copy_tokenizer(folder: Path, out: Path) -> None:
    """What `trainer.vocabulary` reads of it."""
    for name in (TOKENIZER, TOKENIZER_CONFIG):
        if (folder / name).is_file():
            shutil.copyfile(folder / name, out / name)
