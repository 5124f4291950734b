"""What else there is: one pipeline per persona, PEFT's mixed batches, CTranslate2. Each as its documentation has it."""

from __future__ import annotations

import json
import time
import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, pipeline

from benchmarks.say_personas import World
from trainer.hardware import usable_cores

PROMPT = "My dream is"
NEW_TOKENS = 40
Serve = Callable[[Sequence[int]], None]  # answers these personas' requests, in one batch
SAMPLING: dict[str, Any] = {
    "do_sample": True,
    "top_p": 0.95,
    "top_k": 0,
    "temperature": 0.9,
    "max_new_tokens": NEW_TOKENS,
    "min_new_tokens": NEW_TOKENS,
    "pad_token_id": 0,
}


def pipelines(base: str, most: int = 4) -> Serve:
    """As huggingtweets: a persona is a whole model, loaded into a pipeline of its own; `most` stay in memory."""
    kept: OrderedDict[int, Any] = OrderedDict()

    def serve(personas: Sequence[int]) -> None:
        (persona,) = personas
        if persona not in kept:
            while len(kept) >= most:
                kept.popitem(last=False)
            kept[persona] = pipeline("text-generation", model=base, tokenizer=base, dtype=torch.float32)
        kept.move_to_end(persona)
        kept[persona](PROMPT, **SAMPLING)

    return serve


def peft_batches(world: World, n: int) -> Serve:
    """All adapters on one bf16 base model, `adapter_names` one per row."""
    model: Any = AutoModelForCausalLM.from_pretrained(world.base, dtype=torch.bfloat16)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peft = PeftModel.from_pretrained(model, world.key(0), adapter_name="p0")
        for i in range(1, n):
            peft.load_adapter(world.key(i), adapter_name=f"p{i}")
    peft.eval()
    prompt = AutoTokenizer.from_pretrained(world.base)(PROMPT, return_tensors="pt")["input_ids"]

    def serve(personas: Sequence[int]) -> None:
        ids = prompt.expand(len(personas), -1)
        with torch.inference_mode():
            peft.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                adapter_names=[f"p{persona}" for persona in personas],
                **SAMPLING,
            )

    return serve


_kept: list[tuple[Any, list[str]]] = []  # the generator and prompt of the process that runs CTranslate2


def start_ctranslate2(base: str, folder: Path) -> None:
    """One merged int8 model without personas."""
    import ctranslate2

    ctranslate2.converters.TransformersConverter(base).convert(str(folder), quantization="int8", force=True)
    config = json.loads((folder / "config.json").read_text())
    # What the converter leaves open for a tokenizer that isn't GPT-2's own.
    config |= {"unk_token": "<|endoftext|>", "layer_norm_epsilon": 1e-5}
    (folder / "config.json").write_text(json.dumps(config))
    generator = ctranslate2.Generator(str(folder), device="cpu", compute_type="int8", intra_threads=usable_cores())
    _kept.append((generator, AutoTokenizer.from_pretrained(base).tokenize(PROMPT)))


def timed_ctranslate2(rows: int) -> tuple[int, float]:
    """Tokens made, seconds."""
    ((generator, prompt),) = _kept
    began = time.perf_counter()
    results = generator.generate_batch(
        [prompt] * rows,
        max_length=NEW_TOKENS,
        min_length=NEW_TOKENS,
        sampling_topk=0,
        sampling_topp=0.95,
        sampling_temperature=0.9,
        include_prompt_in_result=False,
    )
    return sum(len(result.sequences_ids[0]) for result in results), time.perf_counter() - began
