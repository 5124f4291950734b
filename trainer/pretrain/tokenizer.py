"""Byte-level BPE with every byte in its alphabet, so any text survives a round trip."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

END_OF_TEXT = "<|endoftext|>"
END_ID = 0
# Frequent in posts and absent from the corpus. Each gets a token of its own, so that a persona can learn it.
EMOJI = (
    "😂 ❤ 😍 🤣 😊 🙏 💕 😭 😘 👍 😅 👏 😁 🔥 💔 💖 💙 😢 🤔 😆 🙄 💪 😉 👌 🤗 💜 "
    "😔 😎 😇 🌹 🤦 🎉 💞 ✌ ✨ 🤷 😱 😌 🌸 🙌 😋 💗 💚 😏 💛 🙂 💓 🤩 😄 😀 🖤 😃 "
    "💯 🙈 👇 🎶 😒 🤭 ❣ 😜 💋 👀 😪 😑 💥 🙋 😞 😩 😡 🤪 👊 ☀ 😥 🤤 👉 💃 😳 ✋ "
    "😚 😝 😴 🌟 😬 🙃 🍀 🌷 😻 😓 ⭐ ✅ 🌈 😈 🤘 💦 ✔ 😣 🏃 💐 ☹ 🎊 💘 😠 ☝ 😕 "
    "🌺 🎂 🌻 😐 🖕 💝 🙊 😹 🗣 💫 💀 👑 🎵 🤞 😛 🔴 🇺 🇸 🇬 🇧 🚀 🐶 🐱 ☕ 🍕 🥺 "
    "🥰 🫶 🫠 👋 ➡ ‼ © ™ \U0001f3fb \U0001f3fc \U0001f3fd \U0001f3fe \U0001f3ff ♀ ♂ \ufe0f \u200d"
)
_EMOJI_WEIGHT = 3_000  # times each is shown to the tokenizer's training: more than its rarest merge


def train_tokenizer(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def with_emoji(texts: list[str]) -> list[str]:
    """Texts to train a social tokenizer on: one emoji a line, so that runs of them aren't merged."""
    return texts + ["\n".join(EMOJI.split(" "))] * _EMOJI_WEIGHT


def encode(tokenizer: Tokenizer, texts: list[str]) -> np.ndarray:
    """uint16 token ids, each text followed by the end-of-text token; `<|endoftext|>` in a text is only characters."""
    tokenizer.encode_special_tokens = True
    end = tokenizer.token_to_id(END_OF_TEXT)
    pieces = [np.empty(0, dtype=np.uint16)]
    for start in range(0, len(texts), 2_000):
        for encoding in tokenizer.encode_batch(texts[start : start + 2_000]):
            pieces.append(np.array([*encoding.ids, end], dtype=np.uint16))
    return np.concatenate(pieces)


def as_transformers(tokenizer: Tokenizer, context: int) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=END_OF_TEXT,
        eos_token=END_OF_TEXT,
        pad_token=END_OF_TEXT,
        model_max_length=context,
        clean_up_tokenization_spaces=False,
    )


def encode_bytes(tokenizer: Tokenizer, data: bytes) -> list[int]:
    """Token ids of any bytes, UTF-8 or not."""
    characters = "".join(_BYTE_CHARACTERS[byte] for byte in data)
    return [token.id for token in tokenizer.model.tokenize(characters)]


def decode_bytes(tokenizer: Tokenizer, ids: Iterable[int]) -> bytes:
    """The bytes that ids of `encode_bytes`, or of any text, stand for."""
    bytes_of = {character: byte for byte, character in enumerate(_BYTE_CHARACTERS)}
    return bytes(bytes_of[character] for token in ids for character in tokenizer.id_to_token(token) or "")


def _byte_characters() -> list[str]:
    """How byte-level BPE writes each byte: printable ones as they are, the others from U+0100 on (as GPT-2 does)."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) if byte in printable else chr(0x100 + others.index(byte)) for byte in range(256)]


_BYTE_CHARACTERS = _byte_characters()
