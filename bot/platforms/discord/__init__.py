"""Discord: slash commands, buttons and messages over the same use cases as the console."""

import discord

discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # every client would warn that it can't talk
