"""Setting Mynah up, and finding out what is wrong where it doesn't run.

check.py     pure: what a check finds, what to do next
doctor.py    all checks, each on its own
machine.py   Python, torch, the base model, memory: asked of `python -m trainer.check`
folder.py    the data folder: rights, room on the disk;  database.py  what is in it, read only
running.py   who runs on the folder, and whose ports those are
tokens.py    each token, at whom it is for;  clock.py  whether it is as late as they say
origins.py   pure: where each setting comes from
example.py   pure: the commented example with values of one's own
files.py     the settings file on the disk: who may read it, how it is replaced
"""
