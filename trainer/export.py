"""A version of a persona → a folder that others load: an adapter for PEFT, or one model for transformers.

What `/say` does goes along as far as they can do it: prompts begin after an end of text (the tokenizer), sampling has
the same settings and ends at a line's end (generation_config.json). Nothing tells of this machine.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from trainer.basefiles import locate
from trainer.basenames import is_on_hub, is_path
from trainer.cancelled import Cancelled
from trainer.engine import check_base
from trainer.layout import ADAPTER, ADAPTER_CONFIG, BASE_FOLDER, CONFIG
from trainer.manifest import Manifest, checksum, public, verify, write_manifest
from trainer.protocol import ExportRequest
from trainer.quotes import QUOTES_FILE
from trainer.shape import read_shape
from trainer.speaker import Speaker, load_speaker
from trainer.vocabulary import TOKENIZER, Vocabulary, read_vocabulary, save_vocabulary
from trainer.weights import n_tokens, read_tensors

BASE_WEIGHTS = ("model.safetensors", "model-*.safetensors", "model.safetensors.index.json")
PRIVATE = {"file", "stored"}  # sources of posts that somebody gave, rather than published
SAY = {"do_sample": True, "temperature": 0.8, "top_p": 0.95, "top_k": 0, "min_new_tokens": 1}  # as it is by default
MAX_TOKENS = 100
CPU = torch.device("cpu")


class NotExported(Exception):
    """It can't be written like this. The message is for the person."""


def export(request: ExportRequest, base_name: str, cancelled: Callable[[], bool] = lambda: False) -> None:
    """Fill `request.out`, a new folder, its record last; what is not finished leaves none.

    Raises DamagedPersona, WrongBase, BaseModelError, NotExported, Cancelled or OSError.
    """
    folder, out = Path(request.folder), Path(request.out)
    manifest = verify(folder)
    write = _write_merged if request.merged else _write_adapter
    with _new_folder(out):
        write(folder, out, manifest, base_name)
        if cancelled():
            raise Cancelled
        _finish(folder, out, manifest)


@contextmanager
def _new_folder(out: Path) -> Iterator[None]:
    """Raises NotExported or OSError."""
    try:
        out.mkdir(parents=True)
    except FileExistsError:
        raise NotExported(f"{out} is there already. Choose another folder, or delete this one first.") from None
    try:
        yield
    except BaseException:
        shutil.rmtree(out, ignore_errors=True)
        raise


def _write_adapter(folder: Path, out: Path, manifest: Manifest, base_name: str) -> None:
    if manifest.is_whole:
        raise NotExported(
            f"@{manifest.persona} is a whole model of its own, so there is no adapter. Export it as a merged model."
        )
    base = load_speaker(base_name, CPU, "bf16")
    check_base(manifest.base, base_name, base.fingerprint)
    shutil.copyfile(folder / ADAPTER, out / ADAPTER)
    save_vocabulary(base.vocabulary, base.decoder.shape.context, out)
    comes_along = not is_on_hub(manifest.base.name)
    config = _read(folder / ADAPTER_CONFIG)
    config["base_model_name_or_path"] = BASE_FOLDER if comes_along else manifest.base.name
    _write(out / ADAPTER_CONFIG, config)
    if comes_along:
        _copy_base(locate(base_name), out / BASE_FOLDER, base)


def _copy_base(folder: Path, out: Path, base: Speaker) -> None:
    out.mkdir()
    for path in (path for pattern in BASE_WEIGHTS for path in folder.glob(pattern)):
        shutil.copyfile(path, out / path.name)
    context = base.decoder.shape.context
    _write(out / CONFIG, _for_others(_read(folder / CONFIG)))
    _write(out / "generation_config.json", _generation(base.vocabulary, context))
    save_vocabulary(base.vocabulary, context, out)


def _write_merged(folder: Path, out: Path, manifest: Manifest, base_name: str) -> None:
    if manifest.is_whole:
        vocabulary = _copy_whole(folder, out, manifest, base_name)
    else:
        from trainer.merging import merge  # PEFT and transformers take seconds to import

        vocabulary = merge(folder, out, manifest.base, base_name)
    context = read_shape(out).context
    save_vocabulary(vocabulary, context, out)
    _write(out / CONFIG, _for_others(_read(out / CONFIG)))
    _write(out / "generation_config.json", _generation(vocabulary, context))


def _copy_whole(folder: Path, out: Path, manifest: Manifest, base_name: str) -> Vocabulary:
    """A persona that is a model already. Older ones have the base model's tokenizer."""
    for name in (name for name in manifest.files if name == CONFIG or name.startswith("model")):
        shutil.copyfile(folder / name, out / name)
    if TOKENIZER in manifest.files:
        return read_vocabulary(folder, n_tokens(read_tensors(folder)))
    base = load_speaker(base_name, CPU, "bf16")
    check_base(manifest.base, base_name, base.fingerprint)
    return base.vocabulary


def _for_others(config: dict[str, Any]) -> dict[str, Any]:
    """Settings of generation that would take precedence are gone; rotary positions also as before transformers 5."""
    kept = {key: value for key, value in config.items() if key not in {"task_specific_params", "_name_or_path"}}
    rope = config.get("rope_parameters") or {}
    if "rope_theta" in rope:
        kept["rope_theta"] = rope["rope_theta"]
    if rope.get("rope_type", "default") != "default":
        kept["rope_scaling"] = {key: value for key, value in rope.items() if key != "rope_theta"}
    return kept


def _generation(vocabulary: Vocabulary, context: int) -> dict[str, Any]:
    """What `/say` does: it ends at the end of text, or of the line, and says something before."""
    end = vocabulary.end_id
    ends = [end, *sorted(vocabulary.line_ends - {end})]
    ids = {"bos_token_id": end, "eos_token_id": ends, "pad_token_id": end}
    return SAY | {"max_new_tokens": min(MAX_TOKENS, context // 2)} | ids


def _finish(folder: Path, out: Path, manifest: Manifest) -> None:
    """The index of quotes, for those who have a use for it, and the record, whose checksums are of these files.

    With the index anybody can find out whether a guess of eight words is in a post: none of private posts goes along.
    """
    given = any(account.source.partition(":")[0] in PRIVATE for account in manifest.corpus.accounts)
    if (folder / QUOTES_FILE).is_file() and not given:
        shutil.copyfile(folder / QUOTES_FILE, out / QUOTES_FILE)
    files = [path for path in sorted(out.iterdir()) if path.is_file()]
    for path in files:
        path.chmod(0o644)  # safetensors makes files for their owner alone
    base = manifest.base.model_copy(update={"name": _shown(manifest.base.name)})
    own = {"base": base, "version_sha256": manifest.sha256, "files": {path.name: checksum(path) for path in files}}
    write_manifest(out, public(manifest).model_copy(update=own))


def _shown(base_name: str) -> str:
    """Not where it lies on this machine; still a path, so that nobody looks for it on a hub."""
    return f"./{Path(base_name).name}" if is_path(base_name) else base_name


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _write(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values) + "\n", encoding="utf-8")
