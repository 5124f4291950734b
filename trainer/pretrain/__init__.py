"""How the bundled base model is made: corpus → tokens → training → scores → `trainer/bundled/`.

    corpus.py     documents of the corpus, cleaned; which are held out; what one pass over them is
    tokenizer.py  byte-level BPE; texts → token ids
    prepare.py    both of them → token files in a work folder
    plan.py       size, shape, rates: what a run depends on
    loss.py       the loss without all logits in memory at once
    loop.py       training, checkpoints, log
    score.py      bits per byte on what was held out
    plot.py       loss over tokens, as a picture
    publish.py    weights, tokenizer, model card, provenance, checksums

Needs torch, transformers, tokenizers, numpy, safetensors and tqdm only, so that a bare GPU machine can run it.
"""
