"""JSON of any length, one value in memory at a time: `items` reads a list; `json_walk` walks objects.

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
_SPACE = re.compile(r"[ \t\r\n]*+")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DECODER = json.JSONDecoder()


class JsonText:
    """JSON in UTF-8, or in UTF-16 with a byte order mark. Its methods raise BadInput, saying after how many posts.

    It is fetched as it is needed; `text[at:]` is what has been fetched and not used yet.
    """

    def __init__(self, read: Callable[[int], bytes], name: str) -> None:
        self.text = ""
        self.at = 0
        self._read = read
        self._name = name
        self._items = 0
        self._used = 0  # characters before `text`
        self._encoding = ""
        self._decoder: codecs.IncrementalDecoder | None = None

    @property
    def place(self) -> int:
        """In characters from the start."""
        return self._used + self.at

    def items(self) -> Iterator[object]:
        """The items of a list, up to the end of the text: a `;` may follow, nothing else."""
        yield from self.inner_items()
        while self.peek():
            self.expect(";")

    def inner_items(self) -> Iterator[object]:
        """The items of a list that is part of something."""
        self.expect("[")
        closed = self.peek() == "]"
        if closed:
            self.at += 1
        while not closed:
            yield self.value()
            self._items += 1
            closed = self.expect(",]") == "]"

    def peek(self) -> str:
        """The next character that isn't white space, or "" at the end."""
        self.passed(_SPACE)
        return self.text[self.at : self.at + 1]

    def expect(self, characters: str) -> str:
        """Pass over one of these, which are one or two, and return it."""
        found = self.peek()
        if not found or found not in characters:
            raise self.broken(missing(characters, found))
        self.at += 1
        return found

    def value(self) -> object:
        """What begins here, decoded: at most MAX_ITEM characters."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self.text, self.at)
            except json.JSONDecodeError as error:
                self._check_size(len(self.text))
                if not self._is_cut(error) or not self.fetch():
                    raise self.broken(error.msg) from None
            except (ValueError, RecursionError) as error:  # a number of thousands of digits; deep nesting
                raise self.broken(str(error)) from None
            else:
                self._check_size(end)
                n_left = len(self.text) - end
                if not _may_go_on(value, n_left) or not self.fetch():
                    self.at = len(self.text) - n_left
                    return value

    def passed(self, pattern: re.Pattern[str]) -> bool:
        """Pass over what matches, however much it is. Returns whether there was any."""
        start = self.place
        while True:
            at = self.at
            if match := pattern.match(self.text, at):
                self.at = match.end()
            if self.at == len(self.text):
                if not self.fetch():
                    break
            elif self.at == at:
                break
        return self.place > start

    def fetch(self) -> bool:
        """More text, unless it is at its end: at least as much as is unused, so that trying a long item again and
        again takes linear time.
        """
        unused = self.text[self.at :]
        data = self._read(max(_CHUNK, len(unused)))
        try:
            self.text = unused + self._decoded(data)
        except UnicodeDecodeError:
            raise BadInput(
                Text(
                    "{name} is not {encoding} text after post {number:,}. Save it as UTF-8, or download it again.",
                    name=self._name,
                    encoding=self._encoding,
                    number=self._items,
                )
            ) from None
        self._used += self.at
        self.at = 0
        return bool(data)

    def broken(self, wrong: str) -> BadInput:
        return BadInput(
            Text(
                "{name} is broken after post {number:,} ({wrong}): it may be cut short. Download or save the file "
                "again.",
                name=self._name,
                number=self._items,
                wrong=wrong,
            )
        )

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

    def _decoded(self, data: bytes) -> str:
        if self._decoder is None:
            if len(data) == 1:
                data += self._read(1)
            is_utf16 = data.startswith(_UTF16)
            self._encoding = "UTF-16" if is_utf16 else "UTF-8"
            self._decoder = codecs.getincrementaldecoder("utf-16" if is_utf16 else "utf-8-sig")()
        return self._decoder.decode(data, final=not data)


def _may_go_on(value: object, n_left: int) -> bool:
    """Whether it is a number whose end isn't certain, because less than "e+1" is left of the text."""
    return isinstance(value, int | float) and n_left < len("e+1")


def missing(characters: str, found: str) -> Text:
    """What is wrong where one of `characters`, which are one or two, should be."""
    first, second = characters[0], characters[1:]
    wanted = Text("{first} or {second}", first=first, second=second) if second else first
    if not found:
        return Text("no {wanted} follows", wanted=wanted)
    return Text("there is {found} where {wanted} should be", found=repr(found), wanted=wanted)
