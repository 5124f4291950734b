from __future__ import annotations

import hashlib
import json
import lzma
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from tests.trainer.helpers import write_base_corpus
from trainer.pretrain import corpus as corpus_module
from trainer.pretrain.corpus import PASSES
from trainer.pretrain.prepare import prepare
from trainer.pretrain.tokenizer import END_OF_TEXT

NAMES = ("common-voice", "18f", "sotu", "novel")


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(corpus_module, "HELD_OUT_EVERY", 4)
    monkeypatch.setattr(corpus_module, "HELD_OUT_FIRST", 1)
    documents = {f"{name}-{i}": f"Here is {name} number {i}.\nIt has two lines." for name in NAMES for i in range(20)}
    return write_base_corpus(tmp_path, documents, compressed=True)


def test_preparing(corpus: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    prepare(corpus, work, 300, seed=1)
    facts = json.loads((work / "data.json").read_text())
    tokens = np.load(work / "tokens.npy")
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    assert facts["corpus_sha256"] == hashlib.sha256(corpus.read_bytes()).hexdigest()
    assert facts["tokens"] == len(tokens)
    assert (facts["documents"], facts["held_out_documents"]) == (60, 20)
    assert tokenizer.get_vocab_size() <= facts["vocab_size"] == 300
    seen = tokenizer.decode(tokens.tolist(), skip_special_tokens=False).split(END_OF_TEXT)
    for kind in PASSES:
        held_out = np.load(work / f"held_out_{kind}.npy")
        texts = tokenizer.decode(held_out.tolist(), skip_special_tokens=False).split(END_OF_TEXT)[:-1]
        assert texts
        assert facts["held_out_bytes"][kind] == sum(len(text.encode()) for text in texts)
        assert not {text for text in texts if "Here is" in text} & set(seen)


def test_what_is_prepared_is_kept(corpus: Path, tmp_path: Path) -> None:
    prepare(corpus, tmp_path / "one", 300, seed=1)
    prepare(corpus, tmp_path / "two", 300, seed=1)
    tokens = (tmp_path / "one" / "tokens.npy").read_bytes()
    assert tokens == (tmp_path / "two" / "tokens.npy").read_bytes()
    (tmp_path / "one" / "tokens.npy").touch()
    before = (tmp_path / "one" / "tokens.npy").stat().st_mtime_ns
    prepare(corpus, tmp_path / "one", 300, seed=1)
    assert (tmp_path / "one" / "tokens.npy").stat().st_mtime_ns == before
    assert (tmp_path / "one" / "tokens.npy").read_bytes() == tokens


def test_preparing_again_after_an_interruption(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its last file, a run isn't taken for finished."""
    work = tmp_path / "work"
    prepare(corpus, work, 300, seed=1)
    tokens = (work / "tokens.npy").read_bytes()
    (work / "data.json").unlink()
    (work / "tokens.npy").write_bytes(b"half")
    prepare(corpus, work, 300, seed=1)
    assert (work / "tokens.npy").read_bytes() == tokens


def test_a_folder_prepared_otherwise(corpus: Path, tmp_path: Path) -> None:
    prepare(corpus, tmp_path / "work", 300, seed=1)
    with pytest.raises(ValueError, match="another folder"):
        prepare(corpus, tmp_path / "work", 300, seed=2)
    corpus.write_bytes(lzma.compress(b"something else\f"))
    with pytest.raises(ValueError, match="another corpus"):
        prepare(corpus, tmp_path / "work", 300, seed=1)
