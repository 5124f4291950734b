"""Words that the blocklist's source has for a meaning that is rarely the one in ordinary sentences, or too mild."""

_TEXT = """
alaskan pipeline, bastard, big black, bollocks, bs, butt, domination, escort, eunuch, girl on, hard core, hardcore,
hot chick, how to kill, how to murder, huge fat, intercourse, jelly donut, lmfao, lolita, lovemaking, mr hands, nude,
nudity, octopussy, omfg, pissed, playboy, santorum, scat, sex, sexy, simp, skeet, snatch, stfu, suck, sucks, swinger,
tainted love, taste my, tied up, tight white, tongue in a, topless, tosser, twinkie, undressing, wtf, xx, xxx
"""
HARMLESS = tuple(" ".join(_TEXT.split()).split(", "))
