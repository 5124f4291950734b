"""The model side of Mynah: posts → corpus → persona → text. Never imports `bot`; nothing is imported here."""
