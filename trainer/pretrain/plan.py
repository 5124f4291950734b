"""What a run depends on: size, shape, rates, seed. From it come the untrained model and the rate of every step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedModel

Shape = Literal["llama", "gpt2"]


@dataclass(frozen=True)
class Plan:
    """What to train, and how. Rates are peak rates: a short warm-up, a plateau, then linear to zero.

    With a plateau, a finished run can go on from the checkpoint before its decay, towards more tokens
    (https://arxiv.org/abs/2405.18392).
    """

    tokens: int  # seen in training
    shape: Shape = "llama"
    layers: int = 6
    width: int = 320
    heads: int = 5
    context: int = 256  # tokens
    vocab_size: int = 8192
    rows: int = 32  # sequences per step
    micro_rows: int = 16  # sequences per forward pass
    muon_rate: float = 0.008  # matrices (update RMS matched to AdamW's)
    adam_rate: float = 0.005  # embeddings, norms, biases
    weight_decay: float = 0.05
    warm_up: int = 60  # steps
    decay: float = 0.65  # fraction of the steps
    average: float = 0.02  # horizon of the weights' moving average, fraction of the steps
    seed: int = 1

    @property
    def steps(self) -> int:
        return max(1, self.tokens // (self.rows * self.context))

    @property
    def decay_from(self) -> int:
        """The last step on the plateau."""
        return int(self.steps * (1 - self.decay))

    @property
    def inner(self) -> int:
        """Width inside a gated feed-forward layer, so that both shapes have the same bytes: 8/3 in multiples of 32."""
        return max(32, round(self.width * 8 / 3 / 32) * 32)


def build_model(plan: Plan) -> PreTrainedModel:
    torch.manual_seed(plan.seed)
    return _llama(plan) if plan.shape == "llama" else _gpt2(plan)


def _llama(plan: Plan) -> LlamaForCausalLM:
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=plan.vocab_size,
            max_position_embeddings=plan.context,
            hidden_size=plan.width,
            intermediate_size=plan.inner,
            num_hidden_layers=plan.layers,
            num_attention_heads=plan.heads,
            num_key_value_heads=plan.heads,
            tie_word_embeddings=True,
            bos_token_id=0,
            eos_token_id=0,
            pad_token_id=None,
        )
    )


def _gpt2(plan: Plan) -> GPT2LMHeadModel:
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=plan.vocab_size,
            n_positions=plan.context,
            n_embd=plan.width,
            n_layer=plan.layers,
            n_head=plan.heads,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            bos_token_id=0,
            eos_token_id=0,
        )
    )


def rate_factor(step: int, plan: Plan) -> float:
    """Share of the peak rate at a step, counted from 0."""
    return min(1.0, (step + 1) / plan.warm_up, (plan.steps - step) / max(1, plan.steps - plan.decay_from))
