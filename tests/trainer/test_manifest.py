from __future__ import annotations

from pathlib import Path

import pytest

from trainer.manifest import (
    MANIFEST,
    BaseRecord,
    CorpusRecord,
    DamagedPersona,
    Manifest,
    RunRecord,
    checksums,
    read_manifest,
    verify,
    write_manifest,
)

from .helpers import COUNTS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "adapter_config.json").write_text("{}")
    (tmp_path / "adapter_model.safetensors").write_bytes(bytes(range(256)) * 10)
    write_manifest(tmp_path, manifest_of(tmp_path))
    return tmp_path


def manifest_of(folder: Path) -> Manifest:
    return Manifest(
        persona="pip",
        base=BaseRecord(name="bundled", fingerprint="f" * 64, parameters=10),
        corpus=CorpusRecord(accounts=(COUNTS,), duplicates=1, train_posts=9, held_out_posts=1, train_tokens=90),
        run=RunRecord(
            method="lora",
            epochs=2,
            learning_rate=1e-3,
            lora_rank=4,
            token_rows=7,
            batch_tokens=256,
            seed=1,
            train_loss=(2.5, 1.5),
            held_out_loss=(2.6, 1.6),
            best_epoch=2,
            bits_per_byte_before=2.0,
            bits_per_byte=1.5,
            seconds=1.0,
            tokens_per_second=180.0,
            device="cpu",
        ),
        sample="My dream is 🍲",
        versions={"python": "3.11"},
        files=checksums(folder),
    )


def test_an_untouched_folder_is_whole(folder: Path) -> None:
    manifest = verify(folder)
    assert manifest == read_manifest(folder)
    assert manifest.model_dump() == manifest_of(folder).model_dump() | {"created_at": manifest.created_at}
    assert set(manifest.files) == {"adapter_config.json", "adapter_model.safetensors"}
    assert manifest.created_at.tzinfo is not None


def test_a_changed_byte_is_found(folder: Path) -> None:
    path = folder / "adapter_model.safetensors"
    data = bytearray(path.read_bytes())
    data[1_000] ^= 1
    path.write_bytes(data)
    with pytest.raises(DamagedPersona, match=r"adapter_model\.safetensors has changed"):
        verify(folder)


def test_a_truncated_file_is_found(folder: Path) -> None:
    path = folder / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DamagedPersona, match=r"adapter_model\.safetensors has changed"):
        verify(folder)


def test_a_missing_file_is_found(folder: Path) -> None:
    (folder / "adapter_config.json").unlink()
    with pytest.raises(DamagedPersona, match=r"adapter_config\.json is missing"):
        verify(folder)


def test_a_folder_without_a_manifest_is_no_persona(folder: Path) -> None:
    (folder / MANIFEST).unlink()
    with pytest.raises(DamagedPersona, match=r"manifest\.json is missing"):
        verify(folder)
    with pytest.raises(DamagedPersona, match=r"manifest\.json is missing"):
        verify(folder / "nowhere")


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff\xfe", b'{"format": 1, "persona": '])
def test_a_garbled_manifest_is_found(folder: Path, content: bytes) -> None:
    (folder / MANIFEST).write_bytes(content)
    with pytest.raises(DamagedPersona, match="not a manifest"):
        verify(folder)


def test_a_manifest_cut_short_anywhere_is_found(folder: Path) -> None:
    whole = (folder / MANIFEST).read_bytes().rstrip()
    for length in range(0, len(whole), 50):
        (folder / MANIFEST).write_bytes(whole[:length])
        with pytest.raises(DamagedPersona):
            verify(folder)
