from __future__ import annotations

from pathlib import Path

import pytest

from tests import builders
from trainer.manifest import MANIFEST, DamagedPersona, checksums, read_manifest, verify, write_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "adapter_config.json").write_text("{}")
    (tmp_path / "adapter_model.safetensors").write_bytes(bytes(range(256)) * 10)
    write_manifest(tmp_path, builders.manifest("pip", files=checksums(tmp_path)))
    return tmp_path


def test_an_untouched_folder_is_whole(folder: Path) -> None:
    manifest = verify(folder)
    assert manifest == read_manifest(folder)
    assert manifest == builders.manifest("pip", files=checksums(folder))
    assert set(manifest.files) == {"adapter_config.json", "adapter_model.safetensors"}


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
