"""Provider folder, and the reading of pictures from anywhere."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageDraw

from aura_tui.errors import Code, InputError, StageError
from aura_tui.providers.protocols import FrameSpec
from aura_tui.providers.visuals.drawing import photo
from aura_tui.providers.visuals.folder import Folder, natural, pictures
from tests.providers.picture_bench import FRAME, Bench, titles

if TYPE_CHECKING:
    from pathlib import Path

RED, BLUE = (220, 30, 30), (30, 30, 220)


def halves(width: int, height: int) -> Image.Image:
    """Red above, blue below."""
    image = Image.new("RGB", (width, height), RED)
    ImageDraw.Draw(image).rectangle((0, height // 2, width, height), BLUE)
    return image


def near(pixel: object, colour: tuple[int, int, int], slack: int = 30) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(a - b) <= slack for a, b in zip(pixel, colour, strict=True))


async def shown(folder: Path, scenes: int, tmp_path: Path) -> tuple[list[Image.Image], Bench]:
    provider, ctx = Folder(str(folder)), Bench(tmp_path)
    script = titles(*["A"] * scenes)
    images = []
    for scene in script.scenes:
        out = tmp_path / f"out{scene.number}.png"
        await provider.draw(scene, script, FRAME, out, ctx)
        with Image.open(out) as image:
            images.append(image.copy())
    await provider.close()
    return images, ctx


async def test_pictures_come_in_the_order_people_count_and_take_turns(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    colours = {"2.png": (10, 200, 10), "10.png": RED, "1.PNG": BLUE}
    for name, colour in colours.items():
        Image.new("RGB", (160, 90), colour).save(folder / name)
    (folder / "notes.txt").write_text("no picture")
    (folder / ".hidden.png").write_bytes(b"")
    images, ctx = await shown(folder, 4, tmp_path)
    order = [BLUE, (10, 200, 10), RED, BLUE]
    for image, colour in zip(images, order, strict=True):
        assert near(image.getpixel((175, 98)), colour)
    assert ctx.logged == ["The folder has 3 pictures for 4 scenes: pictures will repeat"]


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "bmp", "tiff"])
def test_each_format_is_read(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    halves(320, 180).save(path)
    image = photo.read(str(path), path.name, 350, 196)
    assert (image.size, image.mode) == ((350, 196), "RGB")
    assert near(image.getpixel((175, 20)), RED)
    assert near(image.getpixel((175, 180)), BLUE)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "I", "F"])
def test_each_mode_becomes_rgb(mode: str, tmp_path: Path) -> None:
    path = tmp_path / ("a.tiff" if mode in ("CMYK", "F", "I", "I;16") else "a.png")
    halves(64, 36).convert("L" if mode in ("I;16",) else "RGB").convert(mode).save(path)
    assert photo.read(str(path), "a", 64, 36).mode == "RGB"


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path) -> None:
    image = Image.new("I;16", (64, 36), 1000)
    image.paste(9000, (0, 18, 64, 36))
    image.save(tmp_path / "deep.png")
    read = photo.read(str(tmp_path / "deep.png"), "deep", 64, 36)
    assert near(read.getpixel((32, 5)), (0, 0, 0))
    assert near(read.getpixel((32, 30)), (255, 255, 255))


def test_the_camera_s_orientation_is_respected(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    halves(320, 180).save(tmp_path / "turned.jpg", exif=exif)
    image = photo.read(str(tmp_path / "turned.jpg"), "turned", 320, 180)
    assert near(image.getpixel((160, 20)), BLUE)


def test_an_animated_gif_shows_its_first_frame(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (32, 18), RED), Image.new("RGB", (32, 18), BLUE)
    first.save(tmp_path / "a.gif", save_all=True, append_images=[second], duration=100)
    assert near(photo.read(str(tmp_path / "a.gif"), "a", 32, 18).getpixel((16, 9)), RED)


def test_what_is_transparent_does_not_turn_black(tmp_path: Path) -> None:
    Image.new("RGBA", (32, 18), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert near(photo.read(str(tmp_path / "a.png"), "a", 32, 18).getpixel((16, 9)), (245, 245, 247))


def test_a_near_ratio_fills_the_frame_and_a_far_one_is_shown_whole(tmp_path: Path) -> None:
    halves(400, 300).save(tmp_path / "near.png")
    halves(200, 600).save(tmp_path / "far.png")
    near_one = photo.read(str(tmp_path / "near.png"), "near", 350, 196)
    assert near(near_one.getpixel((0, 0)), RED)
    far = photo.read(str(tmp_path / "far.png"), "far", 350, 196)
    column = [far.getpixel((175, y)) for y in range(196)]
    top = next(y for y, pixel in enumerate(column) if near(pixel, RED))
    bottom = max(y for y, pixel in enumerate(column) if near(pixel, BLUE))
    assert 196 * 0.05 < top < 196 * 0.08  # within what motion always shows
    assert 196 * 0.92 < bottom < 196 * 0.95
    assert not near(far.getpixel((20, 40)), RED)  # its surroundings are darker


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and has no data to speak of."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000))


def cut_jpeg() -> bytes:
    data = io.BytesIO()
    halves(640, 360).save(data, "JPEG")
    return data.getvalue()[:800]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not a supported image"),
        (b"GIF89a", "is damaged"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a supported image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a supported image"),
        (png_header(320, 180), "is damaged"),
        (png_header(30_000, 30_000), "million pixels"),
        (png_header(11_000, 10_000), "million pixels"),
        (cut_jpeg(), "is damaged"),
    ],
)
async def test_a_broken_or_giant_picture_fails_by_name(
    data: bytes, why: str, tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "holiday.png").write_bytes(data)
    with pytest.raises(StageError) as failed:
        await shown(folder, 1, tmp_path)
    assert failed.value.code is Code.PICTURE_INVALID
    assert "holiday.png" in failed.value.message
    assert why in failed.value.message
    assert failed.value.remediation


def test_a_file_that_is_too_large_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    halves(32, 18).save(tmp_path / "a.png")
    monkeypatch.setattr(photo, "MAX_FILE_BYTES", 10)
    with pytest.raises(StageError, match="larger than"):
        photo.read(str(tmp_path / "a.png"), "a.png", 32, 18)


def test_a_folder_that_is_unset_missing_or_empty_is_refused(tmp_path: Path) -> None:
    for folder, code in (
        ("", Code.OPTION_INVALID),
        (str(tmp_path / "none"), Code.PICTURE_FOLDER_EMPTY),
        (str(tmp_path), Code.PICTURE_FOLDER_EMPTY),
    ):
        with pytest.raises(InputError) as refused:
            pictures(folder)
        assert refused.value.code is code
        assert refused.value.field == "visuals.folder"


def test_the_card_and_the_theme_change_nothing(tmp_path: Path) -> None:
    halves(32, 18).save(tmp_path / "a.png")
    provider = Folder(str(tmp_path))
    one, other = titles("A"), titles("B", "C")
    paper = FrameSpec(width=320, height=180, theme="paper")
    assert provider.inputs(one.scenes[0], one, FRAME) == provider.inputs(
        other.scenes[1], other, paper
    )


def test_names_sort_as_people_count() -> None:
    names = ["b2.png", "a10.png", "a2.png", "A1.png", "10.png", "9.png", "a.png", "2.jpg"]
    assert sorted(names, key=natural) == [
        "2.jpg", "9.png", "10.png", "A1.png", "a2.png", "a10.png", "a.png", "b2.png",
    ]  # fmt: skip
