"""What the trainer's tests share besides fixtures: a small corpus, requests to train on it, decoding."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tests.bases import Shape
from trainer.base import Base
from trainer.protocol import AccountCounts, Hyperparameters, TrainRequest

POSTS = [
    "the kettle is on and the lamp is lit.",
    "i count the ships and i drink the tea.",
    "gerald has taken the good biscuit. 🍪",
    "fog report: yes. #fogreport @saltmarrow",
    "dear ship, you have a very nice sort of walk.",
    "the tide came in, looked around, and left.",
    "brenda was in a mood this morning. one long note.",
    "number 97 complains. number 131 is a good listener!",
]
HELD_OUT = ["the lamp is lit and the tea is on.", "dear gerald, i count the ships."]
COUNTS = AccountCounts(handle="pip", source="pip.txt", downloaded=13, retweets=1, short=2, kept=10, characters=420)

BaseFolders = dict[Shape, Path]
Personas = dict[Shape, tuple[Path, Path]]  # two per shape


def train_request(
    folder: Path,
    train: Sequence[str] = POSTS,
    held_out: Sequence[str] = HELD_OUT,
    hyperparameters: Hyperparameters | None = None,
    request_id: int = 1,
) -> TrainRequest:
    """A request whose corpus and output lie in `folder`, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    corpus = {"train": list(train), "held_out": list(held_out), "duplicates": 1}
    (folder / "corpus.json").write_text(json.dumps(corpus), encoding="utf-8")
    return TrainRequest(
        id=request_id,
        persona="pip",
        accounts=(COUNTS,),
        corpus=str(folder / "corpus.json"),
        out=str(folder / "persona"),
        hyperparameters=hyperparameters or Hyperparameters(epochs=3, lora_rank=4),
    )


def decode(base: Base, ids: Sequence[int], skip_special_tokens: bool = False) -> str:
    text = base.tokenizer.decode(list(ids), skip_special_tokens=skip_special_tokens, clean_up_tokenization_spaces=False)
    assert isinstance(text, str)
    return text
