"""Names and texts as strangers have them, the nasty ones among them."""

from __future__ import annotations

from typing import Any

from bot.domain import Persona
from tests.builders import account_counts, corpus_record, manifest
from trainer.protocol import AccountCounts

NAMES = {
    "long": "Go Ando / PREDUCTS / THE GUILD & Ken McAlinn & V of the House",
    "emoji": "che 💜",
    "joined": "👩‍👩‍👧‍👦 family 👨🏽‍🚀 🏳️‍🌈",
    "flags": "🇯🇵🇨🇱🇩🇪🇪🇸🇫🇷",
    "arabic": "عبد الرحمن المنصوري",
    "hebrew": "יובל נח הררי",
    "hindi": "अमिताभ बच्चन",
    "thai": "ภูมิใจ ใจดี น้ำตาล",
    "japanese": "きゃりーぱみゅぱみゅ",
    "chinese": "汪洋大海里的一只小船",
    "korean": "방탄소년단",
    "dressed": "𝓛𝓲𝔃𝓪 𝕊𝕠𝕓𝕖𝕣𝕒𝕟𝕠 ⓛⓘⓩⓐ ＦＵＬＬ",
    "invisible": "\u200e\u2066\u2069",
    "wide": "W" * 60,
}
PILE = "".join(chr(mark) for mark in range(0x300, 0x330))
TEXTS = {
    "a word": "My dream is soup.",
    "English": f"My dream is {'to keep a small light on a large rock, where the gulls are rude, ' * 5}"[:280],
    "Arabic": f"حلمي هو {'أن أفتح مقهى صغيرا قرب البحر، حيث يجلس الناس ويتحدثون عن كل شيء، ' * 6}"[:280],
    "Hebrew": f"החלום שלי הוא {'לפתוח בית קפה קטן ליד הים, שבו אנשים יושבים ומדברים, ' * 6}"[:280],
    "Hindi": f"मेरा सपना है {'कि समुद्र के किनारे एक छोटी सी दुकान खोलूँ, जहाँ लोग बैठकर बातें करें, ' * 6}"[:280],
    "Thai": f"ความฝันของฉันคือ{'การเปิดร้านกาแฟเล็กๆริมทะเลที่ผู้คนนั่งคุยกันได้ทุกเรื่อง' * 6}"[:280],
    "Japanese": f"私の夢は{'海のそばに小さな喫茶店を開いて、みんなが何でも話せる場所にすることです。' * 9}"[:280],
    "Chinese": f"我的梦想是{'在海边开一家小小的咖啡馆，让大家坐下来，聊聊天，看看书，等太阳下山。' * 9}"[:280],
    "Korean": f"내 꿈은 {'바닷가에 작은 카페를 열어서 사람들이 무엇이든 이야기할 수 있게 하는 것입니다. ' * 8}"[:280],
    "emoji alone": "😀🎉👩‍👩‍👧‍👦👨🏽‍🚀🏳️‍🌈🇯🇵1️⃣❤️🔥" * 12,
    "lines": "My dream is\n\n\nto\nwrite\r\n\t haiku",
    "one word": f"My dream is {'a' * 200}",
    "one long word": "b" * 600,
    "an address": f"My dream is https://reef.example/{'x/y-z?q=1&' * 20}",
    "piles": "My dream is " + "".join(letter + PILE for letter in "to be whole again"),
    "HTML": "My dream is <script>alert(1)</script><b>bold</b> &amp; &lt;",
    "markup": 'My dream is #let x = 5; *bold* $x^2$ `raw` #image("/etc/passwd") \\ // no <label> @ref [x] = Head',
    "both ways": "My dream is שלום and مرحبا 123, (abc) and \u202ereversed\u202c",
    "wide letters": "﷽" * 600,
    "too much": "海" * 700,
    "exclamations": f"My dream is {'!' * 300}",
    "laughing in Thai": "ฮ่า" * 90,
    "laughing in Arabic": "ه" * 280,
    "small kana": "っ" * 280,
    "small kana mixed": "ゃっょっぁゃぃっょゃ" * 28,
    "joiners": "👩‍" * 140,
    "nothing to be seen": "\x00\x01\ud800\ue000\u2066",
    "nothing": "",
}


def persona(*names: str, sample: str = "My dream is soup.", handles: tuple[str, ...] = (), **account: Any) -> Persona:
    """Of one account for each name; `account` is changed in all of them."""
    handles = handles or tuple(f"account{n}" for n in range(len(names)))
    accounts = tuple(_account(*pair, account) for pair in zip(handles, names, strict=True))
    corpus = corpus_record().model_copy(update={"accounts": accounts})
    name = "-".join(handles)
    return Persona(name, 3, f"personas/{name}/v3", 7_700_000, manifest(name, corpus=corpus, sample=sample))


def _account(handle: str, name: str, changes: dict[str, Any]) -> AccountCounts:
    return account_counts(handle).model_copy(update={"name": name, **changes})
