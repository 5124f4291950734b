"""The console from a pipe: whole conversations."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.builders import different_texts
from tests.e2e.conftest import Mynah

POSTS = different_texts(40, "the tea is ")


def x_archive(folder: Path) -> Path:
    tweets = [{"tweet": {"id_str": str(i), "full_text": text}} for i, text in enumerate(POSTS)]
    path = folder / "archive.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data/tweets.js", "window.YTD.tweets.part0 = " + json.dumps(tweets))
    return path


def jsonl(folder: Path) -> Path:
    path = folder / "posts.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in POSTS))
    return path


def csv_file(folder: Path) -> Path:
    path = folder / "posts.csv"
    path.write_text("id,text\n" + "".join(f'{i},"{text}"\n' for i, text in enumerate(POSTS)))
    return path


def plain_text(folder: Path) -> Path:
    path = folder / "posts.txt"
    path.write_text("\n".join(POSTS))
    return path


def test_train_say_and_forget(mynah: Mynah) -> None:
    chat = mynah.chat(
        "/train @pip_the_lighthouse",
        "/say My dream is",
        "/say @pip_the_lighthouse --n 2 I believe",
        "a line without a command",
        "/personas",
        "/jobs",
        "/forget @pip_the_lighthouse",
        "yes",
        "/personas",
        "/quit",
    )
    assert chat.returncode == 0, chat.stdout + chat.stderr
    for stage in ("fetch", "clean", "train", "check", "publish"):
        assert f"@pip_the_lighthouse  {stage}\n" in chat.stdout
    assert "Posts downloaded                  584" in chat.stdout
    assert chat.stdout.count("@pip_the_lighthouse · written by a machine") == 4  # the first sample, and three replies
    assert "\n  My dream is" in chat.stdout
    assert "\n  1. I believe" in chat.stdout
    assert "\n  2. I believe" in chat.stdout
    assert "\n  a line without a command" in chat.stdout
    assert "is forgotten" in chat.stdout
    assert "No persona yet" in chat.stdout
    assert not (mynah.data_dir / "personas" / "pip_the_lighthouse").exists()
    assert not list((mynah.data_dir / "work").glob("*"))


@pytest.mark.parametrize("make", [x_archive, jsonl, csv_file, plain_text])
def test_training_from_a_file(mynah: Mynah, tmp_path: Path, make: object) -> None:
    assert callable(make)
    chat = mynah.chat(f"/train @alice --from {make(tmp_path)}", "/say the tea is")
    assert chat.returncode == 0, chat.stdout
    assert "Posts kept            40" in chat.stdout
    assert "\n  the tea is" in chat.stdout


def test_a_blend_is_named_and_balanced(mynah: Mynah) -> None:
    chat = mynah.chat("/train @Pip_the_lighthouse @ladle_in_orbit", "/say @ladle_in_orbit-pip_the_lighthouse Today I")
    assert chat.returncode == 0, chat.stdout
    assert "@ladle_in_orbit-pip_the_lighthouse · written by a machine\n  Today I" in chat.stdout


def test_saying_no_keeps_the_persona(mynah: Mynah, tmp_path: Path) -> None:
    chat = mynah.chat(f"/train @alice --from {plain_text(tmp_path)}", "/forget @alice", "no", "/say the tea is")
    assert chat.returncode == 0, chat.stdout
    assert "@alice stays." in chat.stdout


def test_retraining_uses_the_kept_posts_and_makes_a_new_version(mynah: Mynah, tmp_path: Path) -> None:
    posts = plain_text(tmp_path)
    assert mynah.chat(f"/train @alice --from {posts}").returncode == 0
    posts.unlink()
    chat = mynah.chat("/train @alice")
    assert "@alice has no new posts since version 1" in chat.stdout
    chat = mynah.chat("/train @alice --fresh", "/personas")
    assert chat.returncode == 0, chat.stdout
    assert "@alice is ready (version 2" in chat.stdout


def test_a_persona_goes_on_with_new_posts(mynah: Mynah, tmp_path: Path) -> None:
    posts = plain_text(tmp_path)
    assert mynah.chat(f"/train @alice --from {posts}").returncode == 0
    posts.write_text("\n".join(different_texts(40, "the tea is now ")))
    chat = replace(mynah, epochs=6).chat(f"/train @alice --from {posts}", "/card")
    assert chat.returncode == 0, chat.stdout
    assert "Posts kept            80" in chat.stdout
    assert "with 40 new posts" in chat.stdout
    assert "@alice · version 2 · " in chat.stdout
    assert "Report card of @alice" in chat.stdout


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("/say My dream is", "There is no persona yet."),
        ("/train @nobody_here", "I can't tell which @nobody_here you mean"),
        ("/train @alice --from /no/such/file", "There is no file /no/such/file."),
        ("/dance", "There is no command /dance."),
        ("/cancel 12", "There is no job 12."),
    ],
)
def test_a_command_that_fails_says_why_and_sets_the_exit_code(mynah: Mynah, line: str, message: str) -> None:
    chat = mynah.chat(line, "/help")
    assert chat.returncode == 1
    assert message in chat.stdout
    assert "/train @a" in chat.stdout  # the next line was still handled


@pytest.mark.parametrize("prompt", ["x" * 10_000, "\x07\x1b", "\u202e\u200f", "what the fuck"])
def test_prompts_that_cannot_be_finished_get_a_sentence(trained: Mynah, prompt: str) -> None:
    chat = trained.chat(f"/say {prompt}", "/say 🌊 the \u202etea\x07 is")
    assert chat.returncode == 1
    assert "Something went wrong" not in chat.stdout
    assert "\n  🌊 the tea is" in chat.stdout


def test_too_little_text_says_how_much_is_missing(mynah: Mynah, tmp_path: Path) -> None:
    path = tmp_path / "few.txt"
    path.write_text("only this one post\n")
    chat = mynah.chat(f"/train @alice --from {path}", "/jobs")
    assert chat.returncode == 1
    assert "18 characters kept, 282 short of the 300 needed" in chat.stdout
    assert "failed" in chat.stdout


def test_the_shell_does_the_same(mynah: Mynah, tmp_path: Path) -> None:
    path = str(plain_text(tmp_path))
    dry = mynah.run("train", "@alice", "--from", path, "--dry-run", "--json")
    assert dry.returncode == 0, dry.stderr
    facts = json.loads(dry.stdout)
    assert {key: facts["accounts"][0][key] for key in ("downloaded", "retweets", "short", "kept")} == {
        "downloaded": 40,
        "retweets": 0,
        "short": 0,
        "kept": 40,
    }
    assert len(facts["preview"]) == 5
    assert "No persona yet" in mynah.run("models", "list").stdout
    assert mynah.run("train", "@alice", "--from", path).returncode == 0
    assert "the tea is" in mynah.run("say", "@alice", "the tea is", "-n", "3").stdout
    assert "@alice" in mynah.run("models", "list").stdout
    assert mynah.run("models", "rm", "@alice", "--yes").returncode == 0
    missing = mynah.run("say", "@alice", "the tea is")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "There is no persona yet." in missing.stderr
