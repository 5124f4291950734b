from __future__ import annotations

import re
from importlib.resources import files

import pytest
from fontTools.ttLib import TTCollection, TTFont  # type: ignore[import-untyped]

from bot.pictures.press import FOLDER, TEMPLATES
from bot.pictures.words import one_line
from tests.bot.pictures.people import NAMES, TEXTS

# What shapes its neighbours needs no glyph of its own: joiners, selectors, the letters of flags' names.
SHAPING = {0x200B, 0x200D, 0xFE0F, *range(0xE0020, 0xE0080)}

OTHERS = {
    "European": "Zażółć gęślą jaźń, Größe, ¿qué?, ça, ő ů ș đ ħ; Ελληνικά; Русский, Українська: «їґ»; Việt Nam",
    "numbers": "0123456789 ½ ² ‰ € £ ¥ ₹ ₽ № … – — ‘ ’ “ ” • × ÷ ± → ← ↑ ↓",
    "symbols": "★ ☆ ♥ ♪ ♫ ✓ ✔ ✨ ☕ ① ⓐ ™ © ® ° ¯\\_(ツ)_/¯ (´・ω・`) ʕ•ᴥ•ʔ",
    "South Asian": "আমি বাংলায় গান গাই; ગુજરાતી; ਪੰਜਾਬੀ; ಕನ್ನಡ ಠ_ಠ; മലയാളം; ଓଡ଼ିଆ; සිංහල; தமிழ்; తెలుగు",
    "others": "Հայերեն; ქართული; አማርኛ; ភាសាខ្មែរ; ພາສາລາວ; မြန်မာဘာသာ; ≠ ≤ ≥ ∞ √ ∑ ∈ ⇒ 𝓯𝓪𝓷𝓬𝔂",
    "punctuation": "、。「」『』（）！？～・ー ، ؛ ؟ । ॥ ฿ ๆ ฯ ־ ׳ ״",
}


@pytest.fixture(scope="module")
def covered() -> set[int]:
    fonts = [TTFont(path, lazy=True) for path in FOLDER.joinpath("fonts").glob("*.ttf")]
    fonts.append(TTCollection(str(files("noto_cjk_sans_otc") / "NotoSansCJK-Regular.ttc"), lazy=True).fonts[0])
    return {code for font in fonts for code in font.getBestCmap()} | SHAPING


def test_every_letter_has_a_glyph(covered: set[int]) -> None:
    texts = one_line("".join([*OTHERS.values(), *NAMES.values(), *TEXTS.values()]))
    assert not {letter for letter in texts if ord(letter) not in covered}


def test_every_font_that_the_templates_name_is_there() -> None:
    look = (TEMPLATES / "look.typ").read_text(encoding="utf-8")
    names = re.findall(r'^  "(Noto [^"]+)"', look, re.MULTILINE)
    ours = {TTFont(path, lazy=True)["name"].getBestFamilyName() for path in FOLDER.joinpath("fonts").glob("*.ttf")}
    assert ours == set(names) - {"Noto Sans CJK JP"}
