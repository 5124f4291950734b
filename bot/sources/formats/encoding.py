"""Which encoding a text file is in, decided from its first MiB, and its lines from then on. Streamed.

UTF-8 wins wherever it can be; UTF-16 is told by its mark, or by its NULs. Other encodings don't say what they are.
For those of Latin letters see `latin`; for other scripts charset-normalizer is right on a few sentences
(tests/bot/sources/formats/test_encoding.py), once it may guess at those encodings only that files are in.
"""

from __future__ import annotations

import codecs
import io
import re
from collections import Counter
from typing import IO, TYPE_CHECKING, Protocol

from bot.sources.formats.latin import latin_encoding

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

SAMPLE = 1024 * 1024  # bytes

_CHUNK = 64 * 1024
_MIN_OTHER = 150  # bytes outside ASCII, below which guesses at other scripts are often wrong
_CYRILLIC = ["cp1251", "koi8_r", "iso8859_5"]
_GREEK = ["cp1253", "iso8859_7"]
_SEMITIC = ["cp1255", "cp1256", "iso8859_6"]
_JAPANESE = ["cp932", "euc_jp"]
_EAST_ASIAN = ["cp932", "euc_jp", "gb18030", "big5", "cp949"]
_RUNS = re.compile(rb"[\x80-\xff]{2,}")
_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_ASCII = bytes(range(128))
_NO_LETTERS = bytes(byte for byte in range(128) if not bytes([byte]).isalpha())


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def text_file(file: Readable) -> tuple[IO[bytes], str]:
    """The file, from where it is, and its encoding; UTF-16 comes as UTF-8, without its mark."""
    stream = io.BufferedReader(_Raw(file), SAMPLE)
    sample = stream.peek(SAMPLE)
    encoding = find_encoding(sample, complete=len(sample) < SAMPLE)
    if encoding.startswith("utf-16"):
        return io.BufferedReader(_Recoded(stream, encoding), _CHUNK), "utf-8"
    return stream, encoding


def find_encoding(sample: bytes, complete: bool) -> str:
    """By Python's name. "utf-8" is also for what isn't text, or can't be told: reading it fails where it is broken."""
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in sample:
        return _unmarked_utf16(sample)
    if _is_utf8(sample, complete) or _is_broken_utf8(sample):
        return "utf-8"
    return _legacy(sample)


def _unmarked_utf16(sample: bytes) -> str:
    """Latin letters in UTF-16 have a NUL in every second byte, and nowhere else."""
    n_units = len(sample) // 2
    for order, high, low in (("le", sample[1::2], sample[::2]), ("be", sample[::2], sample[1::2])):
        if n_units and high.count(0) > 0.7 * n_units and not low.count(0):
            return f"utf-16-{order}"
    return "utf-8"


def _is_utf8(sample: bytes, complete: bool) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(sample), _CHUNK):
            decoder.decode(sample[start : start + _CHUNK])
        decoder.decode(b"", final=complete)
    except UnicodeDecodeError:
        return False
    return True


def _is_broken_utf8(sample: bytes) -> bool:
    """Nearly all that isn't ASCII is UTF-8: a few damaged characters shouldn't turn all others into nonsense."""
    return _matched(_UTF8, sample) > 0.8 * len(sample.translate(None, _ASCII))


def _matched(pattern: re.Pattern[bytes], sample: bytes) -> int:
    return sum(match.end() - match.start() for match in pattern.finditer(sample))


def _legacy(sample: bytes) -> str:
    high = sample.translate(None, _ASCII)
    few = len(high) < 0.2 * len(sample.translate(None, _NO_LETTERS))  # other scripts have half of theirs there
    # Of those, at most 0.3 stand together in languages of Latin letters, at least 0.85 in others.
    if few or _matched(_RUNS, sample) < 0.6 * len(high):
        return latin_encoding(Counter(high))
    return _other(sample) if len(high) >= _MIN_OTHER else "utf-8"


def _other(sample: bytes) -> str:
    excerpt = _excerpt(sample)
    if japanese := next((encoding for encoding in _JAPANESE if _is_japanese(excerpt, encoding)), None):
        return japanese
    from charset_normalizer import from_bytes  # slow to import, and rarely needed

    best = from_bytes(excerpt, cp_isolation=_CYRILLIC + _GREEK + _SEMITIC + _EAST_ASIAN).best()
    if best and best.encoding == "cp1253" and b"\xb6" in sample and b"\xa2" not in sample:
        return "iso8859_7"  # they differ in Ά
    return best.encoding if best else "utf-8"


def _is_japanese(text: bytes, encoding: str) -> bool:
    """Many kana: charset-normalizer takes a few sentences, said again and again, for Korean."""
    try:
        decoded = text.decode(encoding)
    except UnicodeDecodeError:
        return False
    kana = sum("\u3041" <= character <= "\u30fc" for character in decoded)
    return kana > 0.3 * sum(not character.isascii() for character in decoded)


def _excerpt(sample: bytes) -> bytes:
    """Lines that aren't ASCII; whole ones, since half a character counts against every encoding."""
    lines: list[bytes] = []
    n_bytes = 0
    for line in io.BytesIO(sample):
        if not line.isascii() and (line.endswith(b"\n") or not lines):
            lines.append(line)
            n_bytes += len(line)
        if n_bytes >= _CHUNK:
            break
    return b"".join(lines)


class _Raw(io.RawIOBase):
    """What io.BufferedReader takes. A read fills its buffer, so that the first is the sample."""

    def __init__(self, file: Readable) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view, n_read = memoryview(buffer), 0
        while n_read < len(view) and (data := self._file.read(min(_CHUNK, len(view) - n_read))):
            view[n_read : n_read + len(data)] = data
            n_read += len(data)
        return n_read


class _Recoded(io.RawIOBase):
    """UTF-16 as UTF-8. Half characters stay, so that whoever decodes it finds them, and knows in which line; only one
    that the very end cuts off is left out.
    """

    def __init__(self, file: Readable, encoding: str) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view, text = memoryview(buffer), ""
        while not text and (data := self._file.read(len(view) // 2)):  # 2 bytes of it take 3 at most
            text = self._decoder.decode(data)
        recoded = text.encode("utf-8", "surrogatepass")
        view[: len(recoded)] = recoded
        return len(recoded)
