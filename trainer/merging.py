"""A base model and an adapter on it → one model, by PEFT. Only exporting does this; serving keeps them apart."""

from __future__ import annotations

from pathlib import Path

import torch
from peft import PeftModel

from trainer.base import load_base
from trainer.engine import check_base
from trainer.manifest import BaseRecord
from trainer.vocabulary import Vocabulary


def merge(folder: Path, out: Path, base_record: BaseRecord, base_name: str) -> Vocabulary:
    """Write `config.json` and the weights; returns the tokenizer. Raises BaseModelError, WrongBase or OSError.

    They are added in fp32 and stored in bf16, as whole models are: logits come out nearer to those of fp32 than what
    is served in int8, by far (docs/measurements.md).
    """
    base = load_base(base_name, torch.device("cpu"))
    check_base(base_record, base_name, base.fingerprint)
    merged = PeftModel.from_pretrained(base.model, str(folder)).merge_and_unload()
    merged.to(torch.bfloat16).save_pretrained(str(out))
    return base.vocabulary
