"""Which language a post is in: what the network says, else what the text looks like. Pure; any thread may call.

The model is py3langid's. It is loaded when a text needs it, and stays until `release`: about 80 MB and 0.5 s.
What the numbers below rest on is in benchmarks.languages.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from bot.errors import BadInput
from bot.texts import Text
from trainer.corpus import Post, clean_text

MIN_LETTERS = 16  # for the model
MIN_CONFIDENCE = 0.6  # of the model
MIN_OWN_LETTERS = 3  # of a script that tells the language; faces such as (´・ω・`) and ಠ_ಠ have fewer
MIN_HAN = 8  # letters without kana that are taken for Chinese; Japanese headlines and names have fewer
ENOUGH = 1_000  # characters of a long post to look at
NOISE = 0.01  # of an account's posts: fewer in a language that is never declared are misread ones of the main language

# How the Unicode names of a script's letters begin = the language that nearly all posts in it are in.
_SCRIPTS = (
    "ARMENIAN=hy ETHIOPIC=am GEORGIAN=ka GREEK=el GUJARATI=gu GURMUKHI=pa HANGUL=ko HEBREW=he HIRAGANA=ja KANNADA=kn "
    "KATAKANA=ja KHMER=km LAO=lo MALAYALAM=ml MYANMAR=my ORIYA=or SINHALA=si TAMIL=ta TELUGU=te THAI=th TIBETAN=bo"
)
_OF_SCRIPT = dict(pair.split("=") for pair in _SCRIPTS.split())
# The other languages that X tells apart. The model knows 140; dialects and neighbours would take posts from these.
_OF_MODEL = (
    "ar bg bn ca cs cy da de en es et eu fa fi fr hi hr ht hu id is it lt lv mr ne nl no pl ps pt ro ru sk sl sr sv "
    "tl tr ug uk ur vi"
)
# ISO 639's unknown, several, none and others; X has q.. and art for posts of links, tags or faces alone.
_NOT_A_LANGUAGE = re.compile(r"und|mul|zxx|mis|art|q[a-t][a-z]")
_SAME = {"iw": "he", "in": "id", "ji": "yi", "jw": "jv", "nb": "no", "nn": "no", "fil": "tl"}
_NOT_WORDS = re.compile(r"[@#][\w.]+|www\.\S*|\w{1,9}://\S*")
# Digits, punctuation, symbols and emoji; not what is within words: ’, the Persian joiner, and marks on letters.
_NOT_LETTERS = re.compile(
    r"[\d_!-&(-/:-@\[-`{-¿×÷\u2000-\u200b\u200d-\u2018\u201a-\u2bff\u3000-\u3004\u3008-\u303f\ufe0f]|[\U0001f000-\U0001faff]"
)


@dataclass(frozen=True, slots=True)
class Languages:
    """How many posts are in which language, by code, most first; and of how many nobody can tell."""

    counts: tuple[tuple[str, int], ...]
    unknown: int

    @property
    def main(self) -> str | None:
        return self.counts[0][0] if self.counts else None


def post_language(post: Post) -> str | None:
    """Like "pt": declared, else detected; None when the text is too short to tell, or unlike any language."""
    return _declared(post) or _detected(post.text)


def languages(posts: Sequence[Post]) -> Languages:
    """Those of an account's own posts: retweets aside."""
    return _counted(_codes([post for post in posts if not post.is_retweet]))


def keep_language(posts: Sequence[Post], language: str) -> list[Post]:
    """Those in this language; if it is the account's main one, also those of which nobody can tell.

    Retweets stay, whatever they are in: cleaning counts and drops them.
    """
    codes = _codes([post for post in posts if not post.is_retweet])
    wanted = {language, None} if _counted(codes).main == language else {language}
    code = iter(codes)
    return [post for post in posts if post.is_retweet or next(code) in wanted]


def language_name(code: str) -> str:
    """In English, like "Portuguese"; the code itself if it has none."""
    return _names().get(code, code)


def parse_language(text: str) -> str:
    """A code, a locale or an English name → the code. Raises BadInput."""
    wanted = text.strip().casefold()
    code = _code(wanted) or _codes_by_name().get(wanted)
    if code is None:
        raise BadInput(
            Text(
                "“{text}” is no language that I know. Give its English name or its code, like English, Portuguese, "
                "en or pt.",
                text=text.strip()[:40],
            )
        )
    return code


def _codes(posts: Sequence[Post]) -> list[str | None]:
    """Each post's language; for one that is rare and never declared, the account's main one."""
    declared = [_declared(post) for post in posts]
    codes = [known or _detected(post.text) for known, post in zip(declared, posts, strict=True)]
    found = _counted(codes)
    noise = {code for code, n in found.counts if n < NOISE * len(posts)}.difference(declared)
    return [found.main if code in noise else code for code in codes]


def _counted(codes: Sequence[str | None]) -> Languages:
    found = Counter(code for code in codes if code)
    return Languages(tuple(found.most_common()), len(codes) - found.total())


def _declared(post: Post) -> str | None:
    return _code(post.language) if post.language else None


@lru_cache(maxsize=256)
def _code(tag: str) -> str | None:
    """The primary subtag, in two letters where there are two: "pt-BR" → "pt", "iw" → "he", "eng" → "en"."""
    from babel.core import get_global  # slow to import

    code = re.split("[-_]", tag.strip().lower(), maxsplit=1)[0]
    code = code if code in _SAME else get_global("language_aliases").get(code, code).split("_")[0]
    code = _SAME.get(code, code)
    return code if code in _names() and not _NOT_A_LANGUAGE.fullmatch(code) else None


@cache
def _names() -> dict[str, str]:
    from babel import Locale  # slow to import

    return dict(Locale.parse("en").languages.items())


@cache
def _codes_by_name() -> dict[str, str]:
    return {name.casefold(): code for tag, name in _names().items() if (code := _code(tag))}


def _detected(text: str) -> str | None:
    words = _NOT_LETTERS.sub(" ", _NOT_WORDS.sub(" ", unicodedata.normalize("NFKC", clean_text(text[:ENOUGH]))))
    letters = "".join(filter(str.isalpha, words))
    if not letters.isascii() and (code := _by_script(letters)):
        return code
    if len(letters) < MIN_LETTERS:
        return None
    code, confidence = _classifier()(words)
    return code if confidence >= MIN_CONFIDENCE else None


def _by_script(letters: str) -> str | None:
    """A third of the letters is enough: a word of Japanese is shorter than the English ones around it."""
    scripts = Counter(re.split("[ -]", unicodedata.name(letter, ""), maxsplit=1)[0] for letter in letters)
    found: Counter[str] = Counter()
    for script, n in scripts.items():
        if script in _OF_SCRIPT:
            found[_OF_SCRIPT[script]] += n
    if scripts["CJK"]:
        found["ja" if found["ja"] else "zh"] += scripts["CJK"]
    code, n = max(found.items(), key=lambda item: item[1], default=("", 0))
    enough = MIN_HAN if code == "zh" else MIN_OWN_LETTERS
    return code if n >= enough and 3 * n >= len(letters) else None


def release() -> None:
    """Give the model's memory back, until the next text needs it."""
    _classifier.cache_clear()


@cache
def _classifier() -> Callable[[str], tuple[str, float]]:
    """Text → language and confidence."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    model.set_languages(_OF_MODEL.split())
    classify: Callable[[str], tuple[str, float]] = model.classify
    return classify
