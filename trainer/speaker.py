"""Speaker: a base model as the engine serves it."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from trainer.basefiles import BUNDLED, BaseModelError, fingerprint, locate, verify_bundled
from trainer.decoder import Decoder, read_decoder
from trainer.linear import Precision, best_precision
from trainer.vocabulary import Vocabulary, read_vocabulary


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
    folder = locate(name)
    try:
        if name == BUNDLED:
            verify_bundled(folder)
        decoder = read_decoder(folder, place, chosen)
        vocabulary = read_vocabulary(folder, len(decoder.embedding.weight))
        return Speaker(name, fingerprint(folder), decoder, vocabulary, chosen)
    except Exception as error:
        raise BaseModelError.from_loading(name, error) from error
