"""What no persona should learn by heart: addresses, numbers and keys in posts, masked before training. Pure.

Time is linear: what repeats in a pattern is bounded, or begins only where such a run begins. Digits cost 0.1 ms each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from itertools import pairwise

from trainer.corpus import UNSPACED

# Where national numbers are looked for, grouped as is usual there. Of 21 countries tried on dates, scores, prices and
# lists, these mask only what has the very shape of a number (202 456 7890). After a word such as "call": more, looser.
REGIONS = ("US", "GB", "FR", "DE", "ES", "AU", "JP")
CALLED_REGIONS = (*REGIONS, "IT", "NL", "BR", "IN", "MX", "KR", "PL", "TR", "ID", "CH", "AT", "SE", "CN", "RU")


@dataclass(frozen=True, slots=True)
class Filters:
    """What to mask. Cards include bank accounts (IBAN); keys include what comes after "password:"."""

    emails: bool = True
    phones: bool = True
    cards: bool = True
    keys: bool = True
    mentions: bool = False


@dataclass(frozen=True, slots=True)
class Masked:
    """How many of each were masked."""

    emails: int = 0
    phones: int = 0
    cards: int = 0
    keys: int = 0
    mentions: int = 0

    @property
    def total(self) -> int:
        return sum(astuple(self))

    def __add__(self, other: Masked) -> Masked:
        return Masked(*map(sum, zip(astuple(self), astuple(other), strict=True)))


_KEY = re.compile(
    r"(?a)-----BEGIN (?:[A-Z]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:[\s\S]{0,8000}?-----END [A-Z ]{0,40}KEY(?: BLOCK)?-----|(?:\s*[A-Za-z0-9+/=]{20,})*)"
    r"|(?<![\w-])(?:A[KS]IA[A-Z0-9]{16}(?!\w)|AIza[\w-]{35}|gh[oprsu]_\w{36,}|github_pat_\w{22,}|xox[abeprs]-\d[\w-]{9,}"
    r"|xapp-\d-[\w-]{10,}|sk-(?=[\w-]*\d)[\w-]{20,}|[prs]k_(?:live|test)_\w{16,}|whsec_\w{20,}"
    r"|npm_\w{36,}|hf_\w{30,}|gsk_\w{40,}|xai-\w{40,}|glpat-[\w-]{20,}|SG\.[\w-]{16,32}\.[\w-]{32,64}"
    r"|\d{6,10}:AA[\w-]{30,}|[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,}|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,})"
)
_SECRET = re.compile(
    r"(?i)(?P<name>(?<![A-Za-z0-9])(?:(?P<password>pass(?:word|wd|phrase|code|wort)|pwd|kennwort|contraseña|senha"
    r"|mot de passe|пароль|パスワード|密[码碼]|비밀번호)|(?:access|api|auth|private|secret)[ _-]?key"
    r"|(?:access|api|auth|bot)?[ _-]?token|secret)[\"']?(?P<sep>=|\s{0,3}[:：=]\s{0,3})[\"']?)"
    r"(?P<value>[!#$%&*+,./0-9:;=?@A-Z\\^_a-z|~-]{7,200}[$%&*+/0-9=@A-Z^_a-z|~-])"
)
# Local parts are in letters of scripts with spaces: in 連絡はann@example.comまで the address is what looks like one.
_EMAIL = re.compile(
    rf"(?i)(?<![^\W{UNSPACED}])(?<![@.%+-])[^\W{UNSPACED}](?:[^\W{UNSPACED}]|[.%+'&-]){{0,63}}@"
    r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}(?:xn--[a-z0-9-]{2,59}|[a-z]{2,24}(?![a-z0-9@])|[^\W\d_a-z]{2,24})"
)
_MENTION = re.compile(
    rf"(?<![^\W{UNSPACED}])(?<![.@＠/])[@＠](?!someone(?![A-Za-z0-9_]))[A-Za-z0-9_]{{1,30}}"
    r"(?:\.[a-z0-9-]+)*(?:@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5})?"
)
# Solid, or grouped as on the card, perhaps with the digits of its back. Not Visa's former 13: bar codes have as many.
_CARD = re.compile(r"(?<![\w.])(\d{14,19}|\d{4}[ -]\d{6}[ -]\d{4,5}|\d{4}(?:[ -]\d{4}){3})(?:[ -]\d{3})?(?![\w-])")
# Visa, Mastercard, American Express, Diners, Discover, JCB, UnionPay, Maestro: by the prefixes that they publish.
_ISSUED = re.compile(
    r"4\d{15}(?:\d{3})?|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}"
    r"|6(?:011|4[4-9]\d|5\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14}(?:\d{3})?|(?:50[123]\d|5893|6304|67\d\d)\d{12}"
)
_IBAN = re.compile(r"(?ia)\b[a-z]{2}\d\d(?:[^\W_]{11,30}|(?:[ -][^\W_]{4}){2,7}(?:[ -][^\W_]{1,3})?)\b")
_DIGITS = re.compile(r"\d(?:[^\w\n]{0,4}\d){6}")  # with fewer together there is no number to call
_CALL = re.compile(
    r"(?i)\b(?:call|phone|tel|tél|text|sms|fax|mobile|cell|whats ?app|dial|ring|hotline|helpline|telefon\w*|téléphone"
    r"|handy|appele[rz]|portable|teléfono|llam[ae]\w*|celular|ligue|cellulare|chiama\w*|тел|телефон)\b|電話|电话|전화|[☎☏📞📱]"
)


def mask_all(posts: Sequence[str], filters: Filters) -> tuple[tuple[str, ...], Masked]:
    """The posts, masked, and how much in all of them."""
    masked = [mask(post, filters) for post in posts]
    return tuple(text for text, _ in masked), sum((found for _, found in masked if found.total), Masked())


def mask(text: str, filters: Filters) -> tuple[str, Masked]:
    """The text with placeholders, and how many. Masking the result again changes nothing."""
    total = Masked()
    while (once := _mask_once(text, filters))[0] != text:
        text, total = once[0], total + once[1]
    return text, total


def _mask_once(text: str, filters: Filters) -> tuple[str, Masked]:
    counts: dict[str, int] = {}
    for name, placeholder, hide in (
        ("keys", "[key]", _hide_keys),
        ("emails", "[email]", _EMAIL.sub),
        ("cards", "[card]", _hide_cards),
        ("phones", "[phone]", _hide_phones),
        ("mentions", "@someone", _MENTION.sub),
    ):
        if getattr(filters, name):
            before = text.count(placeholder)
            text = hide(placeholder, text)
            counts[name] = text.count(placeholder) - before
    return text, Masked(**counts)


def _hide_keys(placeholder: str, text: str) -> str:
    text = _KEY.sub(placeholder, text)
    return _SECRET.sub(lambda found: found["name"] + placeholder if _is_secret(found) else found[0], text)


def _is_secret(found: re.Match[str]) -> bool:
    """It has a digit, comes right after "=", or is a password that ends the post. Else it is a long word."""
    is_last = not found.string[found.end() : found.end() + 5].strip(" .,;!?)\"'")
    return found["sep"] == "=" or any(map(str.isdigit, found["value"])) or (found["password"] is not None and is_last)


def _hide_cards(placeholder: str, text: str) -> str:
    text = _CARD.sub(lambda one: placeholder if _is_card(one[1]) or _is_card(one[0]) else one[0], text)
    return _IBAN.sub(lambda one: placeholder + one[0][end:] if (end := _iban_end(one[0])) else one[0], text)


def _is_card(number: str) -> bool:
    """By issuer, length and the Luhn formula (ISO/IEC 7812)."""
    digits = re.sub(r"\D", "", number)
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2]]
    return bool(_ISSUED.fullmatch(digits)) and (sum(doubled) + sum(map(int, digits[::-2]))) % 10 == 0


def _iban_end(text: str) -> int:
    """By the remainder of 97 (ISO 13616); what looks like last groups may be words that follow. 0: there is none."""
    for end in (len(text), *(gap.start() for gap in reversed([*re.finditer("[ -]", text)]))):
        code = re.sub("[ -]", "", text[:end])
        number = "".join(str(int(character, 36)) for character in code[4:] + code[:4])
        if sum(map(str.isdigit, code)) >= 10 and int(number) % 97 == 1:
            return end
    return 0


def _hide_phones(placeholder: str, text: str) -> str:
    parts, end = [], 0
    for start, stop in sorted(_phones(text)) if _DIGITS.search(text) else ():
        start += text.count("(", start, stop) > text.count(")", start, stop)  # a bracket that closes later
        if start >= end:
            parts += [text[end:start], placeholder]
            end = stop
    return "".join((*parts, text[end:]))


def _phones(text: str) -> Iterator[tuple[int, int]]:
    """Where numbers begin and end: international ones, then national ones."""
    from phonenumbers import Leniency, PhoneNumberMatcher  # slow to import

    yield from ((one.start, one.end) for one in PhoneNumberMatcher(text, None, Leniency.VALID))
    for region in REGIONS:
        for one in PhoneNumberMatcher(text, region, Leniency.EXACT_GROUPING):
            if _is_number(re.findall(r"\d+", one.raw_string)):
                yield one.start, one.end
    for region in CALLED_REGIONS if _CALL.search(text) else ():
        for one in PhoneNumberMatcher(text, region, Leniency.STRICT_GROUPING):
            if _CALL.search(text, max(0, one.start - 25), one.start):
                yield one.start, one.end


def _is_number(groups: list[str]) -> bool:
    """Whether such groups of digits are a number even without a word before it: no identifier, no rising row."""
    row = groups if len(groups) > 1 else groups[0]
    is_row = len(set(map(len, row))) == 1 and all(one < other for one, other in pairwise(row))
    return not is_row and (len(groups) > 1 or (groups[0].startswith("0") and len(groups[0]) >= 10))
