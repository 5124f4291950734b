"""The terminal as a messenger: a chat with a prompt, plain lines from a pipe, and the same for single commands."""
