from __future__ import annotations

import os

from trainer.hardware import cpu_name, usable_cores


def test_this_machine() -> None:
    assert cpu_name() == cpu_name().strip() != ""
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
