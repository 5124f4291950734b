"""A model that somebody has published → a persona's folder.

It is a persona that Mynah has published, as an adapter or as a model of its own, or a model of another kind: a whole
one of GPT-2's or Llama's shape, such as huggingtweets', or a LoRA adapter on the base model that is here. Nothing that
comes with it is run. Only the files that are needed are read; what is kept is checked, or written anew, so that a
persona's folder is as a training leaves it.
"""

from __future__ import annotations

from pathlib import Path

import torch

from trainer.adopt_adapter import base_of, check_adapter, convert_adapter, copy_adapter, has_adapter
from trainer.adopt_files import weight_files
from trainer.adopt_record import as_foreign, as_own, base_name, copy_quotes, own_record
from trainer.adopt_tokenizer import adopt_tokenizer
from trainer.adopt_weights import adopt_weights
from trainer.basefiles import BaseModelError
from trainer.basenames import BUNDLED, is_path
from trainer.batch import PLAIN
from trainer.engine import Engine, Limits, Resident
from trainer.finetune import first_sample, versions, whole_or_gone
from trainer.foreign import ASK, Refused, first_line
from trainer.layout import ADAPTER_FOLDER
from trainer.manifest import MANIFEST, BaseRecord, DamagedPersona, Manifest, read_manifest, write_manifest
from trainer.protocol import Adopted, AdoptRequest
from trainer.quotes import read_quotes
from trainer.speaker import Speaker, load_speaker

__all__ = ["Refused", "adopt"]

CPU = torch.device("cpu")  # a GPU is for those who speak and train
NOTHING = (
    "There is nothing in it that a persona can be made of: no whole model (config.json with model.safetensors or "
    "pytorch_model.bin), and no adapter (adapter_config.json with adapter_model.safetensors). Is its name right?"
)


def adopt(request: AdoptRequest, base_model: str) -> Adopted:
    """Make a persona, in `request.out`, of what lies in `request.folder`.

    Raises Refused, BaseModelError or OSError.
    """
    out = Path(request.out)
    out.mkdir(parents=True)
    try:
        with whole_or_gone(out):
            write_manifest(out, _adopted(request, out, base_model))
            manifest = read_manifest(out)  # JSON has no infinite numbers, which a stranger's record may have
    except DamagedPersona as error:
        raise Refused(f"It isn't as it was published: {error}. Pull it again. {ASK}") from error
    return Adopted(id=request.id, n_bytes=manifest.n_bytes)


def _adopted(request: AdoptRequest, out: Path, base_model: str) -> Manifest:
    """An adapter of Mynah's that fits, else a whole model, else an adapter of others."""
    folder = Path(request.folder)
    adapter = next((place for place in (folder, folder / ADAPTER_FOLDER) if has_adapter(place)), None)
    record = own_record(adapter, whole=False) if adapter else None
    whole = bool(weight_files(folder))
    if adapter and record:
        speaker = load_speaker(base_model, CPU)
        if record.base.fingerprint == speaker.fingerprint:
            return _own_adapter(request, adapter, out, base_model, speaker, record)
        if not whole:
            raise _other_base(_base_of(adapter, record), base_model)
    if whole:
        return _whole(request, folder, out)
    if adapter:
        return _others_adapter(request, adapter, out, base_model)
    raise Refused(NOTHING)


def _own_adapter(
    request: AdoptRequest, folder: Path, out: Path, base_model: str, speaker: Speaker, record: Manifest
) -> Manifest:
    copy_adapter(folder, out)
    copy_quotes(folder, out)
    rank = check_adapter(out, speaker.decoder)
    if record.run and (record.run.method, record.run.lora_rank) != ("lora", rank):  # a refresh goes by it
        raise Refused(f"Its {MANIFEST} is another adapter's. {ASK}")
    here = record.model_copy(
        update={"base": _base(base_model, speaker)}
    )  # by its weights, whatever its record calls it
    return as_own(here, request, _sample_of_adapter(request, out, speaker, record), out)


def _others_adapter(request: AdoptRequest, folder: Path, out: Path, base_model: str) -> Manifest:
    named = base_of(folder)
    if named != base_model:
        raise _other_base(named, base_model)
    convert_adapter(folder, out)
    speaker = load_speaker(base_model, CPU)
    check_adapter(out, speaker.decoder)
    sample = _sample_of_adapter(request, out, speaker)
    return as_foreign(_base(base_model, speaker), request, sample, out, versions())


def _whole(request: AdoptRequest, folder: Path, out: Path) -> Manifest:
    record = own_record(folder, whole=True)
    rows, context = adopt_weights(folder, out)
    adopt_tokenizer(folder, out, rows, context)
    if record:
        copy_quotes(folder, out)
    try:
        speaker = load_speaker(str(out), CPU)
    except BaseModelError as error:
        raise Refused(f"It can't be run here: {first_line(error.__cause__ or error)}. {ASK}") from error
    engine = Engine(speaker, Limits(rows=1))
    engine.admit("", Resident(PLAIN, speaker.decoder, read_quotes(out), 0))
    sample = _sample(request, engine, record)
    if record:
        return as_own(record, request, sample, out)
    return as_foreign(_base(base_name(folder), speaker), request, sample, out, versions())


def _base(name: str, speaker: Speaker) -> BaseRecord:
    return BaseRecord(name=name, fingerprint=speaker.fingerprint, parameters=speaker.decoder.parameters)


def _sample_of_adapter(request: AdoptRequest, out: Path, speaker: Speaker, record: Manifest | None = None) -> str:
    engine = Engine(speaker, Limits(rows=1))
    engine.admit("", engine.make(engine.read_unverified(out, full=False)))
    return _sample(request, engine, record)


def _sample(request: AdoptRequest, engine: Engine, record: Manifest | None) -> str:
    """What it says here, whatever its record says that it says. Raises Refused."""
    seed = record.run.seed if record and record.run else 1
    try:
        return first_sample(engine, seed, request.blocklist, lambda: False)
    except Exception as error:  # whatever comes of numbers that are no model's
        raise Refused(f"It says nothing when it is asked: {first_line(error)}. {ASK}") from error


def _base_of(folder: Path, record: Manifest) -> str:
    """As it can be set; "" for one that only who has published it has."""
    return record.base.name if record.base.name in (BUNDLED, base_of(folder)) else ""


def _other_base(named: str, base_model: str) -> Refused:
    if named == base_model:
        return Refused(
            f'It is an adapter on another version of the base model "{named}" than the one here. Update Mynah, or ask '
            "who has published it for a merged model."
        )
    if not named or is_path(named):
        return Refused(
            "It is an adapter, and only who has published it knows on which base model. Ask them for a merged model."
        )
    return Refused(
        f'It is an adapter on the base model "{named}", and the one here is "{base_model}". Set base_model = "{named}" '
        "and pull it again, or ask who has published it for a merged model."
    )
