from __future__ import annotations

from bot.figures import bytes_text, duration


def test_figures_read_as_people_write_them() -> None:
    assert [duration(32), duration(725), duration(3_720)] == ["32 s", "12 min 5 s", "1 h 2 min"]
    assert [bytes_text(99_000), bytes_text(7_700_000), bytes_text(1_540_000_000)] == ["99 kB", "7.7 MB", "1.5 GB"]
