from __future__ import annotations

import json
import re
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.corpus import (
    UNSPACED,
    AccountCorpus,
    CorpusError,
    Counts,
    Post,
    check_enough,
    clean,
    clean_text,
    is_short,
    persona_name,
    strip_invisible,
)

SHARED = Path(__file__).parents[3] / "shared" / "data" / "personas"

# Texts made of what the cleaning looks for, and of anything else.
WORDS = st.sampled_from(
    ["http://t.co/x", "https:", "&amp;", "&lt;b&gt;", "@al", "#tag", "tea", "a", "\n", "\t", "\u202e", "\x00", "🍲"]
)
RAW = st.lists(WORDS | st.text(max_size=8), max_size=12).map("".join)
POSTS = st.lists(st.builds(Post, text=RAW, is_retweet=st.booleans()), max_size=30)


# Cleaning


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("tea &amp; soup", "tea & soup"),
        ("1 &lt; 2 &gt; 0", "1 < 2 > 0"),
        ("&amp;lt; stays an entity", "&lt; stays an entity"),
        ("&quot;other entities&quot;", "&quot;other entities&quot;"),
        ("https://t.co/a at the start", "at the start"),
        ("at the end https://t.co/a", "at the end"),
        ("in the https://t.co/a middle", "in the middle"),
        ("on its own\nhttp://t.co/a\nline", "on its own line"),
        ("two http://t.co/a https://t.co/b links", "two links"),
        ("joined:https://t.co/a?b=c#d words", "joined: words"),
        ("cut off http:", "cut off"),
        ("https://t.co/a", ""),
        ("ftp://host and www.host.org stay", "ftp://host and www.host.org stay"),
        ("lines\nand\r\nmore\n\nlines", "lines and more lines"),
        ("  many\t\tkinds\u00a0of \u2003space\u2028here  ", "many kinds of space here"),
        ("@pip and #tea stay", "@pip and #tea stay"),
        ("a\u202ereversed\u202c \x00text\x07", "areversed text"),
        ("", ""),
    ],
)
def test_clean_text(raw: str, cleaned: str) -> None:
    assert clean_text(raw) == cleaned


@given(RAW)
def test_a_cleaned_text_is_one_line_without_links_or_invisible_characters(raw: str) -> None:
    cleaned = clean_text(raw)
    assert cleaned == " ".join(cleaned.split())
    assert "http:" not in cleaned
    assert "https:" not in cleaned
    assert strip_invisible(cleaned) == cleaned


@given(st.text(st.characters(codec=None)))
def test_a_cleaned_text_can_always_be_encoded(raw: str) -> None:
    clean_text(raw).encode()


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("", True),
        ("two words", True),
        ("now three words", False),
        ("@pip two words", True),
        ("#tag two words", True),
        ("@a @b #c d", True),
        ("@a @b #c one two three", False),
        ("mail me@home.org now", True),
        ("so httpish a word", False),
        ("so httpish word", True),
        ("word#3 is not free", False),
        ("word#3 is not", True),
    ],
)
def test_a_post_is_short_with_fewer_than_three_free_words(text: str, short: bool) -> None:
    assert is_short(text) is short


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("今日はいい天気ですね", False),
        ("またバスに乗り遅れた。", False),
        ("お昼ごはん食べた @pip", False),
        ("ﾊﾞｽに乗り遅れた", False),
        ("ハ゛スに乗り遅れた", False),  # decomposed
        ("iPhoneを買った", False),
        ("lol 今日も雨だった", False),
        ("草", True),
        ("それな", True),
        ("なるほど", True),
        ("ありがとう", True),
        ("うおおおおおおおおおお", True),
        ("草草草草草草草草", True),
        ("😂😂😂草", True),
        ("今日は#晴れ", True),
        ("今日は雨だった#天気", False),
        ("#今日はいい天気ですね", True),
        ("＃今日はいい天気ですね @ピップさん今日はいい天気", True),
        ("見てhttps", True),
        ("今天天气很好", False),
        ("我們昨天去了海邊", False),
        ("好的", True),
        ("哈哈哈哈哈哈哈哈", True),
        ("วันนี้อากาศดีมาก", False),
        ("สวัสดีครับ", True),
        ("#วันนี้อากาศดีมาก", True),
        ("555555", True),
        ("ມື້ນີ້ອາກາດດີຫຼາຍ", False),
        ("ថ្ងៃនេះអាកាសធាតុល្អណាស់", False),
        ("ဒီနေ့ရာသီဥတုကောင်းတယ်", False),
        ("དེ་རིང་གནམ་གཤིས་ཡག་པོ་འདུག", False),
        # Scripts with spaces: three words, and two
        ("오늘 날씨 좋다", False),
        ("오늘 날씨", True),
        ("오늘날씨가정말좋네요", True),
        ("كان الجو جميلا", False),
        ("صباح الخير", True),
        ("היה יום יפה", False),
        ("בוקר טוב", True),
        ("هوا خیلی خوب", False),
        ("می\u200cخواهم بروم", True),
    ],
)
def test_scripts_without_spaces_have_words_too(text: str, short: bool) -> None:
    assert is_short(clean_text(text)) is short


@given(RAW | st.text())
def test_a_text_with_spaces_between_words_is_short_by_the_recipes_rule(raw: str) -> None:
    text = re.sub(f"[{UNSPACED}]", "", clean_text(raw))
    free = [word for word in text.split() if not ("http" in word or "@" in word or "#" in word)]
    assert is_short(text) is (len(free) < 3)


def test_scripts_without_spaces_are_those_of_unicode() -> None:
    scripts = (
        "CJK,HIRAGANA,KATAKANA,KATAKANA-HIRAGANA,HALFWIDTH KATAKANA,HALFWIDTH KATAKANA-HIRAGANA,HENTAIGANA,IDEOGRAPHIC,"
        "BOPOMOFO,YI SYLLABLE,THAI,LAO,TIBETAN,MYANMAR,KHMER,TAI LE,TAI THAM,TAI VIET,NEW TAI LUE"
    )
    of_script = re.compile("(?:" + scripts.replace(",", "|") + ")[ -]").match
    letters = [c for c in map(chr, range(sys.maxunicode)) if unicodedata.category(c) in ("Lo", "Lm")]
    listed = re.compile(f"[{UNSPACED}]").match
    assert [c for c in letters if of_script(unicodedata.name(c, "")) and not listed(c)] == []
    assert [c for c in letters if listed(c) and not of_script(unicodedata.name(c, ""))] == []


@pytest.mark.timeout(60)  # a pattern in quadratic time takes hours
@pytest.mark.parametrize("piece", ["あ", "あい", "ก", "a", "#", "#あ", "@あ", "http", "httpあ", "あa", "あ😂", "あ1_"])
def test_a_hostile_text_is_counted_too(piece: str) -> None:
    is_short("日" + piece * (1_000_000 // len(piece)))


def test_strip_invisible_keeps_emoji_sequences_and_white_space() -> None:
    for text in ("👩‍🚒 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️ 👍🏽", "می‌خواهم", "zero\u200bwidth", "tab\tline\nend\r\n"):
        assert strip_invisible(text) == text


@pytest.mark.parametrize(
    "mark",
    ["\u202e", "\u202a", "\u2066", "\u2069", "\u200e", "\u200f", "\u061c", "\u2060", "\ufeff", "\x00", "\x1b", "\x9b"],
)
def test_strip_invisible_drops_what_reorders_or_hides_text(mark: str) -> None:
    assert strip_invisible(f"a{mark}b") == "ab"


def test_strip_invisible_drops_half_characters() -> None:
    assert strip_invisible("a\ud83db\udc00c") == "abc"


# Counts


def test_clean_counts_each_post_once_and_duplicates_every_time() -> None:
    posts = [
        Post("soup is a sphere"),
        Post("RT @a: soup is a sphere", is_retweet=True),
        Post("ok", is_retweet=True),
        Post("ok then"),
        Post("soup is a sphere"),
    ]
    corpus = clean("pip", posts)
    assert corpus.counts == Counts(downloaded=5, retweets=2, short=1, kept=2, characters=32)
    assert corpus.posts == ("soup is a sphere", "soup is a sphere")


@given(POSTS)
def test_downloaded_minus_retweets_minus_short_is_kept(posts: list[Post]) -> None:
    corpus = clean("pip", posts)
    counts = corpus.counts
    assert counts.downloaded == len(posts)
    assert counts.downloaded - counts.retweets - counts.short == counts.kept == len(corpus.posts)
    assert counts.characters == sum(map(len, corpus.posts))
    assert counts.retweets == sum(post.is_retweet for post in posts)


@pytest.mark.parametrize(
    ("handle", "counts"),
    [
        ("berniesanders", Counts(3200, 0, 12, 3188, 357_564)),
        ("hillaryclinton", Counts(3200, 678, 117, 2405, 237_739)),
    ],
)
def test_the_recipes_counts(handle: str, counts: Counts) -> None:
    path = SHARED / f"{handle}.jsonl"
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    posts = [Post(record["text"], record["is_retweet"]) for record in records]
    assert clean(handle, posts).counts == counts


def test_an_account_that_hardly_uses_scripts_without_spaces_is_counted_by_the_recipes_rule() -> None:
    foreign = Post("今日はいい天気ですね")
    english = [Post(f"soup number {i} is a sphere") for i in range(200)]
    assert clean("pip", [*english, foreign]).counts.short == 1
    assert clean("pip", [*english, foreign, foreign, foreign]).counts.short == 0
    assert clean("pip", [foreign]).posts == (foreign.text,)
    retweets = [Post("今日はいい天気ですね", is_retweet=True)] * 50
    assert clean("pip", [*english, *retweets, foreign]).counts == Counts(251, 50, 1, 200, 5290)
    assert is_short(foreign.text, spaced=True)


def test_too_little_text_is_refused_with_how_much_is_missing() -> None:
    account = AccountCorpus("pip", Counts(1_000, 200, 750, 2, 1_234), ("x" * 1_000, "y" * 234))
    with pytest.raises(CorpusError) as raised:
        check_enough(account, 6_000)
    message = str(raised.value)
    for part in ("@pip", "1,234", "4,766", "6,000", "1,000", "200", "750"):
        assert part in message
    check_enough(account, 1_234)


def test_the_same_again_and_again_is_not_enough() -> None:
    account = AccountCorpus("pip", Counts(60, 0, 0, 60, 6_000), ("x" * 100,) * 60)
    with pytest.raises(CorpusError, match=r"repeats itself.* 100 of 6,000 characters.* 5,900 short"):
        check_enough(account, 6_000)


# Names, as on the cards in shared/seeds


@pytest.mark.parametrize(
    ("handles", "name"),
    [
        (["LizaSoberano"], "lizasoberano"),
        (["elonmusk", "BarackObama"], "barackobama-elonmusk"),
        (["voluntas", "GoAndo", "KenMcAlinn"], "goando-kenmcalinn-voluntas"),
    ],
)
def test_persona_name(handles: list[str], name: str) -> None:
    assert persona_name(handles) == name
