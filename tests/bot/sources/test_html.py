from __future__ import annotations

import html
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.html import html_text

MENTION = (
    '<span class="h-card" translate="no"><a href="https://lake.example/@bob" class="u-url mention">'
    "@<span>bob</span></a></span>"
)
LINK = (
    '<a href="https://lake.example/boats/blue?n=1&amp;m=2" target="_blank" rel="nofollow noopener" translate="no">'
    '<span class="invisible">https://</span><span class="ellipsis">lake.example/boats/bl</span>'
    '<span class="invisible">ue?n=1&amp;m=2</span></a>'
)
HASHTAG = '<a href="https://lake.example/tags/fog" class="mention hashtag" rel="tag">#<span>fog</span></a>'


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>Good morning</p>", "Good morning"),
        ("<p>one<br />two<br>three</p><p>four</p>", "one\ntwo\nthree\n\nfour"),
        (
            f"<p>{MENTION} come and see {LINK} {HASHTAG}</p>",
            "@bob come and see https://lake.example/boats/blue?n=1&m=2 #fog",
        ),
        (
            "<p>3 &lt; 4 &amp;&amp; &quot;a&quot; &#39;b&#39; &#x1F30A; &eacute; caf&eacute</p>",
            "3 < 4 && \"a\" 'b' 🌊 é café",
        ),
        ("<p>:blobcat: is a cat</p>", ":blobcat: is a cat"),
        ("<p>shop</p><ul><li>milk</li><li><p>bread</p></li></ul><p>bye</p>", "shop\n\n- milk\n- bread\n\nbye"),
        ("<p>she said</p><blockquote><p>never</p></blockquote>so", "she said\n\nnever\n\nso"),
        ("<pre><code>a  b\n  c</code></pre><p>d  e\n f</p>", "a  b\n  c\n\nd e f"),
        ("<h1>Title</h1>text", "Title\n\ntext"),
        ("a<script>if (1 < 2) '</p>'</script>b<style>p {}</style>c<STYLE>x", "abc"),
        ("a<!-- <p>no</p> -->b<!-- never closed <p>c</p>", "ab"),
        ("a<![CDATA[b]]>c<!DOCTYPE html><?php x?>d", "acd"),
        ('<p class="quote-inline">RE: <a href="https://x.example/1">x.example/1</a></p><p>indeed</p>', "indeed"),
        ("<a title=\"a > b\" href='c>d'>e</a>", "e"),
        ('<a title="it\'s" >e</a><p title="never closed>f</p>', "ef"),
        ("I <3 you & 2 < 3 <", "I <3 you & 2 < 3 <"),
        ("<em>a</em><strong>b</strong> <del>c</del>", "ab c"),
        ("&#0; &#55555; &#99999999999; &unknown; &#x; &", "\ufffd \ufffd &#99999999999; &unknown; &#x; &"),
        ("  <p> \n a \n </p>  ", "a"),
        ("", ""),
    ],
)
def test_what_is_read(source: str, text: str) -> None:
    assert html_text(source) == text


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=" \xa0"), min_size=1))
def test_escaped_text_comes_back(text: str) -> None:
    assert html_text(f"<p>{html.escape(text)}</p>") == text.strip()


@given(
    st.lists(
        st.sampled_from(["<", ">", "<p", "</", "p>", "<!--", "-->", '"', "'", "&amp", ";", " ", "\n", "<br>", "x"])
    )
)
def test_any_soup_is_read(pieces: list[str]) -> None:
    text = html_text("".join(pieces))
    assert text == text.strip()
    assert text.count("x") <= pieces.count("x")


HOSTILE = [
    *["<!", "<a ", "&", "<![CDATA[", "</", "<!--", "<", '<a b="', "<a b='", "&#", "&#9", "<script>", "<script", "<br>"],
    *["</p> ", " <br>", "<pre>", "<p class=quote-inline>", '<a x="<">', "<li><p>", "\n ", "\"'", "<?", "class="],
]
CODE = """
from bot.sources.html import html_text
for piece in {pieces!r}:
    html_text(({start!r} + piece * 100_000)[:100_000] + ">")
"""


@pytest.mark.parametrize("start", ["", "<p ", '<a title="'])
def test_hostile_pages_take_linear_time(start: str) -> None:
    """Seconds on a slow machine; what takes quadratic time is ended after a minute."""
    code = CODE.format(pieces=HOSTILE, start=start)
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
