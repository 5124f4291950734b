"""What may be put where in a message's components."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from tests.doubles.discord.checks.problems import Path, Problems

Json = dict[str, Any]

ROW, BUTTON, TEXT_INPUT, SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = (
    1,
    2,
    4,
    9,
    10,
    11,
    12,
    13,
    14,
    17,
)
STRING_SELECT, LINK, PREMIUM = 3, 5, 6
SELECTS = frozenset({3, 5, 6, 7, 8})
IN_CONTAINER = frozenset({ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR})
ON_TOP = IN_CONTAINER | {CONTAINER}


def check_components(
    components: list[Json], problems: Problems | None = None, *, v2: bool = False, uploads: Collection[str] = ()
) -> Problems:
    check = ComponentCheck(problems or Problems(), frozenset(uploads))
    if v2:
        check.layout(components)
    else:
        check.rows(components)
    return check.problems


class ComponentCheck:
    """Goes through all components of one message or modal; what counts for them together is kept here."""

    def __init__(self, problems: Problems, uploads: frozenset[str] = frozenset()) -> None:
        self.problems = problems
        self.uploads = uploads
        self.ids: set[str] = set()
        self.count = 0
        self.characters = 0
        self.kinds: dict[int, Callable[[Path, Json], None]] = {
            ROW: self._row,
            SECTION: self._section,
            TEXT: self._text,
            THUMBNAIL: self._thumbnail,
            GALLERY: self._gallery,
            FILE: self._file,
            SEPARATOR: self._separator,
            CONTAINER: self._container,
            BUTTON: self._button,
        }
        for kind in SELECTS:
            self.kinds[kind] = self.select

    def rows(self, components: list[Json]) -> None:
        self.problems.size(("components",), components, 0, 5)
        self.children(("components",), components, frozenset({ROW}))

    def layout(self, components: list[Json]) -> None:
        self.children(("components",), components, ON_TOP)
        if self.count > 40:
            self.problems.add(("components",), "BASE_TYPE_BAD_LENGTH", f"At most 40 components in all: {self.count}")
        if self.characters > 4000:
            text = f"The total displayable text length must be 4000 or fewer: {self.characters}"
            self.problems.add(("components",), "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", text)

    def children(self, path: Path, components: list[Json], known: frozenset[int]) -> None:
        for index, component in enumerate(components):
            self.child((*path, index), component, known)

    def child(self, path: Path, component: object, known: frozenset[int]) -> None:
        self.count += 1
        if not isinstance(component, dict):
            self.problems.add(path, "BASE_TYPE_REQUIRED", "This field is required")
        elif self.problems.one_of((*path, "type"), component.get("type"), known):
            self.kinds[component["type"]](path, component)

    def custom_id(self, path: Path, component: Json) -> None:
        own = component.get("custom_id")
        self.problems.text((*path, "custom_id"), own, 1, 100)
        if isinstance(own, str) and own in self.ids:
            self.problems.add((*path, "custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED", f"Not unique: {own}")
        self.ids.add(str(own))

    def _row(self, path: Path, row: Json) -> None:
        components = self.problems.objects((*path, "components"), row.get("components"))
        kinds = {component.get("type") for component in components}
        self.problems.size((*path, "components"), components, 1, 5 if kinds <= {BUTTON} else 1)
        self.children((*path, "components"), components, SELECTS | {BUTTON})

    def _button(self, path: Path, button: Json) -> None:
        self.problems.one_of((*path, "style"), button.get("style"), frozenset(range(1, 7)))
        self.problems.text((*path, "label"), button.get("label"), 0, 80)
        if button.get("style") == LINK:
            self._link(path, button)
        elif button.get("style") != PREMIUM:
            self.custom_id(path, button)
            if not (button.get("label") or button.get("emoji")):
                self.problems.add(path, "BUTTON_COMPONENT_LABEL_REQUIRED", "A button needs a label or an emoji")
            if button.get("url"):
                self.problems.add((*path, "url"), "BUTTON_COMPONENT_URL_FORBIDDEN", "Only links have a url")

    def _link(self, path: Path, button: Json) -> None:
        url = button.get("url")
        self.problems.text((*path, "url"), url, 1, 512)
        if button.get("custom_id"):
            self.problems.add(
                (*path, "custom_id"), "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", "A link has none"
            )
        if not str(url).startswith(("http://", "https://", "discord://")):
            self.problems.add((*path, "url"), "URL_TYPE_INVALID_SCHEME", f"Not a link: {url}")

    def select(self, path: Path, select: Json) -> None:
        self.custom_id(path, select)
        self.problems.text((*path, "placeholder"), select.get("placeholder"), 0, 150)
        low, high = select.get("min_values", 1), select.get("max_values", 1)
        self.problems.number((*path, "min_values"), low, 0, 25)
        self.problems.number((*path, "max_values"), high, 1, 25)
        if isinstance(low, int) and isinstance(high, int) and low > high:
            self.problems.add((*path, "min_values"), "SELECT_COMPONENT_MIN_MAX", f"{low} is more than {high}")
        if select.get("type") == STRING_SELECT:
            self.options(path, select, 25)

    def options(self, path: Path, owner: Json, most: int) -> None:
        options = self.problems.objects((*path, "options"), owner.get("options"))
        self.problems.size((*path, "options"), options, 1, most)
        for index, option in enumerate(options):
            place = (*path, "options", index)
            self.problems.text((*place, "label"), option.get("label"), 1, 100)
            self.problems.text((*place, "value"), option.get("value"), 1, 100)
            self.problems.text((*place, "description"), option.get("description"), 0, 100)
        if len({option.get("value") for option in options}) < len(options):
            self.problems.add((*path, "options"), "COMPONENT_OPTION_VALUE_DUPLICATED", "Values have to be unique")
        for name in ("min_values", "max_values"):
            if isinstance(owner.get(name), int) and owner[name] > len(options):
                self.problems.add((*path, name), "BASE_TYPE_MAX", f"More than there are options: {owner[name]}")

    def _section(self, path: Path, section: Json) -> None:
        components = self.problems.objects((*path, "components"), section.get("components"))
        self.problems.size((*path, "components"), components, 1, 3)
        self.children((*path, "components"), components, frozenset({TEXT}))
        self.child((*path, "accessory"), section.get("accessory"), frozenset({BUTTON, THUMBNAIL}))

    def _text(self, path: Path, display: Json) -> None:
        self.problems.text((*path, "content"), display.get("content"), 1, 4000)
        self.characters += len(str(display.get("content") or ""))

    def _thumbnail(self, path: Path, thumbnail: Json) -> None:
        self._media((*path, "media"), thumbnail.get("media"))
        self.problems.text((*path, "description"), thumbnail.get("description"), 0, 1024)

    def _gallery(self, path: Path, gallery: Json) -> None:
        items = self.problems.objects((*path, "items"), gallery.get("items"))
        self.problems.size((*path, "items"), items, 1, 10)
        for index, item in enumerate(items):
            self._media((*path, "items", index, "media"), item.get("media"))
            self.problems.text((*path, "items", index, "description"), item.get("description"), 0, 1024)

    def _file(self, path: Path, file: Json) -> None:
        self._media((*path, "file"), file.get("file"), only_uploads=True)

    def _media(self, path: Path, media: object, only_uploads: bool = False) -> None:
        url = str(media.get("url")) if isinstance(media, dict) else ""
        kind, _, name = url.partition("://")
        if kind == "attachment" and name not in self.uploads:
            self.problems.add(
                (*path, "url"), "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND", f"No upload {name}"
            )
        elif kind not in {"attachment", "http", "https"} or (only_uploads and kind != "attachment"):
            self.problems.add((*path, "url"), "URL_TYPE_INVALID_SCHEME", f"Not allowed here: {url!r}")

    def _separator(self, path: Path, separator: Json) -> None:
        self.problems.one_of((*path, "spacing"), separator.get("spacing", 1), frozenset({1, 2}))

    def _container(self, path: Path, container: Json) -> None:
        components = self.problems.objects((*path, "components"), container.get("components"))
        self.problems.size((*path, "components"), components, 1, 40)
        if container.get("accent_color") is not None:
            self.problems.number((*path, "accent_color"), container["accent_color"], 0, 0xFFFFFF)
        self.children((*path, "components"), components, IN_CONTAINER)
