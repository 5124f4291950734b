"""The process that logs a training's runs: `python -m trainer.tracking`, started by trainer.tracking.recorder.

Events in on stdin; a back end that fails is told of on stderr and left alone, the others go on. It is a process of its
own because both libraries take their settings from the environment, start threads and processes, and may hang.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Iterable
from typing import BinaryIO

from trainer.protocol import Tracking
from trainer.tracking.events import Ended, Event, Started, decode
from trainer.tracking.tracker import Tracker, tell

HINTS = {
    "wandb": "Check WANDB_API_KEY or `wandb login`, or set tracking.offline = true",
    "trackio": "Check TRACKIO_SPACE_ID or TRACKIO_SERVER_URL, or set tracking.offline = true",
}


ORPHAN_SECONDS = 60.0  # what a run whose training is gone may still take to send


def main() -> None:
    threading.Thread(target=end_after, args=(os.getppid(),), daemon=True).start()
    events = map(decode, claim_input())
    follow(events, opened(Tracking.model_validate_json(sys.argv[1])))


def end_after(parent: int) -> None:
    """A server that doesn't answer keeps W&B waiting for days."""
    while os.getppid() == parent:
        time.sleep(1)
    time.sleep(ORPHAN_SECONDS)
    os._exit(1)


def claim_input() -> BinaryIO:
    """W&B's service process would inherit it, and keep it open."""
    source = os.fdopen(os.dup(0), "rb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    return source


def opened(tracking: Tracking) -> dict[str, Tracker]:
    """What can't even be imported is told of, and left out."""
    trackers: dict[str, Tracker] = {}
    for name in tracking.backends:
        try:
            trackers[name] = open_tracker(name, tracking)
        except Exception as error:
            complain(name, error)
    return trackers


def open_tracker(name: str, tracking: Tracking) -> Tracker:
    """Only what was asked for is imported."""
    if name == "wandb":
        from trainer.tracking.on_wandb import WandbTracker

        return WandbTracker(tracking)
    from trainer.tracking.on_trackio import TrackioTracker

    return TrackioTracker(tracking)


def follow(events: Iterable[Event], trackers: dict[str, Tracker]) -> None:
    """A run that is cut off, because the training's process is gone, has failed."""
    running = False
    for event in events:
        if running or not isinstance(event, Ended):  # a training can fail before its first run
            tell_all(trackers, event)
        running = isinstance(event, Started) or (running and not isinstance(event, Ended))
    if running:
        tell_all(trackers, Ended(outcome="failed"))


def tell_all(trackers: dict[str, Tracker], event: Event) -> None:
    for name, tracker in list(trackers.items()):
        try:
            tell(tracker, event)
        except Exception as error:
            del trackers[name]
            complain(name, error)


def complain(name: str, error: Exception) -> None:
    traceback.print_exception(error)
    why = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    sys.stderr.write(f"Tracking with {name} is off for this training, which goes on: {why}. {HINTS[name]}.\n")


if __name__ == "__main__":
    main()
