"""The bundled base model, and the checksums that loading verifies. Written by `python -m trainer.pretrain`."""

SHA256 = {
    "config.json": "8da0a2f08614ba7503c47e28ab0210f0a0dc77bb7628ffc9c0c6ae306cfa79f3",
    "generation_config.json": "8e7d81a4ad69b0bd3a2c35f56e8d2231218f9adae555f3b68ca17983e0f2b5ef",
    "model.safetensors": "de4b388a60854fec2e9aeddef1d6eb44a5641a7ce0e854cb060e97eaaea61cbd",
    "tokenizer.json": "d42e6573552064f9626c8cf2db445a7a72d228e3a5c77c7ac5281635bd5cb218",
    "tokenizer_config.json": "7d4a54239ad7f5432bc54696f763402b5b4f9b831ded059c17ff1fe443b35a2b",
}
