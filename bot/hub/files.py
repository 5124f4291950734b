"""Which of a repository's files are a persona's. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from trainer.layout import ADAPTER_FOLDER, BASE_FOLDER, PICTURES_FOLDER

ADAPTER = f"{ADAPTER_FOLDER}/"
OWN_FOLDERS = (ADAPTER, f"{BASE_FOLDER}/", f"{PICTURES_FOLDER}/")  # nobody but us puts anything there
SHARD = r"(-\d{5}-of-\d{5})?"
SAFE = re.compile(rf"(model|adapter_model){SHARD}\.safetensors")
PICKLED = re.compile(rf"pytorch_model{SHARD}\.bin|adapter_model\.bin")
OTHERS = re.compile(r"README\.md|quotes\.safetensors|merges\.txt|\w[\w.-]*\.json", re.ASCII)


def wanted(names: Iterable[str]) -> tuple[str, ...]:
    """What a persona can be made of: model, tokenizer and card at the root or in `adapter/`, no other formats.

    Pickled weights only where there are no safetensors.
    """
    found = sorted(name for name in names if _is_ours(name))
    safe = {_folder(name) for name in found if SAFE.fullmatch(_file(name))}
    return tuple(name for name in found if not (PICKLED.fullmatch(_file(name)) and _folder(name) in safe))


def is_model(names: Collection[str]) -> bool:
    """Whether there are weights and what says how to read them, for a model or an adapter."""
    return any(
        f"{_folder(name)}{'adapter_' if _file(name).startswith('adapter') else ''}config.json" in names
        for name in names
        if SAFE.fullmatch(_file(name)) or PICKLED.fullmatch(_file(name))
    )


def stale(there: Iterable[str], ours: Collection[str]) -> list[str]:
    """What an earlier publishing has left: another form's weights would be loaded instead of, or with, the new ones.

    What is of another kind, such as a licence, stays.
    """
    return sorted(name for name in there if name not in ours and (name.startswith(OWN_FOLDERS) or _is_ours(name)))


def _is_ours(name: str) -> bool:
    file = _file(name)
    return _folder(name) in ("", ADAPTER) and any(kind.fullmatch(file) for kind in (SAFE, PICKLED, OTHERS))


def _folder(name: str) -> str:
    """With its slash; "": the root."""
    return name[: name.rfind("/") + 1]


def _file(name: str) -> str:
    return name.rpartition("/")[2]
