from __future__ import annotations

from trainer.meter import Meter
from trainer.protocol import Progress


def test_it_does_not_report_every_step() -> None:
    seen: list[Progress] = []
    meter = Meter(1_000, 0, seen.append)
    for _ in range(1_000):
        meter.tick(2.0, 100)
    assert seen[0].done == 1
    assert seen[-1].done == 1_000
    assert len(seen) < 500
    assert seen[-1].loss == 2.0
    assert seen[-1].seconds_left == 0


def test_a_run_that_went_on_has_the_pace_of_the_steps_since() -> None:
    seen: list[Progress] = []
    meter = Meter(1_000, 990, seen.append)
    meter.tick(2.0, 100)
    assert seen[0].done == 991
    assert seen[0].seconds_left is not None
    assert seen[0].seconds_left < 10  # 9 steps, each a moment
