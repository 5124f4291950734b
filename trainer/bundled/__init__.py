"""The bundled base model: checksums that loading verifies. Written by `python -m trainer.pretrain`."""

SHA256 = {
    "config.json": "19b1f5593b7b524493fc2d9a7720709b8a33c6914a324770740aadeb5542fcbf",
    "generation_config.json": "8e7d81a4ad69b0bd3a2c35f56e8d2231218f9adae555f3b68ca17983e0f2b5ef",
    "model.safetensors": "9fcb42d32d61f227f90db5fe62d4a25493610f4e643bfaa2f225512a4ba25e4b",
    "tokenizer.json": "a06c726c53cd0991abb93fcd5950e595927c29ac46846d4db8b64d0519652157",
    "tokenizer_config.json": "4405dcb542887eb3ec8143fc09029e701ec8bc85f3a57e06e00438f28d888f36",
}
