"""Letters and colours of Discord's dark client."""

from __future__ import annotations

from benchmarks.drawing.type import Type

TEXT, FAINT, BRIGHT, LINK, SIGN = "#dbdee1", "#949ba4", "#f2f3f5", "#00a8fc", "#e6e7e8"
BOXES = {"mention": "#3c4270", "time": "#3f4248", "code": "#1e1f22"}
TYPE = Type(TEXT, LINK, SIGN, BOXES, {"mention": "#c9cdfb"})
label, line, paragraph = TYPE.label, TYPE.line, TYPE.paragraph
