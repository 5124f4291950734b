"""finetune(request, base, report) → a persona's files.

Posts → tokens → packed rows → a PEFT adapter (LoRA on all linear layers, and the embedding rows of the tokens that
occur: docs/measurements.md says why) → held-out loss after every epoch, best weights kept → files, manifest last.
"""

from __future__ import annotations

import importlib.metadata
import json
import math
import platform
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file

from trainer.base import Base
from trainer.blocklist import BlockedPrompt
from trainer.engine import continue_prompt, line_end_ids
from trainer.fit import Curve, fit, held_out_nats
from trainer.manifest import CorpusRecord, Manifest, RunRecord, checksums, write_manifest
from trainer.protocol import BlocklistOptions, GenerateRequest, Progress, Trained, TrainRequest
from trainer.recipe import Recipe, choose_recipe

FIRST_PROMPT = "My dream is"  # the example prompt of the cards
Report = Callable[[Progress], None]


@dataclass(frozen=True)
class TokenCorpus:
    """Posts as token ids, without end-of-text tokens; `held_out_bytes` counts their UTF-8."""

    train: list[list[int]]
    held_out: list[list[int]]
    held_out_bytes: int
    duplicates: int

    @property
    def n_tokens(self) -> int:
        return sum(len(ids) + 1 for ids in self.train)


def finetune(
    request: TrainRequest, base: Base, report: Report, cancelled: Callable[[], bool] = lambda: False
) -> Trained:
    """Train and write a persona into `request.out`; `base` is left as it was. Raises sampling.Cancelled or OSError."""
    began = time.monotonic()
    corpus = read_corpus(Path(request.corpus), base)
    recipe = choose_recipe(request.hyperparameters, base.parameters, base.context, corpus.n_tokens)
    torch.manual_seed(recipe.seed % 2**63)
    before = held_out_nats(base.model, corpus.held_out, base.end_id, base.context)
    token_ids = sorted({base.end_id}.union(*corpus.train))
    model = adapt(base, recipe, token_ids)
    out = Path(request.out)
    try:
        curve = fit(base, corpus.train, corpus.held_out, recipe, _with_id(report, request.id), cancelled)
        report(Progress(id=request.id, stage="check"))
        sample = first_sample(base, recipe.seed, request.blocklist, cancelled)
        save_adapter(model, out)
    finally:
        model.unload()
        base.model.eval().requires_grad_(False)
    run = _run_record(recipe, corpus, curve, before, len(token_ids), time.monotonic() - began, base.device.type)
    write_manifest(out, _manifest(request, base, corpus, run, sample, out))
    return Trained(id=request.id, n_bytes=sum(path.stat().st_size for path in out.iterdir()))


def read_corpus(path: Path, base: Base) -> TokenCorpus:
    corpus = json.loads(path.read_text(encoding="utf-8"))
    return TokenCorpus(
        train=[base.encode(text) for text in corpus["train"]],
        held_out=[base.encode(text) for text in corpus["held_out"]],
        held_out_bytes=sum(len(text.encode()) for text in corpus["held_out"]),
        duplicates=corpus["duplicates"],
    )


def adapt(base: Base, recipe: Recipe, token_ids: list[int]) -> PeftModel:
    """PEFT's wrapper around the base model, whose layers it changes in place until `unload`."""
    embedding = base.model.get_input_embeddings()
    name = next(name for name, layer in base.model.named_modules() if layer is embedding)
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=recipe.lora_rank,
        lora_alpha=recipe.lora_rank,
        target_modules="all-linear",
        trainable_token_indices={name.rpartition(".")[2]: token_ids},
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="fan_in_fan_out")  # PEFT sets it itself for GPT-2's Conv1D
        return get_peft_model(base.model, config)


def first_sample(base: Base, seed: int, words: BlocklistOptions, cancelled: Callable[[], bool]) -> str:
    request = GenerateRequest(id=0, key="", prompt=FIRST_PROMPT, seed=seed, blocklist=words)
    base.model.eval()
    try:
        return continue_prompt(base, request, line_end_ids(base), cancelled=cancelled).samples[0]
    except BlockedPrompt:  # the operator has blocked a word of ours
        return ""


def save_adapter(model: PeftModel, out: Path) -> None:
    """PEFT's two files, tensors in bf16, the same bytes for the same persona."""
    model.save_pretrained(str(out), save_embedding_layers=False)
    (out / "README.md").unlink(missing_ok=True)
    path = out / "adapter_model.safetensors"
    halves = {name: tensor.to(torch.bfloat16).contiguous() for name, tensor in load_file(path).items()}
    save_file(halves, path, metadata={"format": "pt"})
    config = json.loads((out / "adapter_config.json").read_text(encoding="utf-8"))
    config["target_modules"].sort()  # PEFT writes a set
    (out / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _with_id(report: Report, request_id: int) -> Report:
    return lambda progress: report(progress.model_copy(update={"id": request_id}))


def _run_record(
    recipe: Recipe, corpus: TokenCorpus, curve: Curve, before: float, n_rows: int, seconds: float, device: str
) -> RunRecord:
    bits_per_nat = 1 / (math.log(2) * max(1, corpus.held_out_bytes))
    n_held_out = max(1, sum(len(ids) + 1 for ids in corpus.held_out))
    return RunRecord(
        method="lora",
        epochs=recipe.epochs,
        learning_rate=recipe.learning_rate,
        lora_rank=recipe.lora_rank,
        token_rows=n_rows,
        batch_tokens=recipe.rows * recipe.row_tokens,
        seed=recipe.seed,
        train_loss=curve.train_loss,
        held_out_loss=tuple(nats / n_held_out for nats in curve.held_out_nats),
        best_epoch=curve.best_epoch,
        bits_per_byte_before=before * bits_per_nat,
        bits_per_byte=curve.held_out_nats[curve.best_epoch - 1] * bits_per_nat,
        seconds=round(seconds, 2),
        tokens_per_second=round(corpus.n_tokens * len(curve.train_loss) / seconds, 1),
        device=device,
    )


def _manifest(
    request: TrainRequest, base: Base, corpus: TokenCorpus, run: RunRecord, sample: str, out: Path
) -> Manifest:
    return Manifest(
        persona=request.persona,
        base=base.record,
        corpus=CorpusRecord(
            accounts=request.accounts,
            duplicates=corpus.duplicates,
            train_posts=len(corpus.train),
            held_out_posts=len(corpus.held_out),
            train_tokens=corpus.n_tokens,
        ),
        run=run,
        sample=sample,
        versions=versions(),
        files=checksums(out),
    )


def versions() -> dict[str, str]:
    """What the persona was made with."""
    packages = ("mynah", "torch", "transformers", "peft", "tokenizers", "safetensors")
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in packages}
