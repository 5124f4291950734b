"""What the sample accounts would look like if they had pictures: drawn for them, in flat colours."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageDraw

SIZE, SMOOTH = 400, 4

Shape = tuple[str, list[tuple[float, float]]]

# In hundredths of a side; two points are an ellipse's corners, more are a polygon's.
LIGHTHOUSE: list[Shape] = [
    ("#16324f", [(0, 0), (100, 0), (100, 100), (0, 100)]),
    ("#ffe9a8", [(50, 30), (100, 8), (100, 44)]),
    ("#ffe9a8", [(50, 30), (0, 18), (0, 40)]),
    ("#f4f1e8", [(40, 88), (44, 38), (56, 38), (60, 88)]),
    ("#d9483b", [(41.9, 64), (43, 50), (57, 50), (58.1, 64)]),
    ("#d9483b", [(40, 88), (41, 76), (59, 76), (60, 88)]),
    ("#fff6d5", [(45, 26), (55, 26), (55, 37), (45, 37)]),
    ("#22222c", [(42, 36), (58, 36), (58, 39), (42, 39)]),
    ("#d9483b", [(43, 26), (50, 18), (57, 26)]),
    ("#5b6b73", [(18, 84), (82, 112)]),
]
SOUP: list[Shape] = [
    ("#2b1b4d", [(0, 0), (100, 0), (100, 100), (0, 100)]),
    ("#f9d65c", [(16, 14), (20, 18)]),
    ("#f9d65c", [(78, 22), (81, 25)]),
    ("#f9d65c", [(64, 10), (66, 12)]),
    ("#7fd1c3", [(24, 34), (24, 86), (76, 86), (76, 34)]),
    ("#7fd1c3", [(24, 72), (76, 98)]),
    ("#4fa899", [(20, 38), (26, 38), (26, 58), (20, 58)]),
    ("#4fa899", [(74, 38), (80, 38), (80, 58), (74, 58)]),
    ("#5fbcad", [(24, 24), (76, 46)]),
    ("#e8843c", [(28, 26.5), (72, 43.5)]),
    ("#f6f1e6", [(66, 8), (71, 8), (60, 38), (54, 38)]),
]


def avatar(shapes: list[Shape]) -> bytes:
    """A PNG of SIZE × SIZE pixels."""
    scale = SIZE * SMOOTH / 100
    picture = Image.new("RGB", (SIZE * SMOOTH, SIZE * SMOOTH))
    pen = ImageDraw.Draw(picture)
    for colour, points in shapes:
        places = [(x * scale, y * scale) for x, y in points]
        (pen.ellipse if len(points) == 2 else pen.polygon)(places, fill=colour)
    file = BytesIO()
    picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS).save(file, "PNG")
    return file.getvalue()
