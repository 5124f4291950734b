"""What is called how in a persona's folder, and in those that others load. No torch."""

from __future__ import annotations

CONFIG = "config.json"
ADAPTER = "adapter_model.safetensors"
ADAPTER_CONFIG = "adapter_config.json"
CARD = "README.md"
ADAPTER_FOLDER = "adapter"  # beside a merged model
BASE_FOLDER = "base"  # in an adapter's folder: a base model that others can't get by its name
PICTURES_FOLDER = "pictures"
MOST_CARD_BYTES = 1_000_000  # of a card, or a record, that somebody else has written
