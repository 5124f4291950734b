from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.base import Base, load_base
from trainer.basefiles import BUNDLED
from trainer.blocklist import BlockedPrompt
from trainer.cancelled import Cancelled
from trainer.characters import characters_of
from trainer.engine import Engine, NotLoaded, PieceStream, WrongBase, continue_prompt, line_end_ids
from trainer.manifest import DamagedPersona, read_manifest, write_manifest
from trainer.protocol import BlocklistOptions, GenerateRequest
from trainer.text import one_line

from .helpers import BaseFolders, Personas, decode

REQUEST = GenerateRequest(id=7, key="pip", prompt="the lamp", n=3, max_tokens=20, seed=1)


def ask(prompt: str = "the lamp", key: str = "pip", n: int = 1, max_tokens: int = 20, seed: int = 1) -> GenerateRequest:
    return GenerateRequest(id=7, key=key, prompt=prompt, n=n, max_tokens=max_tokens, seed=seed)


@pytest.fixture
def engine(base: Base, persona: Path) -> Engine:
    engine = Engine(base)
    assert engine.load("pip", persona) > 0
    return engine


@pytest.fixture(scope="module")
def shared_base(base_folders: BaseFolders) -> Base:
    """For tests that add no hooks to it."""
    return load_base(str(base_folders["gpt2"]))


# Personas


def test_a_persona_that_was_not_loaded(base: Base) -> None:
    with pytest.raises(NotLoaded, match="pip"):
        Engine(base).generate(REQUEST)


def test_an_unloaded_persona_is_gone_and_the_base_as_before(base: Base, persona: Path) -> None:
    def logits() -> torch.Tensor:
        with torch.inference_mode():
            output: torch.Tensor = base.model(input_ids=torch.arange(20)[None]).logits
            return output

    engine = Engine(base)
    plain = logits()
    engine.load("pip", persona)
    engine.generate(REQUEST)
    assert not torch.equal(logits(), plain)
    engine.unload("pip")
    assert torch.equal(logits(), plain)
    with pytest.raises(NotLoaded):
        engine.generate(REQUEST)
    engine.unload("pip")  # twice is as good as once


def test_personas_speak_for_themselves(base: Base, personas: Personas) -> None:
    first, second = personas["gpt2"]
    engine = Engine(base)
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
    engine = Engine(load_base(str(other_base_folder)))
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


def test_an_adapter_for_other_layers_is_damaged(base: Base, personas: Personas, tmp_path: Path) -> None:
    copy = shutil.copytree(personas["llama"][0], tmp_path / "copy")
    manifest = read_manifest(copy)
    write_manifest(copy, manifest.model_copy(update={"base": base.record}))
    with pytest.raises(DamagedPersona, match="layer"):
        Engine(base).load("pip", copy)


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


def forced(base: Base, texts: list[str]) -> None:
    """Make `base` say the first of the texts; where it is stopped in the middle, go on with the next one."""
    said: list[int] = []
    ends = [0]

    def choose(layer: object, inputs: object, output: torch.Tensor) -> torch.Tensor:
        if output.shape[1] > 1 or not said:  # a prompt, or what is left of a text, was read anew
            said[:] = [*base.vocabulary.encode(texts.pop(0)), base.end_id] if texts else [base.end_id] * 99
            ends[0] = 0
        wanted = said[ends[0]]
        ends[0] += 1
        return torch.full(output.shape, -50.0).index_fill(-1, torch.tensor([wanted]), 50.0)

    base.model.get_output_embeddings().register_forward_hook(choose)


def streamed(engine: Engine, request: GenerateRequest) -> tuple[str, str]:
    pieces: list[str] = []
    generated = engine.generate(request, lambda sample, text: pieces.append(text))
    return "".join(pieces), generated.samples[0]


def test_a_blocked_word_is_never_shown(engine: Engine, base: Base) -> None:
    forced(base, [" is a shit lamp.", " good old thing."])
    shown, text = streamed(engine, ask(max_tokens=30))
    assert text == "the lamp is a good old thing."
    assert shown == " is a good old thing."


def test_a_blocked_word_at_the_end(engine: Engine, base: Base) -> None:
    forced(base, [" is shit", " lit."])
    assert streamed(engine, ask(max_tokens=30)) == (" is lit.", "the lamp is lit.")


def test_a_phrase_that_is_blocked_as_a_whole(engine: Engine, base: Base) -> None:
    """Its first word was shown already: it stays, and something else follows."""
    forced(base, [" is a good ship", " tea."])
    request = ask(max_tokens=30).model_copy(update={"blocklist": BlocklistOptions(add=("good ship",))})
    assert streamed(engine, request) == (" is a good tea.", "the lamp is a good tea.")


def test_what_stays_blocked_ends_before_it(engine: Engine, base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.engine.REWINDS", 1)
    forced(base, [" is a shit", "-shit", " lamp."])
    assert streamed(engine, ask(max_tokens=30)) == (" is a", "the lamp is…")


def test_a_blocked_word_at_temperature_0() -> None:
    """The likeliest word is the blocked one, every time: another one has to be taken."""
    base = load_base(BUNDLED)
    request = GenerateRequest(id=1, key="", prompt="The lamp", max_tokens=20, temperature=0)
    word = continue_prompt(base, request, line_end_ids(base)).samples[0].split()[2]
    blocking = request.model_copy(update={"blocklist": BlocklistOptions(add=(word,))})
    text = continue_prompt(base, blocking, line_end_ids(base)).samples[0]
    assert word not in text.split()
    assert len(text.split()) > 3


def test_broken_bytes_in_a_word_do_not_hide_it(shared_base: Base) -> None:
    pieces: list[str] = []
    stream = PieceStream(shared_base, 0, lambda number, piece: pieces.append(piece), lambda text: "shit" in text)
    lonely = shared_base.tokenizer.get_vocab()["\u0143"]  # the byte 0x80
    for token in [
        *shared_base.vocabulary.encode(" tea sh"),
        lonely,
        *shared_base.vocabulary.encode("it and tea and more"),
    ]:
        stream.add(token)
    assert stream.blocked
    assert not stream.settle()
    assert "".join(pieces) == one_line(stream.text) == " tea"


def test_a_name_that_only_begins_like_a_blocked_word(engine: Engine, base: Base) -> None:
    forced(base, [" met Dick Cheney today."])
    assert streamed(engine, ask(max_tokens=40)) == (" met Dick Cheney today.", "the lamp met Dick Cheney today.")


def test_characters_of_several_tokens_survive_a_rewind(engine: Engine, base: Base) -> None:
    forced(base, [" é 中👩‍🚒 shit", " ❤️ tea."])
    text = " é 中👩‍🚒 ❤️ tea."
    assert streamed(engine, ask(max_tokens=32)) == (text, f"the lamp{text}")


def test_a_line_end_after_a_blocked_word(engine: Engine, base: Base) -> None:
    forced(base, [" is shit\n", " lit.\n"])
    assert streamed(engine, ask(max_tokens=30)) == (" is lit.", "the lamp is lit.")


def test_a_blocklist_that_is_switched_off(engine: Engine, base: Base) -> None:
    forced(base, [" is shit."])
    request = ask(max_tokens=30).model_copy(update={"blocklist": BlocklistOptions(enabled=False)})
    assert streamed(engine, request) == (" is shit.", "the lamp is shit.")


def test_a_blocked_prompt_is_refused(engine: Engine) -> None:
    with pytest.raises(BlockedPrompt, match=r"blocklist here \(s…\)\. Put it another way"):
        engine.generate(ask("this shit lamp"))


def test_a_blocklist_changes_nothing_else(engine: Engine) -> None:
    off = REQUEST.model_copy(update={"blocklist": BlocklistOptions(enabled=False)})
    assert engine.generate(off) == engine.generate(REQUEST)


def test_only_the_sample_with_a_blocked_word_changes() -> None:
    base = load_base(BUNDLED)
    request = GenerateRequest(id=1, key="", prompt="The lamp", n=5, max_tokens=30, seed=1)
    plain = continue_prompt(base, request, line_end_ids(base)).samples
    words = [[word for word in text.split() if word.isalpha() and len(word) > 3] for text in plain]
    number, word = next((i, w) for i in range(1, 5) for w in words[i] if sum(w in text for text in plain) == 1)
    blocking = request.model_copy(update={"blocklist": BlocklistOptions(add=(word,))})
    changed = continue_prompt(base, blocking, line_end_ids(base)).samples
    assert [i for i in range(5) if changed[i] != plain[i]] == [number]
    before = plain[number].split(f" {word}")[0]
    assert changed[number].startswith(before)
    assert word not in changed[number].split()
    assert continue_prompt(base, blocking, line_end_ids(base)).samples == changed
    fewer = blocking.model_copy(update={"n": number + 1})
    assert continue_prompt(base, fewer, line_end_ids(base)).samples == changed[: number + 1]


# Streams


@pytest.mark.parametrize("seed", range(8))
def test_pieces_add_up_to_the_text(engine: Engine, seed: int) -> None:
    pieces = ["the lamp"] * 3
    temperature = 0.5 + seed / 2
    request = GenerateRequest(id=1, key="pip", prompt="the lamp", n=3, temperature=temperature, seed=seed)

    def on_piece(sample: int, piece: str) -> None:
        assert piece
        pieces[sample] += piece

    generated = engine.generate(request, on_piece)
    for streamed, text in zip(pieces, generated.samples, strict=True):
        assert streamed.startswith(text.removesuffix("…"))


@settings(max_examples=200)
@given(tokens=st.lists(st.integers(0, 320), max_size=60))
def test_pieces_are_whole_characters_of_one_line(shared_base: Base, tokens: list[int]) -> None:
    """Random tokens: mostly broken UTF-8, with line ends and control characters."""
    pieces: list[str] = []
    stream = PieceStream(shared_base, 0, lambda number, piece: pieces.append(piece))
    for token in tokens:
        stream.add(token)
    for piece in pieces:
        piece.encode()
        assert piece == one_line(piece) != ""
    assert "".join(pieces) == one_line(stream.text)
    whole = decode(shared_base, tokens, skip_special_tokens=True)
    assert whole.startswith(stream.text)


def test_a_character_of_several_tokens_comes_in_one_piece(shared_base: Base) -> None:
    pieces: list[str] = []
    stream = PieceStream(shared_base, 0, lambda number, piece: pieces.append(piece))
    tokens = shared_base.vocabulary.encode("né 中👩‍🚒!")
    assert len(tokens) > 8
    for token in tokens:
        stream.add(token)
    assert "".join(pieces) == "né 中👩‍🚒!"
    assert {"é", "中", "👩", "!"} <= set(pieces)


def test_nothing_is_streamed_after_a_line_end(shared_base: Base) -> None:
    pieces: list[str] = []
    stream = PieceStream(shared_base, 0, lambda number, piece: pieces.append(piece))
    for token in shared_base.vocabulary.encode("tea.\u2028more\ntea"):
        stream.add(token)
    assert "".join(pieces) == "tea."


def test_a_post_ends_with_every_token_that_has_a_line_end_in_it(base: Base) -> None:
    """Tokenizers of web text have tokens such as `.\\n` and ` \\n\\n`."""
    base.tokenizer.add_tokens([".\n", " \n\n", ")\r\n", " the"])
    ends = line_end_ids(base)
    assert base.end_id in ends
    others = {decode(base, [i]) for i in ends - {base.end_id}}
    assert others == {"\n", "\r", ".\n", " \n\n", ")\r\n"}


def test_the_text_before_a_line_end_in_a_token_is_kept(base: Base, persona: Path) -> None:
    """Make the likeliest first token one that ends a line: the text ends there, by itself."""
    base.tokenizer.add_tokens([".\n"])
    number = base.tokenizer.get_vocab()[".\n"]
    engine = Engine(replace(base, characters=characters_of(base.tokenizer, number + 1)))
    engine.load("pip", persona)
    base.model.get_output_embeddings().register_forward_hook(
        lambda layer, inputs, output: torch.full((*output.shape[:2], number + 1), -9.0).index_fill(
            -1, torch.tensor([number]), 9.0
        )
    )
    generated = engine.generate(ask("the lamp"))
    assert generated.samples == ("the lamp.",)
    assert generated.n_tokens == 1


def test_saying_nothing_is_no_answer(base: Base, persona: Path) -> None:
    """The likeliest token is always the end of the text."""
    engine = Engine(base)
    engine.load("pip", persona)
    base.model.get_output_embeddings().register_forward_hook(
        lambda layer, inputs, output: output.index_fill(-1, torch.tensor([base.end_id]), 99.0)
    )
    generated = engine.generate(ask("the lamp").model_copy(update={"temperature": 0.0}))
    assert generated.n_tokens == 2  # another one, then the end
