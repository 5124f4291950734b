"""Generated text made fit to show: one line, clean characters, a clean end. Pure."""

from __future__ import annotations

import re

from trainer.corpus import strip_invisible

_SENTENCE_END = re.compile(r"[.!?…][\"')\]”’]*(?=\s|$)")
_HALF_URL = re.compile(r"\s*(?:https?:|www\.)\S*$")


def one_line(text: str) -> str:
    """The first line, without marks that hide or reorder text, or broken characters."""
    line = text.lstrip("\r\n").partition("\n")[0].partition("\r")[0]
    return strip_invisible(line).replace("\ufffd", "")


def finish(prompt: str, continuation: str, ended: bool) -> str:
    """Prompt and continuation as one clean line.

    When the text `ended` by itself it stays whole. Otherwise it was cut at its length: back to the last sentence end,
    if there is one in the continuation, or else to the last whole word, with an ellipsis.
    """
    continuation = one_line(continuation)
    if not ended:
        continuation = cut_back(continuation)
    return (prompt + continuation).strip()


def cut_back(text: str) -> str:
    """A text that stopped anywhere, cut to a sentence end or a word end."""
    text = _HALF_URL.sub("", text)
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    if ends:
        return text[: ends[-1]]
    head, space, _ = text.rpartition(" ")
    return (head if space and head else text) + "…"
