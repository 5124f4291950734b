"""What a tokenizer of others may do to a text before its vocabulary is asked: what models of our shapes need, no more.

The rest could make a text longer a thousandfold, or take hours over it (https://owasp.org/www-community/attacks/
Regular_expression_Denial_of_Service_-_ReDoS), in the one process that speaks for everybody.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from transformers.convert_slow_tokenizer import TikTokenConverter
from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX

from trainer.foreign import ASK, Refused

PARTS = ("normalizer", "pre_tokenizer", "post_processor", "decoder")
SPACE, MARK = " ", "\u2581"  # SentencePiece's for a space
HARMLESS = {
    *("ByteLevel", "Digits", "Metaspace", "NFC", "NFD", "NFKC", "NFKD", "TemplateProcessing"),
    *("ByteFallback", "Fuse", "Strip"),
}
LISTS = ("normalizers", "pretokenizers", "processors", "decoders")  # of a part that is a sequence


def check_splitting(tokenizer: dict[str, Any]) -> None:
    """Of a tokenizer.json. Raises Refused."""
    model = tokenizer.get("model")
    if not isinstance(model, dict) or model.get("type") != "BPE":
        raise Refused(f"Its tokenizer is of another kind than byte pair encoding. {ASK}")
    for name in PARTS:
        for part in _flat(tokenizer.get(name)):
            kind = str(part.get("type"))
            if kind not in HARMLESS and not CHECKED.get(kind, _never)(part):
                raise Refused(f"Its tokenizer does something to texts ({kind[:40]}) that isn't known here. {ASK}")


def _flat(part: Any) -> list[dict[str, Any]]:
    if part is None:
        return []
    if not isinstance(part, dict):
        raise Refused(f"Its tokenizer has parts that are none. {ASK}")
    inner = next((part[name] for name in LISTS if part.get("type") == "Sequence" and name in part), None)
    return [part] if not isinstance(inner, list) else [one for item in inner for one in _flat(item)]


def _never(part: dict[str, Any]) -> bool:
    return False


def _is_space_marked(part: dict[str, Any]) -> bool:
    """A space becomes SentencePiece's mark, or the mark a space again."""
    return (part.get("pattern"), part.get("content")) in (({"String": SPACE}, MARK), ({"String": MARK}, SPACE))


def _is_known_split(part: dict[str, Any]) -> bool:
    return part.get("pattern") in [{"Regex": pattern} for pattern in _patterns()]


@cache
def _patterns() -> tuple[str, ...]:
    """Of Llama 3 and of Qwen, as transformers has them."""
    defaults = TikTokenConverter.__init__.__defaults__ or ()
    return (PRETOKENIZE_REGEX, *(one for one in defaults if isinstance(one, str)))


CHECKED: dict[str, Callable[[dict[str, Any]], bool]] = {
    "Prepend": lambda part: part.get("prepend") == MARK,
    "Replace": _is_space_marked,
    "Split": _is_known_split,
}
