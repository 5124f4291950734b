"""Speaker: a base model as the engine serves it."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from trainer.basefiles import BaseModelError, fingerprint, locate, verify_bundled
from trainer.basenames import BUNDLED
from trainer.decoder import Decoder, build
from trainer.linear import Precision, best_precision
from trainer.shape import read_shape
from trainer.vocabulary import Vocabulary, read_vocabulary
from trainer.weights import read_tensors


@dataclass(frozen=True)
class Speaker:
    """`fingerprint` identifies the base model's weights, as in a persona's manifest."""

    name: str
    fingerprint: str
    decoder: Decoder
    vocabulary: Vocabulary
    precision: Precision


def load_speaker(name: str, device: torch.device | None = None, precision: Precision | None = None) -> Speaker:
    """Raises BaseModelError."""
    place = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
    chosen = precision or best_precision(place)
    if chosen == "int8" and place.type != "cpu":
        raise BaseModelError('int8 is for processors. On a GPU, leave generation.precision at "auto".')
    folder = locate(name)
    try:
        if name == BUNDLED:
            verify_bundled(folder)
        tensors = read_tensors(folder)
        decoder = build(read_shape(folder), tensors, place, chosen)
        vocabulary = read_vocabulary(folder, len(decoder.embedding.weight))
        return Speaker(name, fingerprint(tensors), decoder, vocabulary, chosen)
    except Exception as error:
        raise BaseModelError.from_loading(name, error) from error
