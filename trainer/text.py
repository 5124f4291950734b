"""Generated text made fit to show: one line, clean characters, a clean end. Pure."""

from __future__ import annotations

import re

from trainer.corpus import strip_invisible

_LINE_END = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")  # as in str.splitlines
_SENTENCE_END = re.compile(r"[.!?…][\"')\]”’]*(?=\s|$)")
_HALF_URL = re.compile(r"\s*(?:https?:|www\.)\S*$")


def one_line(text: str) -> str:
    """The first line, without marks that hide or reorder text, or broken characters."""
    return strip_invisible(_LINE_END.split(text, maxsplit=1)[0]).replace("\ufffd", "")


def finish(prompt: str, continuation: str, ended: bool) -> str:
    """Prompt and continuation as one clean line.

    When the text `ended` by itself, or in a new line, it stays whole. Otherwise it was cut at its length: back to the
    last sentence end, if there is one in the continuation, or else to the last whole word, with an ellipsis.
    """
    line = one_line(continuation)
    if not ended and not _LINE_END.search(continuation):
        line = cut_back(line)
    return (prompt + line).strip()


def cut_back(text: str) -> str:
    """A text that stopped anywhere, cut to a sentence end or a word end."""
    text = _HALF_URL.sub("", text)
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    if ends:
        return text[: ends[-1]]
    head, space, _ = text.rpartition(" ")
    return (head if space and head else text) + "…"
