"""A persona on its way to others and back, as the operator meets it.

    python -m benchmarks.publishing_transcript > docs/publishing.md

The real program with its workers and the bundled base model; the hub is a small server on this machine. With --clean, a
merged export is tried in a new virtual environment with nothing but transformers and torch (and what pip brings with
them); without, in this one.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

import torch

from benchmarks.shell import block, run, show
from tests.doubles.hub import FakeHub, repo
from tests.trainer.published import save_huggingtweets

HEAD = """# Giving a persona to others, and getting theirs

Printed by `python -m benchmarks.publishing_transcript --clean`: the real program, its workers and the bundled base
model. The hub is a small server on the same machine, which speaks huggingface.co's protocol to its real client.
"""
PIPELINE = """\
from transformers import pipeline

generator = pipeline("text-generation", model="pip")
for said in generator("My dream is", num_return_sequences=5):
    print("-", said["generated_text"])
"""


PACKAGES = {"torch", "transformers", "peft", "mynah"}


class Trap:
    """What somebody may have put into a pickle."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch trapped",)


async def main(clean: bool) -> None:
    print(HEAD)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        old, gift = read(save_huggingtweets(folder / "old")), read(trap(save_huggingtweets(folder / "gift")))
        async with FakeHub(repo("huggingtweets/somebody", old), repo("stranger/gift", gift)) as hub:
            mine = environment(folder / "mine", hub)
            await show(mine, "train @pip_the_lighthouse", "A persona,")
            await show(mine, "models show @pip_the_lighthouse --lineage", "what it came from,")
            await show(mine, "models export @pip_the_lighthouse --to pip-adapter", "an adapter of it,", name)
            await show(mine, "models export @pip_the_lighthouse --to pip --merged", "and one model.", name)
            block("$ ls pip pip-adapter\n" + listing(folder / "pip", folder / "pip-adapter"))
            await try_pipeline(folder, clean)
            await show(mine, "models publish @pip_the_lighthouse --repo pip/lighthouse", "Published, in private:")
            published = hub.repos["pip/lighthouse"]
            files = (f"{blob.size:>11,}  {path}" for path, blob in sorted(published.head.files.items()))
            block("\n".join(files), f"What the hub has now, {'in private' if published.private else 'in public'}:")
            sent = sum("PUT /storage" in line for line in hub.requests)
            await show(mine, "models publish @pip_the_lighthouse --repo pip/lighthouse", "Once more:")
            again = sum("PUT /storage" in line for line in hub.requests) - sent
            print(f"Files that were sent to the storage: {sent} the first time, {again} the second.\n")
            command = "models publish @pip_the_lighthouse --repo pip/lighthouse --public"
            await show(mine, command, "What is private isn't opened by the way:")
            other = environment(folder / "other", hub)
            await show(other, "models pull pip/lighthouse", "On another machine:")
            await show(other, 'say @lighthouse "My dream is"')
            await show(other, "models show @lighthouse --lineage")
            note = "A model of huggingtweets' kind, whose weights are a pickle (tiny here, and random):"
            await show(other, "models pull huggingtweets/somebody", note)
            await show(other, 'say @somebody "My dream is"')
            await show(other, "models pull stranger/gift", "A pickle that would run a program:")
            await show(other, "models list")


def environment(data_dir: Path, hub: FakeHub) -> dict[str, str]:
    return {
        "MYNAH_DATA_DIR": str(data_dir),
        "MYNAH_HUB__ENDPOINT": hub.url,
        "MYNAH_HUB__TOKEN": "pips-token",
        "HF_HUB_OFFLINE": "0",
    }


async def try_pipeline(folder: Path, clean: bool) -> None:
    (folder / "try.py").write_text(PIPELINE)
    python = sys.executable
    if clean:
        python = str(folder / "venv" / "bin" / "python")
        await run([sys.executable, "-m", "venv", str(folder / "venv")], {})
        version = torch.__version__.partition("+")[0]
        await run([python, "-m", "pip", "install", "--quiet", f"torch=={version}", "transformers"], {})
    installed = await run([python, "-m", "pip", "list", "--format=freeze"], {"PYTHONPATH": ""}, str(folder))
    packages = [line for line in installed.splitlines() if line.partition("=")[0] in PACKAGES]
    said = await run(
        [python, "try.py"], {"PYTHONPATH": "", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "TQDM_DISABLE": "1"}, str(folder)
    )
    note = f"In {'a new' if clean else 'this'} virtual environment ({', '.join(packages)}):"
    block(f"$ cat try.py\n{PIPELINE}$ python try.py\n{said}", note)


def trap(folder: Path) -> Path:
    torch.save({"transformer.wte.weight": Trap()}, folder / "pytorch_model.bin")
    return folder


def read(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def listing(*folders: Path) -> str:
    lines = []
    for folder in folders:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        lines += ["", f"{folder.name}:", *(f"{path.stat().st_size:>11,}  {path.relative_to(folder)}" for path in files)]
    return "\n".join(lines[1:])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clean", action="store_true", help="try the merged model in a new virtual environment")
    asyncio.run(main(parser.parse_args().clean))
