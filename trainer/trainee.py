"""What a training run changes: an adapter on the base model, or a copy of all of its weights.

An adapter is LoRA on all linear layers (PEFT's layers, in place) and the embedding rows of the tokens that occur:
docs/measurements.md says why. PEFT's embedding writes the trained rows into a copy of the whole table at each step, so
training goes around it: it looks up the trained rows alone, and has the loss by chunks. That is the model's own loss
only where input and output are plain products with the embedding and posts in a row are kept apart: `check` makes sure.
"""

from __future__ import annotations

import copy
import json
import random
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional
from transformers import PreTrainedModel

from trainer.base import Base, BaseModelError
from trainer.compute import autocast, has_bf16
from trainer.evaluation import held_out_nats
from trainer.lora import Adapter, embedding_weight
from trainer.loss import FrozenRows, summed_loss
from trainer.packing import Rows, pack

SAME = 0.02  # of the loss: bf16 differs by a tenth of it, another formula by more
SHAPES = "Choose one of the GPT-2 or Llama shape: set base_model."


@dataclass(frozen=True)
class Trainee:
    """`model` with what is trained in it. `slots` maps token ids to `rows`, the trained part of the embedding.

    `head` is what the loss multiplies with: `rows`, pasted over `frozen`, where the embedding is tied to it.
    """

    model: PreTrainedModel
    rows: nn.Parameter
    head: nn.Parameter
    slots: torch.Tensor | None
    frozen: FrozenRows | None
    context: int
    save: Callable[[Path], None]  # the persona's weights, into a folder that it makes
    release: Callable[[], None]  # the base model is as it was

    @property
    def parameters(self) -> list[nn.Parameter]:
        return [p for p in self.model.parameters() if p.requires_grad]

    def nats(self, rows: Rows) -> torch.Tensor:
        """Sum over the rows' targets. Reads only tokens that occurred when the trainee was made."""
        device, trunk = self.model.device, self.model.base_model
        rows = rows.to(device)
        ids = rows.inputs if self.slots is None else self.slots[rows.inputs]
        with autocast(device):
            states = trunk(
                inputs_embeds=functional.embedding(ids, self.rows), position_ids=rows.positions, use_cache=False
            )
        dtype = torch.bfloat16 if has_bf16(device) else torch.float32
        return summed_loss(states.last_hidden_state, self.head, rows.targets, dtype, self.frozen)


def adapter(base: Base, rank: int, token_ids: list[int], start: Adapter | None = None) -> Trainee:
    """Changes the base model's layers in place until `release`. Goes on from `start`, which has the same rank."""
    if start is not None:
        token_ids = sorted({*token_ids, *start.token_ids.tolist()})
    attention = base.model.config._attn_implementation
    weight = embedding_weight(base.model)
    head = output_weight(base.model)
    tied = head is weight
    embedding = base.model.get_input_embeddings()
    name = next(name for name, layer in base.model.named_modules() if layer is embedding)
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=rank,
        lora_alpha=rank,
        target_modules="all-linear",
        trainable_token_indices={name.rpartition(".")[2]: token_ids},
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="fan_in_fan_out")  # PEFT sets it itself for GPT-2's Conv1D
        model = get_peft_model(base.model, config)
    attend_fast(base.model)
    rows = next(p for key, p in base.model.named_parameters() if "trainable_tokens_delta" in key)
    rows.data = rows.data.float()  # what is trained is fp32, whatever the base model's precision
    ids = torch.tensor(token_ids, device=weight.device)
    slots = torch.zeros(weight.shape[0], dtype=torch.int64, device=weight.device)
    slots[ids] = torch.arange(len(token_ids), device=weight.device)
    if start is not None:
        try:
            _copy(start, base.model, rows, slots)
        except BaseException:
            _release(model, base, attention)
            raise
    return Trainee(
        model=base.model,
        rows=rows,
        head=rows if tied else head,
        slots=slots,
        frozen=FrozenRows(weight.detach(), ids) if tied else None,
        context=base.context,
        save=lambda out: save_adapter(model, out),
        release=lambda: _release(model, base, attention),
    )


def whole(base: Base, start: PreTrainedModel | None = None) -> Trainee:
    """A copy of the base model, or of `start`, in fp32, all of it trained."""
    model = copy.deepcopy(start or base.model).float().requires_grad_(True)
    attend_fast(model)
    return Trainee(
        model=model,
        rows=model.get_input_embeddings().weight,
        head=output_weight(model),
        slots=None,
        frozen=None,
        context=base.context,
        save=lambda out: save_whole(model, out),
        release=lambda: None,
    )


def _copy(start: Adapter, model: PreTrainedModel, rows: nn.Parameter, slots: torch.Tensor) -> None:
    with torch.no_grad():
        rows[slots[start.token_ids]] = start.token_rows.float()
        for layer, (a, b) in start.matrices.items():
            model.get_parameter(f"{layer}.lora_A.default.weight").copy_(a)
            model.get_parameter(f"{layer}.lora_B.default.weight").copy_(b)


def output_weight(model: PreTrainedModel) -> nn.Parameter:
    """(vocabulary, width). Raises BaseModelError."""
    output = model.get_output_embeddings()
    if output is None:
        raise BaseModelError("The base model has no output embedding, so it can't learn to write. " + SHAPES)
    assert isinstance(output.weight, nn.Parameter)
    return output.weight


def check(trainee: Trainee, posts: Sequence[Sequence[int]], end_id: int) -> None:
    """Raises BaseModelError unless the loss that is trained on is the one that the model itself gives.

    Looks at a few posts whose tokens occurred when the trainee was made.
    """
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
    (out / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def save_whole(model: PreTrainedModel, out: Path) -> None:
    """transformers' two files, in bf16; the tokenizer is the base model's."""
    copy.deepcopy(model).bfloat16().save_pretrained(str(out))
    (out / "generation_config.json").unlink(missing_ok=True)
