from __future__ import annotations

import hashlib
import json
import runpy
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.trainer.helpers import write_base_corpus
from trainer.base import embedding_weight, load_base
from trainer.pretrain import __main__ as command
from trainer.pretrain.loop import Run, start_run, train
from trainer.pretrain.plan import Plan
from trainer.pretrain.prepare import prepare
from trainer.pretrain.publish import PROMPTS, SAMPLES, choose_weights, publish
from trainer.pretrain.score import held_out_bits_per_byte

from .test_loop import PLAN, corpus, documents

__all__ = ["corpus"]


@pytest.fixture
def run(corpus: Path, tmp_path: Path) -> Run:
    prepare(corpus, tmp_path / "work", PLAN.vocab_size, PLAN.seed)
    return train(PLAN, tmp_path / "work", 3, compiling=False)


def test_a_published_base_can_be_loaded(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    provenance = publish(run, tmp_path / "work", out)
    base = load_base(str(out))
    expected = run.model.get_parameter("model.embed_tokens.weight").float()
    assert torch.equal(embedding_weight(base.model), expected)
    assert base.model.get_output_embeddings().weight is embedding_weight(base.model)
    assert (base.context, base.end_id) == (16, 0)
    assert base.vocabulary.tokenizer.get_vocab_size() <= 300
    assert all(t.dtype == torch.bfloat16 for t in load_file(out / "model.safetensors").values())
    assert provenance == json.loads((out / "provenance.json").read_text())
    assert provenance["parameters"] == base.parameters
    assert provenance["plan"]["tokens"] == PLAN.tokens
    assert provenance["log"]["step"] == 7
    scores = provenance["held_out_bits_per_byte"]
    assert set(scores) == {"sentences", "blog", "speech", "book", "all"}
    assert scores == held_out_bits_per_byte(base.model, tmp_path / "work")
    assert {prompt: len(texts) for prompt, texts in provenance["samples"].items()} == dict.fromkeys(PROMPTS, SAMPLES)


def test_the_checksums_are_of_the_files(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    publish(run, tmp_path / "work", out)
    pinned = runpy.run_path(str(out / "__init__.py"))["SHA256"]
    assert "model.safetensors" in pinned
    assert pinned == {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in pinned}
    written = {path.name for path in out.iterdir()}
    assert written == {*pinned, "__init__.py", "README.md", "loss.png", "provenance.json"}


def test_the_better_weights_are_kept(run: Run, tmp_path: Path) -> None:
    last = [p.detach().clone() for p in run.model.parameters()]
    rounded = [p.to(torch.bfloat16).float() for p in last]
    run.average = [torch.zeros_like(p) for p in last]
    assert choose_weights(run, tmp_path / "work") == "last"
    assert all(torch.equal(p, q) for p, q in zip(run.model.parameters(), rounded, strict=True))
    run.average = last
    with torch.no_grad():
        for parameter in run.model.parameters():
            parameter.zero_()
    assert choose_weights(run, tmp_path / "work") == "average"
    assert all(torch.equal(p, q) for p, q in zip(run.model.parameters(), rounded, strict=True))


def test_the_card_says_what_was_done(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    provenance = publish(run, tmp_path / "work", out)
    card = (out / "README.md").read_text()
    assert card.startswith("---\nlanguage: en\nlicense: apache-2.0\n")
    assert "{" not in card.split("## Samples")[0]
    assert "Llama, 1 layers, 32 wide, 2 heads, context 16 tokens" in card
    assert provenance["data"]["corpus_sha256"] in card
    assert f"{provenance['held_out_bits_per_byte']['all']:.3f}" in card
    for prompt, texts in provenance["samples"].items():
        assert card.count(f"- **{prompt}**") == len(texts)
    picture = (out / "loss.png").read_bytes()
    assert picture.startswith(b"\x89PNG")


def test_without_matplotlib_there_is_no_picture(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bare GPU machine; the same command elsewhere adds the picture."""
    monkeypatch.setattr("trainer.pretrain.publish.find_spec", lambda name: None)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "loss.png").write_bytes(b"an older picture")
    publish(run, tmp_path / "work", tmp_path / "out")
    assert not (tmp_path / "out" / "loss.png").exists()
    assert "loss.png" not in (tmp_path / "out" / "README.md").read_text()
    monkeypatch.undo()
    publish(start_run(PLAN, tmp_path / "work"), tmp_path / "work", tmp_path / "out")
    assert (tmp_path / "out" / "loss.png").exists()
    assert "loss.png" in (tmp_path / "out" / "README.md").read_text()


# The command

OPTIONS = ["--tokens", "8192", "--width", "16", "--layers", "1", "--heads", "1", "--vocabulary", "300", "--no-compile"]


def call(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["pretrain", *map(str, arguments), *OPTIONS])
    command.main()


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = write_base_corpus(tmp_path, documents(80), compressed=True)
    out, work = tmp_path / "out", tmp_path / "work"
    call(monkeypatch, "--corpus", corpus, "--work", work, "--out", out, "--shape", "gpt2")
    assert json.loads(capsys.readouterr().out) == json.loads((out / "provenance.json").read_text())
    base = load_base(str(out))
    assert base.context == Plan(tokens=1).context
    assert base.model.config.model_type == "gpt2"
    with pytest.raises(SystemExit, match="another corpus, vocabulary or seed"):
        call(monkeypatch, "--corpus", corpus, "--work", work, "--out", out, "--shape", "gpt2", "--seed", 2)


def test_a_corpus_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=r"nowhere\.txt"):
        call(monkeypatch, "--corpus", tmp_path / "nowhere.txt", "--work", tmp_path / "work")


@pytest.mark.parametrize("damage", ["cut", "manifest"])
def test_a_corpus_that_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    corpus = write_base_corpus(tmp_path, documents(3), compressed=True)
    if damage == "cut":
        corpus.write_bytes(corpus.read_bytes()[:-20])
    else:
        with (tmp_path / "corpus.manifest.tsv").open("a") as manifest:
            manifest.write("12\t1990\tone too many\n")
    with pytest.raises(SystemExit, match="end-of-stream" if damage == "cut" else "lists 13 documents"):
        call(monkeypatch, "--corpus", corpus, "--work", tmp_path / "work")
