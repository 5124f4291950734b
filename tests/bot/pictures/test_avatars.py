from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from bot.pictures.avatars import MAX_BYTES, round_avatar

SIZE = 64
ORIENTATION = 0x0112


def file_of(picture: Image.Image, kind: str = "PNG", exif: Image.Exif | None = None) -> bytes:
    file = BytesIO()
    picture.save(file, kind, exif=exif or Image.Exif())
    return file.getvalue()


def seen(path: Path) -> Image.Image:
    picture = Image.open(BytesIO(round_avatar(path, "pip", SIZE)))
    assert (picture.format, picture.mode, picture.size) == ("PNG", "RGBA", (SIZE, SIZE))
    return picture


def pixel(picture: Image.Image, x: int, y: int) -> tuple[int, ...]:
    found = picture.getpixel((x, y))
    assert isinstance(found, tuple)
    return found


def bomb() -> bytes:
    """A PNG of a few bytes that says that it is 40,000 pixels square."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d" + header + struct.pack(">I", zlib.crc32(header))


def test_a_picture_becomes_round_and_its_middle_is_kept(tmp_path: Path) -> None:
    wide = Image.new("RGB", (300, 100), "red")
    wide.paste(Image.new("RGB", (100, 100), "blue"), (100, 0))
    (tmp_path / "a").write_bytes(file_of(wide))
    picture = seen(tmp_path / "a")
    assert pixel(picture, SIZE // 2, SIZE // 2) == (0, 0, 255, 255)
    assert pixel(picture, 3, SIZE // 2)[:3] == (0, 0, 255)
    assert pixel(picture, 0, 0)[3] == 0
    assert pixel(picture, SIZE - 1, SIZE - 1)[3] == 0


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_pictures_in_any_mode_are_taken(tmp_path: Path, mode: str) -> None:
    (tmp_path / "a").write_bytes(file_of(Image.new(mode, (200, 200))))
    assert pixel(seen(tmp_path / "a"), SIZE // 2, SIZE // 2)[3] == 255


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_photos_are_turned_as_the_camera_was(tmp_path: Path, mode: str) -> None:
    white, black = ((0, 0, 0, 0), (0, 0, 0, 255)) if mode == "CMYK" else ("white", "black")
    photo = Image.new(mode, (1600, 1600), white)
    photo.paste(Image.new(mode, (1600, 800), black), (0, 0))
    exif = Image.Exif()
    exif[ORIENTATION] = 3  # upside down
    (tmp_path / "a").write_bytes(file_of(photo, "JPEG", exif))
    picture = seen(tmp_path / "a")
    assert sum(pixel(picture, SIZE // 2, 5)[:3]) > 700
    assert sum(pixel(picture, SIZE // 2, SIZE - 6)[:3]) < 60


def test_what_is_transparent_gets_a_ground(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(file_of(Image.new("RGBA", (100, 100), (0, 0, 0, 0))))
    assert pixel(seen(tmp_path / "a"), SIZE // 2, SIZE // 2) == (242, 240, 235, 255)


def test_what_is_no_picture_gives_the_account_a_face(tmp_path: Path) -> None:
    face = round_avatar(tmp_path / "none", "pip", SIZE)
    whole = file_of(Image.effect_noise((200, 200), 90))
    too_large = file_of(Image.new("1", (5_000, 5_000)))
    another_kind = file_of(Image.new("RGB", (50, 50), "red"), "GIF")
    padded = whole + bytes(MAX_BYTES)
    for data in (b"", b"garbage", whole[: len(whole) // 2], bomb(), too_large, another_kind, padded):
        (tmp_path / "a").write_bytes(data)
        assert round_avatar(tmp_path / "a", "pip", SIZE) == face
    assert round_avatar(tmp_path, "pip", SIZE) == face
    assert round_avatar(tmp_path / "none", "ladle", SIZE) != face
