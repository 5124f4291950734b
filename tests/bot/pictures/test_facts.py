from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime

import pytest

from bot.domain import Persona
from bot.pictures.loss import loss_facts
from bot.pictures.pipeline import Box, pipeline_facts
from bot.pictures.share import parted, share_facts
from tests.bot.pictures.people import NAMES, persona
from tests.builders import run_of
from trainer.manifest import BaseRecord, PointRecord, RefreshRecord
from trainer.protocol import Hyperparameters, Lineage, MaskedCounts, Origin, PostsDigest

POSTS, CORPUS = "a" * 64, "c" * 64


def changed(of: Persona, **fields: object) -> Persona:
    return replace(of, manifest=of.manifest.model_copy(update=fields))


def with_lineage(of: Persona) -> Persona:
    posts = tuple(PostsDigest(handle=one.handle, sha256=POSTS) for one in of.manifest.corpus.accounts)
    lineage = Lineage(
        job=7,
        asked_by="discord:123",
        asked_at=datetime(2026, 1, 2, tzinfo=UTC),
        posts=posts,
        corpus_sha256=CORPUS,
        hyperparameters=Hyperparameters(),
    )
    return changed(of, lineage=lineage)


def boxes(of: Persona) -> dict[str, Box]:
    columns = pipeline_facts(of, {"pip": "face"}).columns
    return {box.label: box for column in columns for box in column}


def test_what_was_said_is_parted_from_what_was_asked() -> None:
    assert parted("My dream is soup.", "My dream is") == ("My dream is", " soup.")
    assert parted("Something else", "My dream is") == ("", "Something else")
    assert parted("", "My dream is") == ("My dream is", " …")
    assert parted("My dream is", "My dream is ") == ("My dream is", " …")
    assert parted("My\ndream is soup.", "My dream  is") == ("My dream is", " soup.")


def test_what_was_said_is_cut_to_what_a_picture_takes() -> None:
    asked, said = parted("a" * 500 + "b" * 500, "a" * 500)
    assert (len(asked), len(said), said[-1]) == (500, 100, "…")
    asked, said = parted("a" * 900, "a" * 900)
    assert len(asked + said) == 600


def test_a_bot_is_of_one_account_and_a_cyborg_of_several() -> None:
    bot = share_facts(persona("Pip", handles=("pip",)), "My dream is soup.", "My dream is", ("face",))
    assert (bot.label, bot.persona, bot.faces, bot.written) == ("AI BOT", "@pip", ("face",), "Written by a machine")
    cyborg = share_facts(persona("Pip", NAMES["invisible"]), "", "My dream is", ())
    assert [one.text for one in cyborg.names] == ["Pip", "@account1"]
    assert cyborg.label == "AI CYBORG"


def test_a_share_is_set_as_its_text_runs() -> None:
    hebrew = share_facts(persona("Pip"), "שלום to all", "שלום", ())
    assert (hebrew.leftwards, hebrew.said) == (True, " to all")
    known = share_facts(persona("Pip", languages=(("ja", 9), ("en", 1))), "海辺", "My dream is", ())
    assert (known.language, known.leftwards) == ("ja", False)


def test_losses_become_places_between_round_numbers() -> None:
    facts = loss_facts(persona("Pip", handles=("pip",)))
    assert facts is not None
    assert facts.held_out is not None
    assert facts.title == "How @pip was trained"
    assert [text for _, text in facts.x_ticks] == ["0.0", "0.5", "1.0", "1.5", "2.0"]
    assert [text for _, text in facts.y_ticks] == ["3.4", "3.6", "3.8", "4.0", "4.2"]
    assert facts.training.places == ((0.5, 0.75), (1.0, 0.125))
    assert facts.held_out.places == ((0.5, 0.875), (1.0, 0.625))
    assert (facts.held_out.end, facts.best, facts.best_label, facts.markers) == ("3.90", 1, "best: epoch 2", True)
    assert facts.caption == "Held-out posts take 2.00 bits per byte before training, 1.60 after. Less is better."


def test_losses_without_held_out_posts_are_those_of_the_training() -> None:
    of = persona("Pip")
    facts = loss_facts(changed(of, corpus=of.manifest.corpus.model_copy(update={"held_out_posts": 0})))
    assert facts is not None
    assert (facts.held_out, facts.best) == (None, None)
    assert facts.caption == "There were too few posts to hold any out."


def test_there_is_no_curve_of_one_point_nor_of_a_pulled_model() -> None:
    of = persona("Pip")
    run = run_of(of.manifest)
    assert loss_facts(changed(of, run=run.model_copy(update={"curve": run.curve[:1]}))) is None
    assert loss_facts(changed(of, run=None)) is None


def test_a_refresh_is_compared_with_the_version_before() -> None:
    facts = loss_facts(changed(persona("Pip"), refresh=RefreshRecord(version=2, new_posts=9, bits_per_byte=1.7)))
    assert facts is not None
    assert "1.70 bits per byte in version 2, 1.60 after" in facts.caption


@pytest.mark.parametrize(("points", "drawn"), [(59, 59), (100_000, 400)])
def test_a_long_curve_has_no_markers_and_only_as_many_points_as_can_be_seen(points: int, drawn: int) -> None:
    of = persona("Pip")
    curve = tuple(PointRecord(epoch=n / 4, train_loss=3, held_out_loss=3) for n in range(1, points + 1))
    run = run_of(of.manifest).model_copy(update={"curve": curve, "best_epoch": 3.0})
    facts = loss_facts(changed(of, run=run))
    assert facts is not None
    assert (facts.markers, len(facts.training.places)) == (False, drawn)
    assert facts.best == (11 if drawn == points else 0)


def test_a_pipeline_goes_from_the_accounts_to_the_persona() -> None:
    of = with_lineage(persona("Pip", "Ladle", handles=("pip", "ladle"), source="x:pip", masked=MaskedCounts(keys=2)))
    facts = pipeline_facts(of, {"pip": "face"})
    assert [[box.label for box in column] for column in facts.columns] == [
        ["Account", "Account"],
        ["Corpus", "Base model"],
        ["Training"],
        ["Persona"],
    ]
    account, corpus = facts.columns[0][0], facts.columns[1][0]
    assert (account.title.text, account.face) == ("Pip", "face")
    assert account.rows == (("handle", "@pip"), ("posts from", "X"), ("posts", "100"), ("SHA-256", POSTS[:12]))
    assert corpus.title.text == "176 posts kept"
    assert dict(corpus.rows) == {
        "retweets left out": "16",
        "too short": "8",
        "near-duplicates": "1",
        "details masked": "4",
        "learnt from, balanced": "80",
        "held out": "7",
        "SHA-256": CORPUS[:12],
    }
    made = dict(facts.columns[3][0].rows)
    assert made["bits per byte"] == "2.00 → 1.60"
    assert made["SHA-256"] == of.manifest.sha256[:12]


def test_a_pipeline_says_where_posts_are_from_and_never_which_file_or_who_asked() -> None:
    of = changed(persona("Pip"), base=BaseRecord(name="/home/me/base", fingerprint="f" * 64, parameters=10_100_000))
    said = str(asdict(pipeline_facts(with_lineage(of), {})))
    assert "a file" in said
    assert not any(secret in said for secret in ("/posts", "jsonl", "/home", "discord", "123"))


def test_an_older_record_has_no_checksums_of_posts() -> None:
    assert "SHA-256" not in dict(boxes(persona("Pip"))["Account"].rows)
    assert "SHA-256" not in dict(boxes(persona("Pip"))["Corpus"].rows)


def test_a_refreshed_persona_goes_on_from_the_version_before() -> None:
    found = boxes(changed(persona("Pip"), refresh=RefreshRecord(version=2, new_posts=9, bits_per_byte=1.7)))
    assert found["Version before"].title.text == "Version 2"
    assert dict(found["Version before"].rows)["new posts"] == "9"
    assert dict(found["Persona"].rows)["bits per byte"] == "1.70 → 1.60"


def test_of_a_pulled_model_only_what_is_known_is_drawn() -> None:
    origin = Origin(repo="reef/pip\u202e", revision="0123456789abcdef")
    of = persona("Pip", handles=("pip",), downloaded=0, source="hub:reef/pip")
    facts = pipeline_facts(changed(of, run=None, origin=origin), {})
    assert [box.label for column in facts.columns for box in column] == ["Account", "Published model", "Persona"]
    assert facts.columns[0][0].rows == (("handle", "@pip"),)
    assert facts.columns[1][0].title.text == "reef/pip"
    assert dict(facts.columns[1][0].rows)["revision"] == "0123456789ab"


def test_weights_are_shown_where_they_differ() -> None:
    of = persona("Pip", "Ladle")
    accounts = of.manifest.corpus.accounts
    heavier = (accounts[0].model_copy(update={"weight": 2.5}), accounts[1])
    of = changed(of, corpus=of.manifest.corpus.model_copy(update={"accounts": heavier}))
    assert [dict(box.rows)["weight"] for box in pipeline_facts(of, {}).columns[0]] == ["2.5", "1"]


def test_an_account_without_a_name_is_called_by_its_handle_once() -> None:
    nameless = persona("", handles=("pip",))
    facts = share_facts(nameless, "", "My dream is", ())
    assert ([one.text for one in facts.names], facts.persona) == (["@pip"], "")
    account = boxes(nameless)["Account"]
    assert (account.title.text, "handle" in dict(account.rows)) == ("@pip", False)
