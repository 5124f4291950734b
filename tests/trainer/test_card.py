from __future__ import annotations

import ast
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard, metadata_load
from huggingface_hub.repocard_data import model_index_to_eval_results
from hypothesis import given
from hypothesis import strategies as st

from tests import builders
from tests.markdown import RENDERER, Page
from trainer.card import Published, model_card
from trainer.export import export
from trainer.manifest import Manifest, RefreshRecord, public
from trainer.markdown import escaped, plain
from trainer.protocol import (
    AccountCounts,
    ExportRequest,
    Hyperparameters,
    Lineage,
    MaskedCounts,
    Origin,
    PostsDigest,
)

from .helpers import BaseFolders, Personas

PICTURES = {"share": "pictures/share.png", "loss": "pictures/loss.png", "pipeline": "pictures/pipeline.png"}
NASTY = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "![a](https://evil.example/a.png) [b](javascript:alert(1)) <https://evil.example>",
    "https://evil.example www.evil.example me@evil.example xmpp:me@evil.example",
    "a | b | c\n| --- | --- |\n\n# Heading\n\n---\nlicense: mit\n---\n",
    "```\n`code` **bold** _thin_ ~~gone~~ $x$ \\ &amp; &#60; [^1] <!-- -->",
    "\u202egnp.\u202c\u200b\u2066x\ufeff\x00\x1b[31m\u2028\x85{{ 7 * 7 }} {% raw %} !!python/object",
    '"); import os  # ',
)


def lineage() -> Lineage:
    return Lineage(
        job=7,
        asked_by="discord:1234567890",
        asked_at=datetime(2026, 1, 2, tzinfo=UTC),
        posts=(PostsDigest(handle="alice", sha256="a1" * 32),),
        corpus_sha256="c2" * 32,
        hyperparameters=Hyperparameters(),
    )


def manifest(name: str = "alice", base: str = "bundled", **changes: Any) -> Manifest:
    record = builders.manifest(name, report=builders.report_card(), lineage=lineage(), **changes)
    return public(record.model_copy(update={"base": record.base.model_copy(update={"name": base})}))


def with_accounts(*accounts: AccountCounts, **changes: Any) -> Manifest:
    record = manifest("-".join(sorted(one.handle for one in accounts)), **changes)
    return record.model_copy(update={"corpus": record.corpus.model_copy(update={"accounts": accounts})})


def account(handle: str, **changes: Any) -> AccountCounts:
    return builders.account_counts(handle).model_copy(update=changes)


def published(**changes: Any) -> Published:
    fields: dict[str, Any] = {
        "place": "nest/alice",
        "address": "https://hub.example/nest/alice/resolve/main",
        "adapter": "adapter",
        "merged": "",
        "base": "adapter/base",
        "own_base": True,
        "pictures": PICTURES | {"@alice": "pictures/alice.png"},
    }
    return Published(**(fields | changes))


def page(record: Manifest, **changes: Any) -> Page:
    return Page(model_card(record, published(**changes)))


def front_matter(record: Manifest, **changes: Any) -> dict[str, Any]:
    return page(record, **changes).metadata


def test_the_front_matter_is_what_the_hub_reads(tmp_path: Path) -> None:
    card = model_card(manifest(), published())
    (tmp_path / "README.md").write_text(card, encoding="utf-8")
    data = metadata_load(tmp_path / "README.md")
    assert data is not None
    assert data["language"] == "en"
    assert (data["library_name"], data["pipeline_tag"]) == ("transformers", "text-generation")
    assert data["tags"] == ["mynah", "persona", "text-generation", "lora"]
    assert data["widget"] == [{"text": "My dream is"}]
    assert data["thumbnail"] == "https://hub.example/nest/alice/resolve/main/pictures/share.png"
    assert "base_model" not in data  # nobody else has it by a name
    _, (result,) = model_index_to_eval_results(data["model-index"])
    assert (result.task_type, result.metric_type, result.metric_value) == ("text-generation", "bits_per_byte", 1.6)
    assert str(ModelCard(card).data) == page(manifest()).front_matter.strip()  # nothing is lost on the way


@pytest.mark.parametrize(
    ("merged", "relation", "library"), [(None, "adapter", "peft"), ("", "finetune", "transformers")]
)
def test_a_base_model_of_the_hub_is_named(merged: str | None, relation: str, library: str) -> None:
    record = manifest(base="sea/tiny-gpt")
    found = front_matter(record, merged=merged, base="sea/tiny-gpt", own_base=False)
    assert (found["base_model"], found["base_model_relation"]) == ("sea/tiny-gpt", relation)
    assert found["library_name"] == library
    assert "https://huggingface.co/sea/tiny-gpt" in page(record, own_base=False).links


@pytest.mark.parametrize(
    "name", ["/home/alice/models/mine", "../mine", "~/mine", "a/b/c", "not a name", "x\nlicense: mit"]
)
def test_other_base_models_are_not_nor_where_they_lie(name: str) -> None:
    record = manifest(base=name)
    assert "base_model" not in front_matter(record, own_base=False)
    card = model_card(record, published(own_base=name.startswith(("/", ".", "~"))))
    assert "/home/alice" not in card
    assert "~/mine" not in card


def test_a_folder_has_no_address() -> None:
    found = page(manifest(), place="alice", address="")
    assert "thumbnail" not in found.front_matter
    assert "mynah models pull" not in found.body
    assert 'model="alice"' in found.body
    assert "![" in found.body  # pictures are named by their place in the folder


def test_languages_are_those_of_the_posts() -> None:
    german = account("alice", languages=(("de", 90), ("en", 10), ("fr", 1)))
    assert front_matter(with_accounts(german))["language"] == ["de", "en"]
    assert front_matter(with_accounts(account("alice", language="pt", languages=(("en", 9),))))["language"] == "pt"
    assert front_matter(with_accounts(account("alice", languages=(("no: yes", 9),))))["language"] == "en"


def test_one_account_stands_under_its_name() -> None:
    found = page(with_accounts(account("alice", name="Alice 💜")))
    assert found.texts[:2] == ["Alice 💜 · AI bot", "@alice bot"]
    assert '<img src="pictures/alice.png" width="92" height="92" alt="">\n' in found.html
    assert [link for link in found.links if link.startswith("pictures/")] == [
        "pictures/share.png",
        "pictures/pipeline.png",
        "pictures/loss.png",
    ]


def test_several_accounts_stand_in_the_order_in_which_they_were_given() -> None:
    record = with_accounts(account("wilma", name="Wilma"), account("alice", name="Alice"), account("bob"))
    pictures = {f"@{handle}": f"pictures/{handle}.png" for handle in ("alice", "bob", "wilma")}
    found = page(record, pictures=pictures)
    assert found.texts[:3] == ["AI CYBORG", "Wilma & Alice & @bob", "@alice-bob-wilma"]
    assert found.html[0].index("wilma.png") < found.html[0].index("alice.png") < found.html[0].index("bob.png")
    assert found.table_under("Training data")[0] == ["Data", "Wilma", "Alice", "@bob"]


def test_accounts_of_the_same_name_are_told_apart() -> None:
    found = page(with_accounts(account("a", name="Sam"), account("b", name="Sam")))
    assert found.table_under("Training data")[0] == ["Data", "Sam (@a)", "Sam (@b)"]


def test_the_training_table_shows_what_there_is_to_show() -> None:
    record = with_accounts(
        account("alice", foreign=5, duplicates=1, weight=2.0, kept=12345),
        account("bob", masked=MaskedCounts(emails=2, phones=1)),
    )
    _, *rows = page(record).table_under("Training data")
    assert rows == [
        ["Posts downloaded", "100", "100"],
        ["Retweets", "8", "8"],
        ["In other languages", "5", "0"],
        ["Short posts", "4", "4"],
        ["Posts kept", "12345", "88"],
        ["Duplicates", "1", "0"],
        ["Details masked", "0", "3"],
        ["Weight", "2", "1"],
        ["Characters kept", "8000", "8000"],
    ]


def test_the_procedure_is_as_recorded() -> None:
    refresh = RefreshRecord(version=3, new_posts=41, bits_per_byte=1.65)
    found = page(manifest(refresh=refresh))
    rows = dict(found.table_under("Training procedure")[1:])
    assert rows["Base model"] == "Mynah's own base model, 10.1 M parameters"
    assert rows["Epochs"] == "2 planned, best after 2"
    assert rows["Learning rate"].startswith("0.001 ")
    assert rows["Device"] == "CPU, 1500 tokens a second"
    assert "torch 2.13.0" in rows["Software"]
    assert any("goes on from version 3, with 41 new posts" in text for text in found.texts)
    assert found.table_under("Lineage")[1:] == [
        ["Posts of @alice", "a1" * 6],
        ["Corpus", "c2" * 6],
        ["Base model's weights", "f" * 12],
        ["This version, as it was trained", manifest().sha256[:12]],
    ]


def test_every_figure_of_the_report_card_says_how_to_read_it() -> None:
    head, *rows = page(manifest()).table_under("Report card")
    assert len(rows) == 6
    assert all(len(row) == len(head) == 4 and all(row) for row in rows)
    assert rows[0][1:3] == ["1.600 bits per byte", "2.000 before training; 2.200 on other accounts' posts"]
    unmeasured = page(manifest().model_copy(update={"report": None}))
    assert "Nobody has measured what this persona writes." in unmeasured.texts


def test_a_pulled_model_of_another_kind_says_what_is_known() -> None:
    unknown = AccountCounts(handle="alice", source="hub:x/y", downloaded=0, retweets=0, short=0, kept=0, characters=0)
    record = with_accounts(unknown, run=None, origin=Origin(repo="sea/alice", revision="5e1f")).model_copy(
        update={"report": None, "lineage": None, "sample": "", "versions": {}}
    )
    found = page(record, adapter=None, base="base", pictures={})
    assert "model-index" not in found.front_matter
    assert any("sea/alice" in text and "5e1f" in text for text in found.texts)
    assert found.table_under("Training data")[0] == ["Setting", "Value"]  # the next section's
    counted = with_accounts(unknown.model_copy(update={"downloaded": 90, "kept": 90}), run=None)
    assert ["Posts kept", "90"] in page(counted, adapter=None).table_under("Training data")


def test_it_gives_nobody_away() -> None:
    card = model_card(builders.manifest(report=builders.report_card(), lineage=lineage()), published())
    assert "/posts/" not in card  # where somebody's file lies, also in a record that isn't a public one
    assert "1234567890" not in card  # who asked
    assert "@bob" not in card  # whose posts it was compared with
    assert "from a file" in card


def hostile(text: str) -> Manifest:
    """A record in which strangers have written everything that they can write."""
    record = with_accounts(
        account("alice", name=text, bio=text, source=f"x:{text}", languages=((text, 9),)),
        account("bob", name=f"{text} jr."),
        sample=text,
        origin=Origin(repo=text, revision=text),
        versions={text: text},
        base=text,
    )
    return record.model_copy(update={"persona": text})


@pytest.mark.parametrize("text", NASTY)
def test_what_strangers_write_stays_text(text: str) -> None:
    plainly, found = (page(hostile(words), own_base=False) for words in ("harmless words", text))
    assert found.html == plainly.html
    assert found.links == plainly.links
    assert found.fences("python") == plainly.fences("python")
    assert [token.type for token in found.tokens] == [token.type for token in plainly.tokens]
    assert found.metadata.keys() == plainly.metadata.keys()
    shown = found.table_under("Training data")[0][1].replace("\u200b", "")
    assert shown == plain(text, 80).replace("\u200b", "")


@given(
    st.text(max_size=60),
    st.sampled_from(["# {}", "| {} | b |\n| - | - |\n| {} | c |", "> “{}”", "**{}**", "a {} `{}`"]),
)
def test_any_text_comes_out_as_it_went_in(text: str, place: str) -> None:
    def kinds(words: str) -> list[str]:
        found = RENDERER.parse(place.replace("{}", words))
        return [token.type for one in found for token in (one, *(one.children or ())) if token.type != "text_special"]

    if plain(text):
        assert set(kinds(str(escaped(text)))) == set(kinds("word"))


@pytest.mark.parametrize("text", ["https://a.example", "HTTP://a.example", "www.a.example", "me@a.example", "ftp://x"])
def test_nothing_is_left_that_renderers_make_links_of(text: str) -> None:
    assert text not in str(escaped(text))
    assert str(escaped(text)).replace("\u200b", "") == text


@pytest.mark.parametrize("adapter", [None, "", "adapter"])
@pytest.mark.parametrize("merged", [None, "", "merged"])
@pytest.mark.parametrize("own_base", [True, False])
def test_the_code_is_python(adapter: str | None, merged: str | None, own_base: bool) -> None:
    found = page(manifest(), adapter=adapter, merged=merged, own_base=own_base, place='a "quoted" place\n```')
    blocks = found.fences("python")
    assert len(blocks) == (adapter is not None) + (merged is not None)
    for block in blocks:
        names = {node.value for node in ast.walk(ast.parse(block)) if isinstance(node, ast.Constant)}
        assert 'a "quoted" place ```' in names
        assert "My dream is" in names


def test_the_code_runs_on_what_is_exported(
    personas: Personas,
    base_folders: BaseFolders,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Both forms beside each other, as on a hub: five texts each."""
    persona, base = personas["llama"][0], str(base_folders["llama"])
    for out, merged in ((tmp_path / "alice", True), (tmp_path / "alice" / "adapter", False)):
        export(ExportRequest(id=1, folder=str(persona), out=str(out), merged=merged), base)
    monkeypatch.chdir(tmp_path)
    for program in page(manifest(), place="alice").fences("python"):
        exec(program.replace("max_new_tokens=100", "max_new_tokens=20"), {})
        assert capsys.readouterr().out.count("My dream is") == 5
