"""What a modal may ask for."""

from __future__ import annotations

from typing import Any

from tests.doubles.discord.checks.components import ROW, SELECTS, TEXT, TEXT_INPUT, ComponentCheck
from tests.doubles.discord.checks.problems import Path, Problems

Json = dict[str, Any]

LABEL, UPLOAD, RADIOS, CHECKBOXES, CHECKBOX = 18, 19, 21, 22, 23
IN_LABEL = SELECTS | {TEXT_INPUT, UPLOAD, RADIOS, CHECKBOXES, CHECKBOX}


def check_modal(data: Json) -> Problems:
    """`data` of the response that opens it."""
    problems = Problems()
    problems.text(("data", "title"), data.get("title"), 1, 45)
    problems.text(("data", "custom_id"), data.get("custom_id"), 1, 100)
    components = problems.objects(("data", "components"), data.get("components"))
    problems.size(("data", "components"), components, 1, 5)
    ModalCheck(problems).children(("data", "components"), components, frozenset({ROW, LABEL, TEXT}))
    return problems


class ModalCheck(ComponentCheck):
    def __init__(self, problems: Problems) -> None:
        super().__init__(problems)
        self.kinds |= {ROW: self._input_row, LABEL: self._label, TEXT_INPUT: self._input, UPLOAD: self._upload}
        self.kinds |= {RADIOS: self._choices, CHECKBOXES: self._choices, CHECKBOX: self.custom_id}

    def _input_row(self, path: Path, row: Json) -> None:
        components = self.problems.objects((*path, "components"), row.get("components"))
        self.problems.size((*path, "components"), components, 1, 1)
        for index, component in enumerate(components):
            self.problems.text((*path, "components", index, "label"), component.get("label"), 1, 45)
            self.child((*path, "components", index), component, frozenset({TEXT_INPUT}))

    def _label(self, path: Path, label: Json) -> None:
        self.problems.text((*path, "label"), label.get("label"), 1, 45)
        self.problems.text((*path, "description"), label.get("description"), 0, 100)
        inside = label.get("component")
        if isinstance(inside, dict) and inside.get("type") == TEXT_INPUT and inside.get("label"):
            self.problems.add((*path, "component", "label"), "BASE_TYPE_FORBIDDEN", "The label around it has the text")
        self.child((*path, "component"), inside, IN_LABEL)

    def _input(self, path: Path, component: Json) -> None:
        self.custom_id(path, component)
        self.problems.one_of((*path, "style"), component.get("style"), frozenset({1, 2}))
        low, high = component.get("min_length"), component.get("max_length")
        if low is not None:
            self.problems.number((*path, "min_length"), low, 0, 4000)
        if high is not None:
            self.problems.number((*path, "max_length"), high, 1, 4000)
        if isinstance(low, int) and isinstance(high, int) and low > high:
            self.problems.add((*path, "min_length"), "TEXT_INPUT_MIN_MAX", f"{low} is more than {high}")
        self.problems.text((*path, "value"), component.get("value"), 0, high if isinstance(high, int) else 4000)
        self.problems.text((*path, "placeholder"), component.get("placeholder"), 0, 100)

    def _upload(self, path: Path, component: Json) -> None:
        self.custom_id(path, component)
        self.problems.number((*path, "min_values"), component.get("min_values", 1), 0, 10)
        self.problems.number((*path, "max_values"), component.get("max_values", 1), 1, 10)

    def _choices(self, path: Path, component: Json) -> None:
        self.custom_id(path, component)
        self.options(path, component, 10)
