"""The bundled base model against its bars: speed, round trips, what it learns from posts, what it says by itself.

python -m benchmarks.base_model                                 # speed and round trips
python -m benchmarks.base_model --posts berniesanders.jsonl     # and a persona of these posts
python -m benchmarks.base_model --work runs/base                # and held-out bits per byte of a prepared corpus
python -m benchmarks.base_model --samples 20                    # and unselected samples
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

from benchmarks.recipe import read_posts
from benchmarks.report import HEAD, print_report, summary
from trainer.base import Base, load_base
from trainer.basefiles import BUNDLED_FOLDER
from trainer.basenames import BUNDLED
from trainer.batch import PLAIN
from trainer.engine import Engine, Resident
from trainer.evaluation import held_out_nats
from trainer.finetune import tokens_in
from trainer.fit import Hooks, TokenCorpus, fit
from trainer.pretrain.publish import PROMPTS
from trainer.pretrain.score import held_out_bits_per_byte
from trainer.pretrain.tokenizer import decode_bytes, encode_bytes
from trainer.protocol import BlocklistOptions, GenerateRequest, Hyperparameters
from trainer.recipe import Recipe, choose_recipe
from trainer.speaker import load_speaker
from trainer.start import trainee_of

STRINGS = 100_000
HELD_OUT_POSTS = 300
NEW_TOKENS = 128
# From random weights everything is trained: as in the first measurement that the bars were set by, and the best of
# those tried.
FIRST = {"5 passes at 7e-4": Recipe("full", epochs=5, learning_rate=7e-4, lora_rank=0, row_tokens=192, rows=16, seed=1)}
STRONG = {
    "8 passes at 1.5e-3": Recipe("full", epochs=8, learning_rate=1.5e-3, lora_rank=0, row_tokens=256, rows=8, seed=1)
}


def timed(function: Callable[[], object]) -> float:
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def first_token() -> None:
    """What the serve worker does from its weights' file to its first token."""
    plain_engine().generate(GenerateRequest(id=0, key="", prompt=PROMPTS[0], max_tokens=1))


def plain_engine() -> Engine:
    """With the base model itself, as a persona with the key ""."""
    engine = Engine(load_speaker(BUNDLED))
    engine.admit("", Resident(PLAIN, engine.speaker.decoder, None, 0))
    return engine


def decode_speed(dtype: torch.dtype) -> float:
    """Tokens per second of plain `generate`, batch 1."""
    model = AutoModelForCausalLM.from_pretrained(BUNDLED_FOLDER, dtype=dtype).eval()
    prompt = torch.tensor([[0, 100, 200, 300]])

    def run() -> None:
        model.generate(prompt, max_new_tokens=NEW_TOKENS, min_new_tokens=NEW_TOKENS, do_sample=True)

    run()
    return NEW_TOKENS / timed(run)


def round_trips(base: Base) -> tuple[int, int]:
    """How many random Unicode strings and byte strings don't come back exactly."""
    tokenizer = base.vocabulary.tokenizer
    rng = random.Random(1)
    wrong_texts = wrong_bytes = 0
    for _ in range(STRINGS):
        text = "".join(map(random_character, [rng] * rng.randrange(40)))
        wrong_texts += tokenizer.decode(base.vocabulary.encode(text)) != text
        data = rng.randbytes(rng.randrange(60))
        wrong_bytes += decode_bytes(tokenizer, encode_bytes(tokenizer, data)) != data
    return wrong_texts, wrong_bytes


def random_character(rng: random.Random) -> str:
    """Half of them ASCII or emoji; no surrogates, which no UTF-8 has."""
    if rng.random() < 0.5:
        return rng.choice("abcXYZ 019@#_.,\n\t\U0001f602\U0001f469\u200d\U0001f692\u2764\ufe0f\u2019")
    code = rng.randrange(0x110000 - 0x800)
    return chr(code if code < 0xD800 else code + 0x800)


def persona_bits(file: Path, scratches: Sequence[Recipe]) -> list[float]:
    """Bits per byte of held-out posts: of the base as it is, of its persona, and of the same shape from random weights.

    Each at its best epoch on these posts; the last for each of `scratches`.
    """
    posts = list(dict.fromkeys(read_posts(file)))
    if len(posts) < 2 * HELD_OUT_POSTS:
        raise SystemExit(f"{file} has {len(posts)} different posts; {HELD_OUT_POSTS} are held out: take a longer file")
    random.Random(1).shuffle(posts)
    base = load_base(BUNDLED, torch.device("cpu"))
    corpus = TokenCorpus(
        train=[base.vocabulary.encode(text) for text in posts[HELD_OUT_POSTS:]],
        held_out=[base.vocabulary.encode(text) for text in posts[:HELD_OUT_POSTS]],
        held_out_bytes=sum(len(text.encode()) for text in posts[:HELD_OUT_POSTS]),
    )
    zero = held_out_nats(base.model, corpus.held_out, base.end_id, base.context)
    recipe = choose_recipe(Hyperparameters(), base.size, corpus.n_tokens)
    scratch = replace(base, model=AutoModelForCausalLM.from_config(base.model.config))
    runs = [(base, recipe), *((scratch, recipe) for recipe in scratches)]
    return [corpus.bits_per_byte(nats) for nats in [zero, *(best_nats(base, corpus, recipe) for base, recipe in runs)]]


def best_nats(base: Base, corpus: TokenCorpus, recipe: Recipe) -> float:
    torch.manual_seed(recipe.seed)
    with trainee_of(base, recipe, tokens_in(corpus, base)) as trainee:
        curve = fit(trainee, corpus, base.end_id, recipe, Hooks())
    return curve.points[curve.best].held_out_nats


def print_samples(n: int) -> None:
    """One seed after the other, none left out, no blocklist."""
    engine = plain_engine()
    for prompt in PROMPTS:
        print(f"\n{prompt}")
        for seed in range(n):
            request = GenerateRequest(
                id=0, key="", prompt=prompt, seed=seed, temperature=0.8, blocklist=BlocklistOptions(enabled=False)
            )
            print(f"  {seed:3} {engine.generate(request).samples[0]}")


def row(name: str, value: str, unit: str, target: str) -> tuple[str, ...]:
    return (name, "1", "", value, "", unit, target)


def speed_rows(runs: int) -> list[tuple[str, ...]]:
    wrong_texts, wrong_bytes = round_trips(load_base(BUNDLED))
    return [
        summary("load from disk to first token", [timed(first_token) for _ in range(runs)], "s", "≤ 1.5"),
        summary("generate, batch 1, fp32", [decode_speed(torch.float32) for _ in range(runs)], "tokens/s", "≥ 150"),
        summary("generate, batch 1, bf16", [decode_speed(torch.bfloat16) for _ in range(runs)], "tokens/s", "≥ 150"),
        row(f"of {STRINGS:,} Unicode strings wrong", str(wrong_texts), "", "0"),
        row(f"of {STRINGS:,} byte strings wrong", str(wrong_bytes), "", "0"),
    ]


def persona_rows(file: Path, scratches: dict[str, Recipe]) -> list[tuple[str, ...]]:
    zero, persona, *scratch = persona_bits(file, list(scratches.values()))
    rows = [
        row(f"{file.stem}: the base as it is", f"{zero:.3f}", "bits/byte", ""),
        row(f"{file.stem}: persona", f"{persona:.3f}", "bits/byte", ""),
    ]
    for name, bits in zip(scratches, scratch, strict=True):
        rows.append(row(f"{file.stem}: from random weights, {name}", f"{bits:.3f}", "bits/byte", ""))
        rows.append(row(f"{file.stem}: persona lower by", f"{100 * (1 - persona / bits):.1f}", "%", ""))
    return rows


def held_out_rows(work: Path) -> list[tuple[str, ...]]:
    base = load_base(BUNDLED)
    if Tokenizer.from_file(str(work / "tokenizer.json")).get_vocab() != base.vocabulary.tokenizer.get_vocab():
        raise SystemExit(f"{work} was prepared with another tokenizer than the bundled base model's")
    scores = held_out_bits_per_byte(base.model, work)
    return [row(f"held out: {kind}", f"{bits:.3f}", "bits/byte", "") for kind, bits in scores.items()]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--posts", type=Path, nargs="*", default=[], help="JSON Lines files, a persona each")
    parser.add_argument("--strong", action="store_true", help="with --posts: random weights' best recipe as well")
    parser.add_argument("--work", type=Path, help="the folder that trainer.pretrain prepared")
    parser.add_argument("--samples", type=int, default=0, help="how many to print for each of three prompts")
    args = parser.parse_args(arguments)
    rows = [HEAD, *speed_rows(args.runs)]
    for file in args.posts:
        rows += persona_rows(file, {**FIRST, **(STRONG if args.strong else {})})
    if args.work:
        rows += held_out_rows(args.work)
    print_report("The bundled base model", rows)
    if args.samples:
        print_samples(args.samples)


if __name__ == "__main__":
    main()
