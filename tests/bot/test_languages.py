from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import BadInput
from bot.languages import Languages, keep_language, language_name, languages, parse_language, post_language
from trainer.corpus import Post

SHARED = Path(__file__).parents[3] / "shared" / "data" / "personas"

ENGLISH = "The lamp went out twice tonight, and both times the fog was polite about it."
GERMAN = "Heute Nacht ging die Lampe zweimal aus, und der Nebel blieb trotzdem höflich."
SENTENCES = {
    "en": ENGLISH,
    "de": GERMAN,
    "fr": "La lampe s'est éteinte deux fois cette nuit et le brouillard est resté très poli.",
    "es": "La lámpara se apagó dos veces esta noche y la niebla fue muy educada conmigo.",
    "pt": "A lâmpada apagou duas vezes esta noite e o nevoeiro foi muito educado comigo.",
    "it": "La lampada si è spenta due volte questa notte e la nebbia è stata molto gentile.",
    "nl": "De lamp ging vannacht twee keer uit en de mist bleef er heel beleefd onder.",
    "sv": "Lampan slocknade två gånger i natt och dimman var mycket artig hela tiden.",
    "pl": "Lampa zgasła dzisiaj w nocy dwa razy, a mgła zachowała się bardzo grzecznie.",
    "tr": "Lamba bu gece iki kez söndü ama sis bana karşı çok nazik davrandı.",
    "id": "Lampunya mati dua kali tadi malam dan kabutnya tetap sopan sekali kepada saya.",
    "ru": "Сегодня ночью лампа погасла два раза, а туман всё равно был очень вежлив.",
    "uk": "Сьогодні вночі лампа гасла двічі, а туман усе одно був дуже ввічливий.",
    "ar": "انطفأ المصباح مرتين هذه الليلة وكان الضباب مهذبا جدا معي.",
    "fa": "چراغ امشب دو بار خاموش شد و مه با من خیلی مهربان بود و نمی‌رفت.",
    "hi": "आज रात दीपक दो बार बुझ गया और कोहरा फिर भी बहुत विनम्र रहा।",
    "ja": "今夜はランプが二回も消えたのに、霧はとても礼儀正しかった。",
    "zh": "今天晚上灯灭了两次，可是雾一直很有礼貌。",
    "ko": "오늘 밤 등불이 두 번 꺼졌지만 안개는 참 예의가 발랐다.",
    "th": "คืนนี้ตะเกียงดับไปสองครั้ง แต่หมอกก็ยังสุภาพมาก",
    "he": "המנורה כבתה פעמיים הלילה והערפל היה מנומס מאוד.",
    "el": "Η λάμπα έσβησε δύο φορές απόψε και η ομίχλη ήταν πολύ ευγενική.",
    "ka": "ამაღამ ლამპა ორჯერ ჩაქრა, ნისლი კი თავაზიანი იყო.",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_a_language_is_seen_in_the_text(language: str) -> None:
    assert post_language(Post(SENTENCES[language])) == language
    behind = " https://example.org/english-words-only #LighthouseKeepers @the_english_keeper 😂😂🔥 12:30"
    assert post_language(Post(SENTENCES[language] + behind)) == language
    assert post_language(Post(SENTENCES[language].upper())) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("うん、そう", "ja"),
        ("ﾊﾛｰ", "ja"),
        ("Netflixで映画見てる lol", "ja"),
        ("カ゛ラス", "ja"),
        ("네 맞아요", "ko"),
        ("ครับผม", "th"),
        ("כן בטח", "he"),
        ("𝓣𝓱𝓮 𝓵𝓪𝓶𝓹 𝔀𝓮𝓷𝓽 𝓸𝓾𝓽 𝓽𝔀𝓲𝓬𝓮 𝓽𝓸𝓷𝓲𝓰𝓱𝓽", "en"),
        ("The word 木漏れ日 means sunlight through the leaves", "en"),
        ("what a night ¯\\_(ツ)_/¯ and what a morning", "en"),
    ],
)
def test_scripts_tell_without_much_text(text: str, language: str) -> None:
    assert post_language(Post(text)) == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ok",
        "good morning",
        "😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂",
        "#LighthouseKeepersOfTheWorld @the_english_keeper",
        "https://example.org/the-lamp-went-out-twice-tonight",
        "www.example.org/the-lamp-went-out-twice-tonight",
        "1234567890 1234567890 1234567890",
        "(´・ω・`)",
        "ಠ_ಠ",
        "草",
        "本日休業",
        "zzzzzzzzzzzzzzzzzzzzzzzz",
        "qwrtz pfghk xcvbn mlkjh gfdsq wrtzp",
    ],
)
def test_what_is_too_short_or_no_language_is_left_open(text: str) -> None:
    assert post_language(Post(text)) is None


@pytest.mark.parametrize(
    ("declared", "language"),
    [
        ("en", "en"),
        ("pt-BR", "pt"),
        ("zh-Hant-TW", "zh"),
        ("zh_TW", "zh"),
        ("EN-us", "en"),
        ("iw", "he"),
        ("in", "id"),
        ("ji", "yi"),
        ("nb-NO", "no"),
        ("nn", "no"),
        ("fil", "tl"),
        ("eng", "en"),
        ("deu", "de"),
        ("ger", "de"),
    ],
)
def test_what_the_network_says_counts(declared: str, language: str) -> None:
    assert post_language(Post(ENGLISH, language=declared)) == language


@pytest.mark.parametrize(
    "declared", ["und", "zxx", "mul", "mis", "art", "qam", "qme", "qht", "xx", "", " ", "-", "nonsense"]
)
def test_when_the_network_cannot_say_the_text_does(declared: str) -> None:
    assert post_language(Post(GERMAN, language=declared)) == "de"
    assert post_language(Post("ok", language=declared)) is None


@given(st.text(), st.none() | st.text(max_size=12))
@settings(deadline=None)
def test_any_text_has_a_known_language_or_none(text: str, declared: str | None) -> None:
    code = post_language(Post(text, language=declared))
    assert code is None or parse_language(code) == code


@pytest.mark.timeout(60)  # a pattern in quadratic time takes hours
def test_hostile_texts_are_read_too() -> None:
    for piece in ("a", "@", "://", "a:", "日", "\u0301", "w" * 9 + "://"):
        assert post_language(Post(piece * (1_000_000 // len(piece)))) in (None, "zh")


# Accounts


def account(**posts: int) -> list[Post]:
    return [Post(SENTENCES[language]) for language, n in posts.items() for _ in range(n)]


def test_languages_are_counted_most_first() -> None:
    posts = [*account(de=3, en=5), Post("ok"), Post("")]
    assert languages(posts) == Languages((("en", 5), ("de", 3)), 2)
    assert languages(posts).main == "en"
    assert languages([]) == Languages((), 0)
    assert languages([Post("ok")]).main is None


def test_retweets_are_not_the_accounts_language() -> None:
    posts = [*account(en=2), *(Post(GERMAN, is_retweet=True, language="de") for _ in range(5))]
    assert languages(posts) == Languages((("en", 2),), 0)
    assert keep_language(posts, "en") == posts


def test_a_rare_language_that_is_never_declared_is_misread() -> None:
    assert languages(account(en=299, sv=1)).counts == (("en", 300),)
    assert languages(account(en=297, sv=3)).counts == (("en", 297), ("sv", 3))
    assert languages([*account(en=299), Post("hej", language="sv")]).counts == (("en", 299), ("sv", 1))


def test_a_few_posts_have_no_rare_languages() -> None:
    assert languages(account(en=3, de=1)).counts == (("en", 3), ("de", 1))


def test_posts_of_a_language_are_kept_in_order() -> None:
    english, german, short = Post(ENGLISH), Post(GERMAN), Post("ok")
    posts = [short, german, english, english, short]
    assert keep_language(posts, "en") == [short, english, english, short]
    assert keep_language(posts, "de") == [german]
    assert keep_language(posts, "ja") == []


def test_misread_posts_stay_with_the_main_language() -> None:
    posts = account(en=299, sv=1)
    assert keep_language(posts, "en") == posts
    assert keep_language(posts, "sv") == []


@pytest.mark.parametrize(("handle", "spanish"), [("berniesanders", 54), ("hillaryclinton", 0)])
def test_two_real_accounts_are_english_and_one_has_spanish_posts(handle: str, spanish: int) -> None:
    path = SHARED / f"{handle}.jsonl"
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    posts = [Post(record["text"], record["is_retweet"]) for record in records]
    found = languages(posts)
    own = sum(not post.is_retweet for post in posts)
    assert found.main == "en"
    assert sum(dict(found.counts).values()) + found.unknown == own
    assert dict(found.counts).get("es", 0) == spanish
    assert len(keep_language(posts, "en")) == len(posts) - spanish


def test_threads_agree() -> None:
    code = "\n".join(
        (
            "from concurrent.futures import ThreadPoolExecutor",
            "from bot.languages import post_language",
            "from trainer.corpus import Post",
            f"posts = [Post(text) for text in {[SENTENCES[one] for one in ('en', 'de', 'ru', 'ar')]!r}] * 20",
            "with ThreadPoolExecutor(4) as pool:",
            "    print(*pool.map(post_language, posts))",
        )
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["en", "de", "ru", "ar"] * 20


def test_who_declares_languages_loads_no_model() -> None:
    code = (
        "import sys; from bot.languages import languages; from trainer.corpus import Post;"
        "languages([Post('hello there', language='en')] * 3);"
        "print('py3langid' in sys.modules, 'numpy' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "False"]


# Names


@pytest.mark.parametrize(("code", "name"), [("pt", "Portuguese"), ("en", "English"), ("he", "Hebrew"), ("xx", "xx")])
def test_names_are_english(code: str, name: str) -> None:
    assert language_name(code) == name


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("en", "en"),
        ("EN", "en"),
        ("English", "en"),
        (" english ", "en"),
        ("pt-BR", "pt"),
        ("pt_BR", "pt"),
        ("Brazilian Portuguese", "pt"),
        ("iw", "he"),
        ("Hebrew", "he"),
        ("eng", "en"),
        ("Norwegian Bokmål", "no"),
        ("Filipino", "tl"),
        ("chinese", "zh"),
    ],
)
def test_people_name_languages_in_many_ways(text: str, code: str) -> None:
    assert parse_language(text) == code


@pytest.mark.parametrize(
    "text", ["", " ", "Englisch", "klingonish", "und", "zxx", "unknown language", "xx", "e", "{n}", "-"]
)
def test_an_unknown_language_is_answered_with_known_ones(text: str) -> None:
    with pytest.raises(BadInput, match=r"“.*” is no language that I know.*English, Portuguese, en or pt"):
        parse_language(text)


def test_every_language_that_can_be_found_has_a_name_that_is_understood() -> None:
    for code in SENTENCES:
        assert parse_language(language_name(code)) == code


def test_a_long_answer_is_cut() -> None:
    with pytest.raises(BadInput) as raised:
        parse_language("x" * 5_000)
    assert len(str(raised.value)) < 200
