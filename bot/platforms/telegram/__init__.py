"""Telegram: messages, buttons and inline queries, through python-telegram-bot."""
