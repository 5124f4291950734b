"""Tiny random base models, made in a moment, in a folder as transformers saves them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from trainer.pretrain.tokenizer import END_OF_TEXT, train_tokenizer

Shape = Literal["gpt2", "llama", "llama-untied"]
TEXTS = ["the lighthouse keeper counts the ships and drinks the tea.", "soup is a privilege, not a sphere! 🍲"] * 4


def save_tiny_base(folder: Path, shape: Shape = "gpt2", seed: int = 0, context: int = 64) -> Path:
    """A base model of about 40k parameters with a byte-level tokenizer of 400 tokens."""
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=train_tokenizer(TEXTS, 400),
        bos_token=END_OF_TEXT,
        eos_token=END_OF_TEXT,
        pad_token=END_OF_TEXT,
    )
    torch.manual_seed(seed)
    model = gpt2(len(tokenizer), context) if shape == "gpt2" else llama(len(tokenizer), context, shape == "llama")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def gpt2(vocabulary: int, context: int) -> GPT2LMHeadModel:
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=vocabulary, n_positions=context, n_embd=32, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=0
        )
    )


def llama(vocabulary: int, context: int, tied: bool) -> LlamaForCausalLM:
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary,
            max_position_embeddings=context,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            tie_word_embeddings=tied,
            bos_token_id=0,
            eos_token_id=0,
        )
    )
