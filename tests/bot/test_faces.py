from __future__ import annotations

from io import BytesIO

from PIL import Image

from bot.faces import SIZE, face


def test_a_face_is_a_picture_of_its_own_and_the_same_each_time() -> None:
    assert face("pip") == face("pip")
    assert len({face(f"name{n}") for n in range(50)}) == 50
    picture = Image.open(BytesIO(face("pip")))
    assert (picture.format, picture.size) == ("PNG", (SIZE, SIZE))
    assert len(picture.convert("RGB").getcolors() or []) == 2
