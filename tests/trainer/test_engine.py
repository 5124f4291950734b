from __future__ import annotations

import json
import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.bases import gpt2
from trainer.base import Base, load_base
from trainer.basenames import BUNDLED
from trainer.batch import PLAIN
from trainer.blocklist import BlockedPrompt
from trainer.cancelled import Cancelled
from trainer.engine import Cache, Engine, Limits, Listener, NotLoaded, QueueFull, Resident, WrongBase
from trainer.finetune import finetune
from trainer.lane import Row
from trainer.manifest import DamagedPersona, checksums, read_manifest, write_manifest
from trainer.pretrain.tokenizer import as_transformers, train_tokenizer
from trainer.protocol import BlocklistOptions, Generated, GenerateRequest, Hyperparameters
from trainer.quotes import Quotes
from trainer.speaker import Speaker, load_speaker
from trainer.vocabulary import line_ends

from .helpers import POSTS, BaseFolders, Personas, decode, plain_engine, train_request

REQUEST = GenerateRequest(id=7, key="pip", prompt="the lamp", n=3, max_tokens=20, seed=1)


def ask(prompt: str = "the lamp", key: str = "pip", n: int = 1, max_tokens: int = 20, seed: int = 1) -> GenerateRequest:
    return GenerateRequest(id=7, key=key, prompt=prompt, n=n, max_tokens=max_tokens, seed=seed)


@pytest.fixture
def engine(speaker: Speaker, persona: Path) -> Engine:
    engine = Engine(speaker)
    assert engine.load("pip", persona) > 0
    return engine


@pytest.fixture(scope="module")
def bundled() -> Engine:
    """With the bundled base model itself as the persona "pip"."""
    engine = Engine(load_speaker(BUNDLED))
    engine.admit("pip", Resident(PLAIN, engine.speaker.decoder, None, 0))
    return engine


# Personas


def test_a_persona_that_was_not_loaded(speaker: Speaker) -> None:
    with pytest.raises(NotLoaded, match="pip"):
        Engine(speaker).generate(REQUEST)


def test_an_unloaded_persona_is_gone(engine: Engine) -> None:
    engine.generate(REQUEST)
    engine.unload("pip")
    with pytest.raises(NotLoaded):
        engine.generate(REQUEST)
    engine.unload("pip")  # twice is as good as once


def test_personas_speak_for_themselves(speaker: Speaker, personas: Personas) -> None:
    first, second = personas["gpt2"]
    engine = Engine(speaker)
    engine.load("first", first)
    alone = engine.generate(ask(key="first"))
    engine.load("second", second)
    other = engine.generate(ask(key="second"))
    assert other.samples != alone.samples
    assert engine.generate(ask(key="first")) == alone
    engine.unload("second")
    assert engine.generate(ask(key="first")) == alone


def test_loading_again_replaces(engine: Engine, personas: Personas) -> None:
    before = engine.generate(REQUEST)
    engine.load("pip", personas["gpt2"][1])
    assert engine.generate(REQUEST).samples != before.samples


def test_another_base(other_base_folder: Path, persona: Path) -> None:
    engine = Engine(load_speaker(str(other_base_folder)))
    with pytest.raises(WrongBase, match="trained on the base model"):
        engine.load("pip", persona)


def test_damaged_files_leave_the_resident_ones_alone(engine: Engine, persona: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(persona, tmp_path / "copy")
    path = copy / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:-7])
    before = engine.generate(REQUEST)
    with pytest.raises(DamagedPersona, match="adapter_model"):
        engine.load("pip", copy)
    with pytest.raises(DamagedPersona, match="manifest"):
        engine.load("other", tmp_path / "nowhere")
    assert engine.generate(REQUEST) == before
    with pytest.raises(NotLoaded):
        engine.generate(ask(key="other"))


def test_an_adapter_for_other_layers_is_damaged(
    speaker: Speaker, base: Base, personas: Personas, tmp_path: Path
) -> None:
    copy = shutil.copytree(personas["llama"][0], tmp_path / "copy")
    manifest = read_manifest(copy)
    write_manifest(copy, manifest.model_copy(update={"base": base.record}))
    with pytest.raises(DamagedPersona, match="layer"):
        Engine(speaker).load("pip", copy)


# Personas that are models of their own


OWN = Hyperparameters(method="full", epochs=20, learning_rate=5e-3)


@pytest.fixture(scope="module")
def other_words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base model of GPT-2's shape with fewer tokens, which mean something else."""
    folder = tmp_path_factory.mktemp("bases") / "other words"
    tokenizer = as_transformers(train_tokenizer(POSTS, 300), context=64)
    gpt2(len(tokenizer), context=64).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def foreign(other_words: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole persona, trained on that one."""
    request = train_request(tmp_path_factory.mktemp("foreign"), hyperparameters=OWN)
    finetune(request, load_base(str(other_words)), lambda progress: None)
    return Path(request.out)


@pytest.fixture(scope="module")
def whole(base_folders: BaseFolders, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that was trained on the gpt2 base model."""
    request = train_request(tmp_path_factory.mktemp("whole"), hyperparameters=OWN)
    finetune(request, load_base(str(base_folders["gpt2"])), lambda progress: None)
    return Path(request.out)


def without_tokenizer(folder: Path, to: Path) -> Path:
    """As they were before they had one."""
    shutil.copytree(folder, to)
    files = {name: one for name, one in read_manifest(to).files.items() if not name.startswith("tokenizer")}
    write_manifest(to, read_manifest(to).model_copy(update={"files": files}))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (to / name).unlink()
    return to


def test_a_whole_persona_speaks_alike_beside_any_base_model(
    other_words: Path, foreign: Path, base_folders: BaseFolders, personas: Personas
) -> None:
    """With its own tokenizer, while others say something on the base model."""
    at_home, abroad = Engine(load_speaker(str(other_words))), Engine(load_speaker(str(base_folders["llama"])))
    assert at_home.speaker.vocabulary.encode("the lamp") != abroad.speaker.vocabulary.encode("the lamp")
    requests = [ask("the lamp", n=3), ask("🍲 dear", n=2, seed=4), ask("x" * 200, max_tokens=30)]
    at_home.load("pip", foreign)
    expected = [at_home.generate(request) for request in requests]
    abroad.load("pip", foreign)
    abroad.load("beside", personas["llama"][0])
    alone = abroad.generate(ask(key="beside", n=5))
    found: list[Generated] = []
    for request in (*requests, ask(key="beside", n=5)):
        abroad.submit(request, Listener(found.append))
    while abroad.step():
        pass
    assert all(one in found for one in (*expected, alone))


def test_the_same_tokenizer_is_in_memory_once(
    speaker: Speaker, whole: Path, foreign: Path, base_folders: BaseFolders
) -> None:
    engine = Engine(speaker)
    like_base = engine.make(engine.read(whole))
    assert like_base.vocabulary is speaker.vocabulary
    first = engine.make(engine.read(foreign))
    assert first.vocabulary is not None
    assert first.vocabulary is not speaker.vocabulary
    engine.admit("first", first)
    assert engine.make(engine.read(foreign)).vocabulary is first.vocabulary
    assert first.n_bytes > first.decoder.n_bytes + first.vocabulary.n_bytes


def test_an_older_whole_persona_has_the_base_models_tokenizer(
    speaker: Speaker, whole: Path, base_folders: BaseFolders, tmp_path: Path
) -> None:
    older = without_tokenizer(whole, tmp_path / "older")
    engine = Engine(speaker)
    engine.load("whole", whole)
    engine.load("older", older)
    assert engine.generate(ask(key="older")).samples == engine.generate(ask(key="whole")).samples
    with pytest.raises(WrongBase, match="trained on the base model"):
        Engine(load_speaker(str(base_folders["llama"]))).load("older", older)


def test_a_whole_persona_without_an_end_of_text_is_damaged(speaker: Speaker, whole: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(whole, tmp_path / "copy")
    for name in ("tokenizer_config.json", "config.json"):
        values = json.loads((copy / name).read_text())
        (copy / name).write_text(json.dumps({key: value for key, value in values.items() if "eos" not in key}))
    manifest = read_manifest(copy)
    (copy / "manifest.json").unlink()
    write_manifest(copy, manifest.model_copy(update={"files": checksums(copy)}))
    with pytest.raises(DamagedPersona, match="end-of-text"):
        Engine(speaker).load("pip", copy)


# Texts


def test_samples_begin_with_the_prompt(engine: Engine) -> None:
    generated = engine.generate(REQUEST)
    assert generated.id == 7
    assert len(generated.samples) == 3
    assert all(text.startswith("the lamp") and text != "the lamp" for text in generated.samples)
    assert 3 <= generated.n_tokens <= 60
    assert not generated.cut


def test_the_same_seed_gives_the_same_text(engine: Engine) -> None:
    assert engine.generate(REQUEST) == engine.generate(REQUEST)
    assert engine.generate(REQUEST).samples != engine.generate(ask(n=3, seed=2)).samples
    assert engine.generate(ask(n=1)).samples[0] == engine.generate(REQUEST).samples[0]


@pytest.mark.parametrize("prompt", ["🍲", "👩‍🚒 ❤️ says", "é", "<|endoftext|>", "a <|endoftext|> b", "中文"])
def test_any_prompt_is_kept(engine: Engine, prompt: str) -> None:
    for text in engine.generate(ask(prompt, n=3)).samples:
        assert text.startswith(prompt)
        assert len(text.splitlines()) == 1
        assert "\ufffd" not in text


@pytest.mark.parametrize(("n_prompt", "cut"), [(43, False), (44, True), (1_000, True)])
def test_a_prompt_that_does_not_fit_is_cut_from_the_left(engine: Engine, base: Base, n_prompt: int, cut: bool) -> None:
    """Context 64: one end-of-text token, 20 new tokens, and room for 43 of the prompt."""
    prompt = "a1" * 500
    ids = base.vocabulary.encode(prompt)
    prompt = decode(base, ids[:n_prompt])
    assert len(base.vocabulary.encode(prompt)) == n_prompt
    generated = engine.generate(ask(prompt))
    assert generated.cut is cut
    assert generated.samples[0].startswith(prompt)
    if cut:
        end = decode(base, base.vocabulary.encode(prompt)[-43:])
        assert engine.generate(ask(end)).samples[0] == end + generated.samples[0].removeprefix(prompt)


def test_no_more_tokens_than_half_the_context(engine: Engine) -> None:
    request = GenerateRequest(id=1, key="pip", prompt="x" * 200, max_tokens=1024, temperature=2, top_p=1, n=5)
    generated = engine.generate(request)
    assert generated.n_tokens <= 5 * 32
    assert generated.cut


def test_a_generation_can_be_cancelled(engine: Engine) -> None:
    before = engine.generate(REQUEST)
    with pytest.raises(Cancelled):
        engine.generate(REQUEST, cancelled=lambda: True)
    assert engine.generate(REQUEST) == before


# Blocked words


def forced(monkeypatch: pytest.MonkeyPatch, engine: Engine, texts: list[str]) -> None:
    """Make the persona say the first of the texts; where it has to go on another way, go on with the next one."""
    vocabulary = engine.speaker.vocabulary
    said: list[int] = []
    begin = Row.begin

    def begin_next(row: Row, *arguments: object) -> None:
        begin(row, vocabulary)
        said[:] = [*vocabulary.encode(texts.pop(0)), vocabulary.end_id] if texts else [vocabulary.end_id] * 99

    monkeypatch.setattr(Row, "begin", begin_next)
    monkeypatch.setattr("trainer.lane.choose", lambda logits, samplings, draws: [said.pop(0)])


def streamed(engine: Engine, request: GenerateRequest) -> tuple[str, str]:
    pieces: list[str] = []

    def on_piece(sample: int, text: str, again: bool) -> None:
        if again:
            pieces.clear()
        pieces.append(text)

    generated = engine.generate(request, on_piece)
    return "".join(pieces), "".join(generated.samples)


def test_a_blocked_word_is_never_shown(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    forced(monkeypatch, engine, [" is a shit lamp.", " good old thing."])
    shown, text = streamed(engine, ask(max_tokens=30))
    assert text == "the lamp is a good old thing."
    assert shown == " is a good old thing."


def test_a_blocked_word_at_the_end(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    forced(monkeypatch, engine, [" is shit", " lit."])
    assert streamed(engine, ask(max_tokens=30)) == (" is lit.", "the lamp is lit.")


def test_a_phrase_that_is_blocked_as_a_whole(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first word was shown already: it stays, and something else follows."""
    forced(monkeypatch, engine, [" is a good ship", " tea."])
    request = ask(max_tokens=30).model_copy(update={"blocklist": BlocklistOptions(add=("good ship",))})
    assert streamed(engine, request) == (" is a good tea.", "the lamp is a good tea.")


def test_what_stays_blocked_ends_before_it(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.lane.REWINDS", 1)
    forced(monkeypatch, engine, [" is a shit", "-shit", " lamp."])
    assert streamed(engine, ask(max_tokens=30)) == (" is a", "the lamp is…")


def test_a_blocked_word_at_temperature_0(bundled: Engine) -> None:
    """The likeliest word is the blocked one, every time: another one has to be taken."""
    request = GenerateRequest(id=1, key="pip", prompt="The lamp", max_tokens=20, temperature=0)
    word = bundled.generate(request).samples[0].split()[2]
    blocking = request.model_copy(update={"blocklist": BlocklistOptions(add=(word,))})
    text = bundled.generate(blocking).samples[0]
    assert word not in text.split()
    assert len(text.split()) > 3


def test_a_name_that_only_begins_like_a_blocked_word(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    forced(monkeypatch, engine, [" met Dick Cheney today."])
    assert streamed(engine, ask(max_tokens=40)) == (" met Dick Cheney today.", "the lamp met Dick Cheney today.")


def test_characters_of_several_tokens_survive_a_rewind(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    forced(monkeypatch, engine, [" é 中👩‍🚒 shit", " ❤️ tea."])
    text = " é 中👩‍🚒 ❤️ tea."
    assert streamed(engine, ask(max_tokens=32)) == (text, f"the lamp{text}")


def test_a_line_end_after_a_blocked_word(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    forced(monkeypatch, engine, [" is shit\n", " lit.\n"])
    assert streamed(engine, ask(max_tokens=30)) == (" is lit.", "the lamp is lit.")


def test_a_blocklist_that_is_switched_off(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    forced(monkeypatch, engine, [" is shit."])
    request = ask(max_tokens=30).model_copy(update={"blocklist": BlocklistOptions(enabled=False)})
    assert streamed(engine, request) == (" is shit.", "the lamp is shit.")


def test_a_blocked_prompt_is_refused(engine: Engine) -> None:
    with pytest.raises(BlockedPrompt, match=r"blocklist here \(s…\)\. Put it another way"):
        engine.generate(ask("this shit lamp"))


def test_a_blocklist_changes_nothing_else(engine: Engine) -> None:
    off = REQUEST.model_copy(update={"blocklist": BlocklistOptions(enabled=False)})
    assert engine.generate(off) == engine.generate(REQUEST)


def test_only_the_sample_with_a_blocked_word_changes(bundled: Engine) -> None:
    request = GenerateRequest(id=1, key="pip", prompt="The lamp", n=5, max_tokens=30, seed=1)
    plain = bundled.generate(request).samples
    words = [[word for word in text.split() if word.isalpha() and len(word) > 3] for text in plain]
    number, word = next((i, w) for i in range(1, 5) for w in words[i] if sum(w in text for text in plain) == 1)
    blocking = request.model_copy(update={"blocklist": BlocklistOptions(add=(word,))})
    changed = bundled.generate(blocking).samples
    assert [i for i in range(5) if changed[i] != plain[i]] == [number]
    before = plain[number].split(f" {word}")[0]
    assert changed[number].startswith(before)
    assert word not in changed[number].split()
    assert bundled.generate(blocking).samples == changed
    fewer = blocking.model_copy(update={"n": number + 1})
    assert bundled.generate(fewer).samples == changed[: number + 1]


# Quotes


@pytest.fixture
def quoting(engine: Engine, speaker: Speaker) -> Engine:
    """Its persona has learnt POSTS."""
    engine.admit("pip", Resident(PLAIN, speaker.decoder, Quotes.of(POSTS), 0))
    return engine


def test_a_quote_is_made_anew(quoting: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    forced(monkeypatch, quoting, [" came in, looked around, and left. so", " went out for a biscuit."])
    request = ask("the tide", max_tokens=30)
    assert streamed(quoting, request) == (" went out for a biscuit.", "the tide went out for a biscuit.")


def test_what_is_a_quote_at_every_try_is_not_said(quoting: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    forced(monkeypatch, quoting, [" came in, looked around, and left. so"] * 3)
    generated = quoting.generate(ask("the tide", max_tokens=30))
    assert (generated.samples, generated.quotes) == ((), 1)


def test_quotes_may_be_let_through(quoting: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    forced(monkeypatch, quoting, [" came in, looked around, and left."])
    request = ask("the tide", max_tokens=30).model_copy(update={"quote_tries": 0})
    assert quoting.generate(request).samples == ("the tide came in, looked around, and left.",)


# Streams


@pytest.mark.parametrize("seed", range(8))
def test_pieces_add_up_to_the_text(engine: Engine, seed: int) -> None:
    pieces = ["the lamp"] * 3
    temperature = 0.5 + seed / 2
    request = GenerateRequest(id=1, key="pip", prompt="the lamp", n=3, temperature=temperature, seed=seed)

    def on_piece(sample: int, piece: str, again: bool) -> None:
        assert piece
        pieces[sample] += piece

    generated = engine.generate(request, on_piece)
    for streamed, text in zip(pieces, generated.samples, strict=True):
        assert streamed.startswith(text.removesuffix("…"))


def test_a_post_ends_with_every_token_that_has_a_line_end_in_it(base: Base) -> None:
    """Tokenizers of web text have tokens such as `.\\n` and ` \\n\\n`."""
    tokenizer = base.vocabulary.tokenizer
    tokenizer.add_tokens([".\n", " \n\n", ")\r\n", " the"])
    others = {tokenizer.decode([i]) for i in line_ends(tokenizer)}
    assert others == {"\n", "\r", ".\n", " \n\n", ")\r\n"}
    assert base.end_id in base.vocabulary.line_ends


def test_the_text_before_a_line_end_in_a_token_is_kept(
    engine: Engine, speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends there, by itself."""
    stop = speaker.vocabulary.encode(".")[0]
    engine.speaker = replace(speaker, vocabulary=replace(speaker.vocabulary, line_ends=frozenset({stop})))
    forced(monkeypatch, engine, [". and more"])
    generated = engine.generate(ask("the lamp"))
    assert generated.samples == ("the lamp.",)
    assert (generated.n_tokens, generated.ended) == (1, (True,))


def test_saying_nothing_is_no_answer(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The likeliest token is always the end of the text."""
    end = engine.speaker.vocabulary.end_id
    batch = engine._lane(engine.speaker.decoder, engine.speaker.vocabulary).batch
    read, step = batch.read, batch.step
    monkeypatch.setattr(batch, "read", lambda *arguments: read(*arguments).index_fill(-1, torch.tensor([end]), 99.0))
    monkeypatch.setattr(batch, "step", lambda *arguments: step(*arguments).index_fill(-1, torch.tensor([end]), 99.0))
    generated = engine.generate(ask("the lamp").model_copy(update={"temperature": 0.0}))
    assert generated.n_tokens == 2  # another one, then the end


# Many at once


def test_texts_do_not_depend_on_what_else_is_in_the_batch(speaker: Speaker, personas: Personas) -> None:
    """Every request has the text that it has alone, to the letter, however they join and leave."""
    engine = Engine(speaker, Limits(rows=6))
    for key, folder in zip(("one", "two"), personas["gpt2"], strict=True):
        engine.load(key, folder)
    engine.admit("plain", Resident(PLAIN, speaker.decoder, None, 0))
    rng = random.Random(1)
    requests = [
        GenerateRequest(
            id=i,
            key=rng.choice(["one", "two", "plain"]),
            prompt="the lamp" * rng.randrange(4),
            n=rng.choice([1, 1, 2, 5]),
            max_tokens=rng.randrange(1, 25),
            temperature=rng.choice([0.0, 0.7, 1.5]),
            top_k=rng.choice([0, 10]),
            repetition_penalty=rng.choice([1.0, 1.2]),
            seed=rng.randrange(5),
        )
        for i in range(40)
    ]
    alone = {request.id: engine.generate(request).samples for request in requests}
    found: dict[int, tuple[str, ...]] = {}
    for request in requests:
        engine.submit(request, Listener(lambda generated: found.update({generated.id: generated.samples})))
        for _ in range(rng.randrange(3)):
            engine.step()
    while engine.step():
        pass
    assert found == alone


def test_who_comes_later_does_not_wait_for_the_batch_to_end(engine: Engine) -> None:
    order: list[int] = []
    for request in (ask(max_tokens=30, seed=3), ask(max_tokens=1, seed=4)):
        listener = Listener(lambda generated, seed=request.seed: order.append(seed))  # type: ignore[misc]
        engine.submit(request.model_copy(update={"temperature": 5.0, "top_p": 1.0}), listener)
        engine.step()
    while engine.step():
        pass
    assert order == [4, 3]


def test_a_full_queue(speaker: Speaker, persona: Path) -> None:
    engine = Engine(speaker, Limits(rows=5, queue=2))
    engine.load("pip", persona)
    done: list[Generated] = []
    for _ in range(2):
        engine.submit(REQUEST, Listener(done.append))
    with pytest.raises(QueueFull, match="Try again"):
        engine.submit(REQUEST, Listener(done.append))
    while engine.step():
        pass
    assert len(done) == 2


def test_a_client_that_goes_away_frees_its_rows_at_the_next_step(engine: Engine) -> None:
    gone: list[str] = []
    went = False
    listener = Listener(
        lambda generated: gone.append("finished"), cancelled=lambda: went, gone=lambda: gone.append("x")
    )
    engine.submit(REQUEST.model_copy(update={"temperature": 5.0, "top_p": 1.0}), listener)
    engine.step()
    assert engine.stats().rows == 3
    went = True
    assert not engine.step()
    assert (engine.stats().rows, gone) == (0, ["x"])


def test_an_old_version_goes_on_while_the_new_one_comes(engine: Engine, personas: Personas) -> None:
    before = engine.generate(REQUEST).samples
    found: list[Generated] = []
    engine.submit(REQUEST, Listener(found.append))
    engine.step()
    engine.unload("pip")
    engine.load("pip", personas["gpt2"][1])
    while engine.step():
        pass
    assert found[0].samples == before
    assert engine.generate(REQUEST).samples != before


def test_nothing_leaks_in_ten_thousand_operations(speaker: Speaker, personas: Personas) -> None:
    """Against a set of keys and a count of requests; all rows are free, and nothing is waited for, in the end."""
    engine = Engine(speaker, Limits(rows=7, queue=12))
    residents = [engine.make(engine.read(folder)) for folder in personas["gpt2"]]
    rng = random.Random(1)
    loaded: set[str] = set()
    open_requests: set[int] = set()
    cancelled: set[int] = set()
    answers = {"finished": 0, "gone": 0}

    def end(number: int, how: str) -> None:
        open_requests.remove(number)
        answers[how] += 1

    for number in range(10_000):
        key = f"persona {rng.randrange(12)}"
        match rng.choice(["load", "say", "say", "evict", "step", "step", "cancel"]):
            case "load":
                engine.admit(key, rng.choice(residents))
                loaded.add(key)
            case "evict":
                engine.unload(key)
                loaded.discard(key)
            case "say":
                request = ask("the lamp"[: rng.randrange(9)], key, rng.choice([1, 2, 5]), rng.randrange(1, 6), number)
                listener = Listener(
                    finished=lambda generated, number=number: end(number, "finished"),  # type: ignore[misc]
                    cancelled=lambda number=number: number in cancelled,  # type: ignore[misc]
                    gone=lambda number=number: end(number, "gone"),  # type: ignore[misc]
                )
                if key not in loaded:
                    with pytest.raises(NotLoaded):
                        engine.submit(request, listener)
                elif engine.stats().waiting == 12:
                    with pytest.raises(QueueFull):
                        engine.submit(request, listener)
                else:
                    engine.submit(request, listener)
                    open_requests.add(number)
            case "step":
                engine.step()
            case "cancel":
                cancelled.update(rng.sample(sorted(open_requests), min(1, len(open_requests))))
        assert engine.stats().resident == len(loaded)
    while engine.step():
        pass
    stats = engine.stats()
    assert not open_requests
    assert (stats.rows, stats.waiting, stats.resident) == (0, 0, len(loaded))
    assert stats.requests == answers["finished"] > 500
    assert answers["gone"] > 100


@pytest.mark.parametrize(
    ("n_tokens", "rows", "tokens"), [(10**6, 32, 64), (8 * 64, 8, 64), (5 * 40, 5, 40), (9, 5, 32)]
)
def test_a_smaller_cache_has_fewer_rows_and_then_shorter_ones(
    speaker: Speaker, n_tokens: int, rows: int, tokens: int
) -> None:
    """The context is 64 tokens."""
    a_token = 2 * 2 * 32 * 4  # keys and values, layers, width, bytes
    cache = Cache.of(speaker.decoder, Limits(cache_bytes=n_tokens * a_token))
    assert (cache.rows, cache.tokens, cache.n_bytes) == (rows, tokens, rows * tokens * a_token)


def test_a_prompt_for_a_short_row_is_cut(base: Base) -> None:
    engine = plain_engine(base, limits=Limits(cache_bytes=1))
    generated = engine.generate(GenerateRequest(id=1, key="", prompt="x1" * 40, max_tokens=10, temperature=0))
    assert generated.cut
    assert generated.samples[0].startswith("x1" * 40)
