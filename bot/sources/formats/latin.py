"""Which encoding of Latin letters a text is in: the one under which most is of a single language's alphabet.

charset-normalizer 3.5 takes ten lines of French for cp1257, because many encodings make letters of the same bytes.
"""

from __future__ import annotations

from collections import Counter

_MIN_COVERAGE = 0.75  # of the letters and signs outside ASCII, in the best alphabet
_MIXED = 0.05  # what a mixture of languages has to be better than a single one
# Letters outside ASCII. Superset encodings stand for their subsets: cp1252 for latin-1. Of equals the first wins.
_WESTERN = (
    "àâæçèéêëîïôœùûüÿ",  # French
    "äöüß",  # German
    "áéíñóúüªº",  # Spanish
    "àáâãçéêíóôõúü",  # Portuguese
    "àèéìíîòóùú",  # Italian
    "àçèéíïòóúü",  # Catalan
    "áèéêëíïóöü",  # Dutch
    "àåäæéèöøü",  # Swedish, Danish, Norwegian, Finnish
    "áæðéíóöúýþ",  # Icelandic
    "äõöüšž",  # Estonian
)
_CENTRAL = (
    "ąćęłńóśźż",  # Polish
    "áčďéěíňóřšťúůýž",  # Czech
    "áäčďéíľňóôšťúýž",  # Slovak
    "áéíóöőúüű",  # Hungarian
    "ăâîşţ",  # Romanian
    "ćčđšž",  # Croatian, Slovene
)
_TURKISH = ("âçğîıİöşüû",)
_LATIN = {
    "cp1252": _WESTERN,
    "iso8859_15": _WESTERN,
    "cp1250": _CENTRAL,
    "iso8859_2": _CENTRAL,
    "cp1254": _TURKISH,
}
_MIXTURE = "".join(_WESTERN[:6])
_SIGNS = "«»‹›„“”‚‘’…–—•·°§€£©®™¡¿´\xa0"


def latin_encoding(high: Counter[int]) -> str:
    """By Python's name, for bytes outside ASCII; "utf-8" when none fits."""
    scores = {
        encoding: max(_coverage(high, encoding, alphabet) for alphabet in alphabets)
        for encoding, alphabets in _LATIN.items()
    }
    scores["cp1252"] = max(scores["cp1252"], _coverage(high, "cp1252", _MIXTURE) - _MIXED)
    best = max(scores, key=lambda encoding: scores[encoding])
    return best if scores[best] >= _MIN_COVERAGE else "utf-8"


def _coverage(high: Counter[int], encoding: str, alphabet: str) -> float:
    known = {*alphabet, *alphabet.upper(), *_SIGNS}
    found = sum(n for byte, n in high.items() if bytes([byte]).decode(encoding, "replace") in known)
    return found / high.total()
