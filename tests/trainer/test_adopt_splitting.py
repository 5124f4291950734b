from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from tests.bases import save_tiny_base
from trainer.adopt_splitting import check_splitting
from trainer.basefiles import BUNDLED_FOLDER
from trainer.foreign import Refused


def tokenizer(**parts: Any) -> dict[str, Any]:
    """A tokenizer.json with these parts."""
    made = Tokenizer(models.BPE())
    for name, part in parts.items():
        setattr(made, name, part)
    found: dict[str, Any] = json.loads(made.to_str())
    return found


SPLIT = json.dumps(tokenizer(pre_tokenizer=pre_tokenizers.Split(Regex("(a+)+$"), "isolated")))


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"pre_tokenizer": pre_tokenizers.ByteLevel(), "decoder": decoders.ByteLevel()},
        {"normalizer": normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])},
        {"decoder": decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])},
        {"normalizer": normalizers.NFC(), "pre_tokenizer": pre_tokenizers.Metaspace()},
    ],
)
def test_what_models_of_our_shapes_need_is_fine(parts: dict[str, Any]) -> None:
    check_splitting(tokenizer(**parts))


def test_ours_are_fine(tmp_path: Path) -> None:
    for folder in (BUNDLED_FOLDER, save_tiny_base(tmp_path / "tiny")):
        check_splitting(json.loads((folder / "tokenizer.json").read_text("utf-8")))


@pytest.mark.parametrize(
    "parts",
    [
        {"normalizer": normalizers.Replace("q", "q" * 1_000)},
        {
            "normalizer": normalizers.Sequence(
                [normalizers.NFC(), normalizers.Sequence([normalizers.Prepend("x" * 99)])]
            )
        },
        {"pre_tokenizer": pre_tokenizers.Split(Regex("(a+)+$"), "isolated")},
        {"decoder": decoders.Replace("a", "a" * 1_000)},
        {"normalizer": normalizers.Lowercase()},
    ],
)
def test_what_could_blow_a_text_up_is_refused(parts: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="does something to texts"):
        check_splitting(tokenizer(**parts))


def test_what_the_library_reads_is_what_counts() -> None:
    hidden = {"type": "Sequence", "normalizers": [], "pretokenizers": [json.loads(SPLIT)["pre_tokenizer"]]}
    read = Tokenizer.from_str(json.dumps(json.loads(SPLIT) | {"pre_tokenizer": hidden}))
    with pytest.raises(Refused, match="does something to texts"):
        check_splitting(json.loads(read.to_str()))


@pytest.mark.parametrize("pattern", ["llama", "qwen"])
def test_the_splits_of_llama_and_qwen_are_known(pattern: str) -> None:
    from transformers.convert_slow_tokenizer import TikTokenConverter
    from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX

    defaults = TikTokenConverter.__init__.__defaults__ or ()
    regex = {"llama": next(one for one in defaults if "p{N}{1,3}" in str(one)), "qwen": PRETOKENIZE_REGEX}[pattern]
    check_splitting(tokenizer(pre_tokenizer=pre_tokenizers.Split(Regex(regex), "isolated")))


@pytest.mark.parametrize("nonsense", [{}, {"model": []}, {"model": {"type": "Unigram"}}])
def test_other_kinds_are_refused(nonsense: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="another kind"):
        check_splitting(nonsense)


def test_parts_that_are_none_are_refused() -> None:
    with pytest.raises(Refused, match="parts that are none"):
        check_splitting({"model": {"type": "BPE"}, "normalizer": {"type": "Sequence", "normalizers": ["x"]}})
