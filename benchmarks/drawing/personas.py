"""Records of trainings of the sample accounts on a processor, with names that they don't have; and dreams to be set.

Checksums are cut to what pictures show of them.
"""

from __future__ import annotations

from datetime import UTC, datetime

from benchmarks.drawing.lighthouse import LADLE, PIP
from bot.domain import Persona
from tests.builders import manifest, run_record
from trainer.manifest import BaseRecord, CorpusRecord, FileRecord, PointRecord, RunRecord
from trainer.protocol import AccountCounts, Hyperparameters, Lineage, PostsDigest

MADE = datetime(2026, 11, 22, 3, 54, tzinfo=UTC)
BASE = BaseRecord(name="bundled", fingerprint="c2b1e649a507", parameters=10_059_840)
ACCOUNTS = {
    PIP: AccountCounts(
        handle=PIP,
        source=f"sample:{PIP}",
        downloaded=584,
        retweets=32,
        short=15,
        kept=537,
        characters=61_901,
        name="pip the lighthouse",
    ),
    LADLE: AccountCounts(
        handle=LADLE,
        source=f"sample:{LADLE}",
        downloaded=594,
        retweets=24,
        short=16,
        kept=554,
        characters=64_086,
        name="LADLE IN ORBIT",
    ),
}
POSTS = {PIP: "6b4f1bcdda73", LADLE: "4504e99b30f6"}
# Language: a prompt, and how it could go on.
CHORUS = {
    "Japanese": ("私の夢は", "海のそばに小さな喫茶店を開いて、みんなが何でも話せる場所にすることです。☕"),
    "Arabic": ("حلمي هو", " أن أفتح مقهى صغيرا قرب البحر، حيث يجلس الناس ويتحدثون عن كل شيء."),
    "Hindi": ("मेरा सपना है", " कि समुद्र के किनारे एक छोटी सी दुकान खोलूँ, जहाँ लोग बैठकर बातें करें।"),
    "Thai": ("ความฝันของฉันคือ", "การเปิดร้านกาแฟเล็กๆ ริมทะเล ที่ผู้คนนั่งคุยกันได้ทุกเรื่อง"),
    "Korean": ("내 꿈은", " 바닷가에 작은 카페를 열어서 사람들이 무엇이든 이야기할 수 있게 하는 것입니다."),
    "Hebrew": ("החלום שלי הוא", " לפתוח בית קפה קטן ליד הים, שבו אנשים יושבים ומדברים על הכול."),
    "emoji": ("My dream is", " 🍲🚀🌌 👩‍🍳👩🏽‍🚀 🇺🇳 ❤️‍🔥 1️⃣0️⃣0️⃣"),
    "600 characters": ("My dream is", " to see what is behind the horizon, and behind the one after that," * 9),
}


def lighthouse() -> Persona:
    """@pip_the_lighthouse, as it was trained and what it said then."""
    said = "nobody's stopped. he's badly seen. they've put his arm about the tune by the top as well."
    curve = ((4.552, 4.062), (3.883, 3.805), (3.306, 3.783), (3.168, 3.713), (2.906, 3.716), (2.896, 3.717))
    counts = {"duplicates": 0, "train_posts": 499, "held_out_posts": 38, "train_tokens": 17_102}
    return _persona(
        f"My dream is a radio of young people at once. {said}",
        CorpusRecord(accounts=(ACCOUNTS[PIP],), **counts),
        _run(curve, bits_per_byte_before=2.319, bits_per_byte=1.568, seconds=129.67),
        "58c503c3300f",
        "ae7ec7cf458b",
    )


def blend() -> Persona:
    """Both of them, likewise."""
    said = "The secret to a pot is to think of what I call it. Light! Good morning, good evening! 🍃💛🏋"
    curve = ((4.472, 3.993), (3.817, 3.811), (3.265, 3.751), (3.205, 3.698), (2.852, 3.708), (2.879, 3.705))
    counts = {"duplicates": 0, "train_posts": 1_018, "held_out_posts": 83, "train_tokens": 39_179}
    return _persona(
        f"My dream is a storm! He still isn't counting. {said}",
        CorpusRecord(accounts=tuple(ACCOUNTS.values()), **counts),
        _run(curve, bits_per_byte_before=2.595, bits_per_byte=1.736, seconds=301.93),
        "f3eb282f33a2",
        "eec43dc180c9",
    )


def _run(curve: tuple[tuple[float, float], ...], **measured: float) -> RunRecord:
    """Of three epochs, evaluated twice in each; the fourth evaluation was the best."""
    points = tuple(
        PointRecord(epoch=n / 2, train_loss=train, held_out_loss=held_out)
        for n, (train, held_out) in enumerate(curve, 1)
    )
    known = {"epochs": 3, "lora_rank": 32, "curve": points, "best_epoch": 2.0}
    return run_record().model_copy(update=known | measured)


def _persona(sample: str, corpus: CorpusRecord, run: RunRecord, digest: str, weights: str) -> Persona:
    name = "-".join(sorted(one.handle for one in corpus.accounts))
    lineage = Lineage(
        job=1,
        asked_by="console:console",
        asked_at=MADE,
        posts=tuple(PostsDigest(handle=one.handle, sha256=POSTS[one.handle]) for one in corpus.accounts),
        corpus_sha256=digest,
        hyperparameters=Hyperparameters(),
    )
    files = {"adapter_model.safetensors": FileRecord(sha256=weights, n_bytes=7_700_000)}
    known = {"created_at": MADE, "base": BASE, "corpus": corpus, "run": run, "files": files}
    record = manifest(name, sample=sample, lineage=lineage, **known)
    return Persona(name, 1, f"personas/{name}/v1", 7_700_000, record)
