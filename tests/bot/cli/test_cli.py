from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import different_texts


def mynah(data_dir: Path, *arguments: str, lines: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot", "--data-dir", str(data_dir), *arguments],
        input=lines,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_names_the_commands(tmp_path: Path) -> None:
    done = mynah(tmp_path, "--help")
    assert done.returncode == 0
    for command in ("console", "train", "say", "models"):
        assert f"│ {command} " in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train"], "Missing argument"),
        (["train", "@a", "--json"], "--json goes with --dry-run"),
        (["say", "@a"], "Missing argument"),
        (["nothing"], "No such command"),
        (["--data-dir", "", "models"], "It is empty"),
    ],
)
def test_usage_errors(tmp_path: Path, arguments: list[str], message: str) -> None:
    done = mynah(tmp_path, *arguments)
    assert done.returncode == 2
    assert message in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "@not-a-handle"], "is not a handle"),
        (["train", "@alice", "--from", "/no/such/file"], "There is no file"),
        (["train", "@alice", "--dry-run"], "I can't tell which @alice you mean"),
        (["say", "@alice", "hi"], "There is no persona yet"),
        (["models", "rm", "@alice", "--yes"], "nothing to forget"),
    ],
)
def test_errors_are_a_sentence_and_exit_code_1(tmp_path: Path, arguments: list[str], message: str) -> None:
    done = mynah(tmp_path, *arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)


def test_a_data_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = mynah(tmp_path / "file" / "data", "models", "list")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert f"The data folder {tmp_path}/file/data can't be made" in done.stderr


def test_a_bad_setting_is_named(tmp_path: Path) -> None:
    done = mynah(tmp_path, "models", "list", MYNAH_TRAINING__EPOCHS="none")
    assert done.returncode == 1
    assert "training.epochs" in done.stderr


def test_an_empty_folder_has_no_models(tmp_path: Path) -> None:
    done = mynah(tmp_path, "models", "list")
    empty = f"No persona yet in {tmp_path}. Train one: mynah train @pip_the_lighthouse\n"
    assert (done.returncode, done.stdout) == (0, empty)


@pytest.mark.parametrize("noun", ["models", "jobs", "optout"])
def test_reading_makes_no_data_folder(tmp_path: Path, noun: str) -> None:
    done = mynah(tmp_path / "mistyped", noun)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"There is nothing at {tmp_path}/mistyped yet." in done.stderr
    assert not (tmp_path / "mistyped").exists()


def test_a_dry_run_shows_what_a_training_would_use_and_trains_nothing(tmp_path: Path) -> None:
    done = mynah(tmp_path, "train", "@pip_the_lighthouse", "@ladle_in_orbit", "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["persona"] == "ladle_in_orbit-pip_the_lighthouse"
    assert [account["handle"] for account in facts["accounts"]] == ["pip_the_lighthouse", "ladle_in_orbit"]
    for account in facts["accounts"]:
        assert account["downloaded"] - account["retweets"] - account["short"] == account["kept"]
    assert len(facts["preview"]) == 5
    assert facts["seconds"] > 0
    assert facts["warnings"] == []
    assert not (tmp_path / "personas").exists()
    assert "No trainings yet" in mynah(tmp_path, "console", lines="/jobs\n").stdout


def test_a_dry_run_counts_a_file(tmp_path: Path) -> None:
    posts = tmp_path / "tweets.js"
    kept = different_texts(300, "tea & ")
    texts = [text.replace("&", "&amp;") + " https://t.co/x" for text in kept]
    texts += ["RT @bob: three words more", "too short", "@bob #hi https://t.co/x"]
    posts.write_text("window.YTD.tweets.part0 = " + json.dumps([{"tweet": {"full_text": text}} for text in texts]))
    done = mynah(tmp_path / "data", "train", "@alice", "--from", str(posts), "--dry-run", "--json")
    facts = json.loads(done.stdout)
    (row,) = facts["accounts"]
    assert row | {"languages": [], "masked": {}} == {
        "handle": "alice",
        "source": f"file:{posts}",
        "downloaded": 303,
        "retweets": 1,
        "short": 2,
        "kept": 300,
        "characters": sum(map(len, kept)),
        "weight": 1.0,
        "name": "",
        "bio": "",
        "language": None,
        "foreign": 0,
        "languages": [],
        "masked": {},
        "duplicates": 0,
    }
    assert set(row["masked"].values()) == {0}
    assert set(facts["preview"]) <= set(kept)


def test_a_dry_run_for_people(tmp_path: Path) -> None:
    done = mynah(tmp_path, "train", "@pip_the_lighthouse", "--dry-run")
    assert "Posts downloaded                  584" in done.stdout
    assert done.stdout.count("    · ") == 5
    assert "Estimated time: about " in done.stdout


def test_little_text_warns(tmp_path: Path) -> None:
    posts = tmp_path / "posts.txt"
    posts.write_text("\n".join(different_texts(300)))
    done = mynah(tmp_path / "data", "train", "@alice", "--from", str(posts), "--dry-run", "--json")
    (warning,) = json.loads(done.stdout)["warnings"]
    assert "@alice" in warning
    assert "may be thin" in warning
