"""Going on from a version before."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.builders import run_of
from trainer.base import Base, load_base
from trainer.engine import Engine
from trainer.evaluation import held_out_nats
from trainer.finetune import finetune
from trainer.manifest import Manifest, verify, write_manifest
from trainer.protocol import Hyperparameters, Method, Origin, Refresh
from trainer.recipe import choose_recipe
from trainer.speaker import load_speaker
from trainer.start import NotBetter, find_start, trainee_of

from .helpers import HELD_OUT, POSTS, tokens_of, train_request

NEWS = ["zebras 🦓 have come to the lighthouse, gerald.", "the zebras drink the tea. i count the zebras."] * 4
RATES: dict[Method, float] = {"lora": 4e-3, "full": 5e-3}


def trained(folder: Path, base: Base, method: Method = "lora", epochs: int = 4) -> Path:
    wished = Hyperparameters(method=method, epochs=epochs, lora_rank=4, learning_rate=RATES[method])
    request = train_request(folder, hyperparameters=wished)
    finetune(request, base, lambda event: None)
    return Path(request.out)


def refreshed(folder: Path, base: Base, start: Path, posts: list[str], **wished: object) -> Manifest:
    request = train_request(folder, posts, HELD_OUT, Hyperparameters.model_validate({"lora_rank": 9, **wished}))
    request = request.model_copy(update={"refresh": refresh(start)})
    finetune(request, base, lambda event: None)
    return verify(Path(request.out))


def refresh(folder: Path) -> Refresh:
    return Refresh(folder=str(folder), version=3, new_posts=2)


@pytest.mark.parametrize("method", ["lora", "full"])
def test_it_begins_as_good_as_the_version_before(any_base: Base, tmp_path: Path, method: Method) -> None:
    """Also when new tokens have come."""
    folder = trained(tmp_path, any_base, method)
    start = find_start(refresh(folder), any_base, Hyperparameters(method=method))
    assert start is not None
    posts = [any_base.vocabulary.encode(text) for text in HELD_OUT]
    recipe = choose_recipe(Hyperparameters(method=method, lora_rank=4), any_base.size, 1_000)
    tokens = tokens_of(any_base, [*POSTS, *NEWS])
    with trainee_of(any_base, recipe, tokens, start) as trainee:
        found = held_out_nats(trainee.model, posts, any_base.end_id, any_base.context)
    expected = run_of(verify(folder))
    assert found / sum(len(ids) + 1 for ids in posts) == pytest.approx(
        min(point.held_out_loss for point in expected.curve), rel=0.01
    )


def test_a_version_keeps_its_token_rows(base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when a new persona of this base model wouldn't have any."""
    folder = trained(tmp_path / "before", base)
    monkeypatch.setattr("trainer.recipe.SMALL_EMBEDDING", 0)
    origin = Origin(repo="nest/pip", revision="c0ffee")
    write_manifest(folder, verify(folder).model_copy(update={"origin": origin}))
    manifest = refreshed(tmp_path / "after", base, folder, POSTS + NEWS)
    assert manifest.refresh is not None
    assert (manifest.refresh.origin, manifest.origin) == (origin, None)
    assert manifest.refresh.bits_per_byte == pytest.approx(run_of(verify(folder)).bits_per_byte, rel=0.01)
    assert run_of(manifest).token_rows == base.vocabulary.tokenizer.get_vocab_size()


@pytest.mark.parametrize("method", ["lora", "full"])
def test_it_learns_what_is_new_and_says_what_changed(base: Base, tmp_path: Path, method: Method) -> None:
    folder = trained(tmp_path / "before", base, method, epochs=2)
    before = run_of(verify(folder))
    manifest = refreshed(
        tmp_path / "after", base, folder, POSTS * 3 + NEWS, method=method, learning_rate=RATES[method], epochs=4
    )
    assert manifest.refresh is not None
    assert (manifest.refresh.version, manifest.refresh.new_posts) == (3, 2)
    assert manifest.refresh.bits_per_byte == pytest.approx(before.bits_per_byte, rel=0.01)
    assert run_of(manifest).bits_per_byte < manifest.refresh.bits_per_byte
    assert run_of(manifest).lora_rank == before.lora_rank
    assert Engine(load_speaker(base.name)).load("pip", tmp_path / "after" / "persona") > 0


def test_what_would_be_worse_is_not_written(base: Base, tmp_path: Path) -> None:
    folder = trained(tmp_path / "before", base, epochs=12)
    request = train_request(tmp_path / "after", NEWS, HELD_OUT, Hyperparameters(epochs=1, learning_rate=0.5))
    request = request.model_copy(update={"refresh": refresh(folder)})
    with pytest.raises(NotBetter) as raised:
        finetune(request, base, lambda event: None)
    assert not Path(request.out).exists()
    for part in ("@pip stays as it is (version 3)", "2 new posts", "--fresh"):
        assert part in str(raised.value)
    verify(folder)


def test_a_version_of_another_base_or_method_or_a_damaged_one_is_not_gone_on_from(
    base: Base, other_base_folder: Path, tmp_path: Path
) -> None:
    folder = trained(tmp_path, base)
    assert find_start(None, base, Hyperparameters()) is None
    assert find_start(refresh(folder), base, Hyperparameters()) is not None
    assert find_start(refresh(folder), base, Hyperparameters(method="full")) is None
    assert find_start(refresh(folder), load_base(str(other_base_folder)), Hyperparameters()) is None
    assert find_start(refresh(folder), base, Hyperparameters(seed=2)) is None  # it has learnt what is held out now
    (folder / "adapter_model.safetensors").write_bytes(b"")
    assert find_start(refresh(folder), base, Hyperparameters()) is None
    shutil.rmtree(folder)
    assert find_start(refresh(folder), base, Hyperparameters()) is None
    manifest = refreshed(tmp_path / "next", base, folder, POSTS, epochs=1)
    assert manifest.refresh is None
    assert run_of(manifest).lora_rank == 9
