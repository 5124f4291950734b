"""JSON lists of any length, one item in memory at a time.

With the standard library's decoder, because these files come from strangers: ijson 3.6 with its C backend ends the
whole process at a number of 5,000 digits, and takes all memory for a million `[`.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator

from bot.errors import BadInput
from bot.texts import Text

MAX_ITEM = 4 * 1024 * 1024  # characters

_CHUNK = 64 * 1024
_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


class JsonText:
    """UTF-8 JSON, fetched as it is needed; `text[at:]` is what has been fetched and not used yet."""

    def __init__(self, read: Callable[[int], bytes], name: str) -> None:
        self.text = ""
        self.at = 0
        self._read = read
        self._name = name
        self._items = 0
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()

    def items(self) -> Iterator[object]:
        """The items of a list, up to the end of the text: a `;` may follow, nothing else. Raises BadInput.

        An item that is a bare number may break in two where a piece of text ends; no post is a number.
        """
        self._expect("[")
        closed = self.peek() == "]"
        if closed:
            self.at += 1
        while not closed:
            yield self._value()
            self._items += 1
            closed = self._expect(",]") == "]"
        while self.peek():
            self._expect(";")

    def peek(self) -> str:
        """The next character that isn't white space, or "" at the end."""
        while True:
            self.at = self._skip_space()
            if self.at < len(self.text):
                return self.text[self.at]
            if not self._fetch():
                return ""

    def _skip_space(self) -> int:
        match = _SPACE.match(self.text, self.at)
        return match.end() if match else self.at

    def _expect(self, characters: str) -> str:
        found = self.peek()
        if not found or found not in characters:
            raise self._broken(_missing(characters, found))
        self.at += 1
        return found

    def _value(self) -> object:
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self.text, self.at)
            except json.JSONDecodeError as error:
                self._check_size(len(self.text))
                if not self._is_cut(error) or not self._fetch():
                    raise self._broken(error.msg) from None
            except (ValueError, RecursionError) as error:  # a number of thousands of digits; deep nesting
                raise self._broken(str(error)) from None
            else:
                self._check_size(end)
                self.at = end
                return value

    def _is_cut(self, error: json.JSONDecodeError) -> bool:
        """Whether more text may mend it: an open string, or trouble within one word of the end."""
        return error.msg.startswith("Unterminated string") or error.pos > len(self.text) - len("-Infinity\\")

    def _check_size(self, end: int) -> None:
        if end - self.at > MAX_ITEM:
            raise BadInput(
                Text(
                    "{name}: what follows post {number:,} is over 4 MiB, which is no post. Download or save the file "
                    "again.",
                    name=self._name,
                    number=self._items,
                )
            )

    def _fetch(self) -> bool:
        """Fetch at least as much as is unused, so that trying a long item again and again takes linear time."""
        unused = self.text[self.at :]
        data = self._read(max(_CHUNK, len(unused)))
        try:
            self.text = unused + self._decoder.decode(data, final=not data)
        except UnicodeDecodeError:
            raise BadInput(
                Text(
                    "{name} is not UTF-8 text after post {number:,}. Save it as UTF-8, or download it again.",
                    name=self._name,
                    number=self._items,
                )
            ) from None
        self.at = 0
        return bool(data)

    def _broken(self, wrong: str) -> BadInput:
        return BadInput(
            Text(
                "{name} is broken after post {number:,} ({wrong}): it may be cut short. Download or save the file "
                "again.",
                name=self._name,
                number=self._items,
                wrong=wrong,
            )
        )


def _missing(characters: str, found: str) -> Text:
    """What is wrong where one of `characters`, which are one or two, should be."""
    first, second = characters[0], characters[1:]
    wanted = Text("{first} or {second}", first=first, second=second) if second else first
    if not found:
        return Text("no {wanted} follows", wanted=wanted)
    return Text("there is {found} where {wanted} should be", found=repr(found), wanted=wanted)
