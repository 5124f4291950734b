from __future__ import annotations

from dataclasses import replace

from bot.cli.lineage import lineage
from bot.usecases.lineage import trace
from tests.builders import manifest
from tests.doubles.service import FakeService
from trainer.protocol import Origin


async def test_each_step_has_its_checksum_and_says_whether_it_is_still_so(service: FakeService) -> None:
    await service.train()
    persona = await service.store.persona("pip")
    assert persona is not None
    assert persona.manifest.lineage is not None
    service.sources.before["pip"] = list(reversed(service.sources.posts["pip"]))
    text = lineage(await trace(service.services, persona))
    posts, corpus, base, training, files = text.splitlines()[4:]
    assert "asked for by test:me, job 1, " in text
    assert "settings: method lora, seed 1" in text
    assert persona.manifest.lineage.posts[0].sha256[:16] in posts
    assert posts.endswith("the same here")
    assert persona.manifest.lineage.corpus_sha256[:16] in corpus
    assert "f" * 16 in base
    assert "lora, 2 of 2 epochs, rate 0.001, seed 1, 60 s on cpu" in training
    assert persona.manifest.sha256[:16] in files
    assert files.endswith("the same here")


async def test_what_has_changed_or_is_gone_is_said(service: FakeService) -> None:
    await service.train()
    persona = await service.store.persona("pip")
    assert persona is not None
    assert (await trace(service.services, persona)).posts == {"pip": None}
    service.sources.before["pip"] = service.sources.posts["pip"][1:]
    adapter = service.folders.root / persona.folder / "adapter_model.safetensors"
    adapter.write_text("another adapter")
    traced = await trace(service.services, persona)
    assert (traced.posts, traced.files) == ({"pip": False}, False)
    assert lineage(traced).count("CHANGED here") == 2
    adapter.unlink()
    assert (await trace(service.services, persona)).files is False


async def test_a_persona_from_elsewhere(service: FakeService) -> None:
    persona = await service.add_persona()
    origin = Origin(repo="nest/pip", revision="abc" * 13)
    pulled = replace(persona, manifest=manifest("pip", run=None, origin=origin))
    text = lineage(await trace(service.services, pulled))
    assert "pulled from nest/pip at abcabcabcabcabca" in text
    assert "training" not in text
