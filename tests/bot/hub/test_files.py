from __future__ import annotations

import pytest

from bot.hub.files import is_model, stale, wanted

TEXTS = ("README.md", "config.json", "merges.txt", "tokenizer.json")


@pytest.mark.parametrize(
    ("others", "chosen"),
    [
        (("model.safetensors", "pytorch_model.bin"), ("model.safetensors",)),
        (("model-00001-of-00002.safetensors", "pytorch_model.bin"), ("model-00001-of-00002.safetensors",)),
        (("pytorch_model-00001-of-00002.bin",), ("pytorch_model-00001-of-00002.bin",)),
        (("adapter_model.safetensors", "adapter_model.bin"), ("adapter_model.safetensors",)),
        (("adapter/adapter_model.bin", "model.safetensors"), ("adapter/adapter_model.bin", "model.safetensors")),
        (("quotes.safetensors", "pytorch_model.bin"), ("pytorch_model.bin", "quotes.safetensors")),
        (("model.fp16.safetensors", "consolidated.safetensors", "training_args.bin", "model.onnx", "a.py"), ()),
        (("base/model.safetensors", "adapter/base/config.json", "checkpoint-9/pytorch_model.bin", ".json"), ()),
        (("../config.json", "adapter/../config.json", "/config.json", "adapter//config.json", "a\\b.json"), ()),
    ],
)
def test_only_what_a_persona_is_made_of_is_wanted(others: tuple[str, ...], chosen: tuple[str, ...]) -> None:
    assert wanted((*TEXTS, *others)) == tuple(sorted((*TEXTS, *chosen)))


@pytest.mark.parametrize(
    ("names", "answer"),
    [
        (("config.json", "model.safetensors"), True),
        (("config.json", "pytorch_model-00001-of-00002.bin"), True),
        (("adapter/adapter_config.json", "adapter/adapter_model.safetensors"), True),
        (("config.json", "adapter_model.safetensors"), False),
        (("config.json", "adapter/model.safetensors"), False),
        (("config.json", "quotes.safetensors"), False),
        (("model.safetensors",), False),
        ((), False),
    ],
)
def test_a_model_is_weights_with_what_says_how_to_read_them(names: tuple[str, ...], answer: bool) -> None:
    assert is_model(names) == answer


def test_what_we_have_left_there_before_is_stale_and_nothing_else() -> None:
    ours = {"README.md", "adapter_model.safetensors", "base/config.json"}
    left = ["adapter/base/x.bin", "base/old.txt", "config.json", "model.safetensors", "pictures/loss.png"]
    theirs = [".gitattributes", "LICENSE", "my/config.json", "photo.png"]
    assert stale([*ours, *left, *theirs], ours) == left
