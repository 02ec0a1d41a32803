"""Frames: the right colours, motion without judder, bounded memory."""

from __future__ import annotations

import itertools
import statistics
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from aura_tui.model.timeline import Cue
from aura_tui.pipeline.encoding.burn_captions import Overlay, caption_fonts
from aura_tui.pipeline.encoding.frames import Painter, PictureError, blend, to_yuv
from aura_tui.pipeline.encoding.pixel_buffer import pixels
from aura_tui.pipeline.encoding.segments import Burned, Layer, Segment
from aura_tui.pipeline.encoding.worker import frames
from aura_tui.pipeline.timeline.schedule import _ZOOM as MOST_ZOOM
from aura_tui.providers.visuals.card_layouts.boxes import sheet
from aura_tui.providers.visuals.drawing.protocol import card_size

if TYPE_CHECKING:
    from pathlib import Path

FULL = (0.0, 0.0, 1.0, 1.0)


def layer(picture: Path, end: tuple[float, float, float, float] = FULL, span: int = 60) -> Layer:
    return Layer(picture=str(picture), start=FULL, end=end, offset=0, span=span)


def flat(path: Path, colour: tuple[int, int, int]) -> Path:
    Image.new("RGB", (384, 216), colour).save(path)
    return path


@pytest.mark.parametrize(
    ("rgb", "yuv"),
    [
        ((0, 0, 0), (16, 128, 128)),
        ((255, 255, 255), (235, 128, 128)),
        ((255, 0, 0), (63, 102, 240)),
        ((0, 255, 0), (173, 42, 26)),
        ((0, 0, 255), (32, 240, 118)),
    ],
)
def test_colours_are_bt709_in_limited_range(
    rgb: tuple[int, int, int], yuv: tuple[int, int, int]
) -> None:
    planes = to_yuv(Image.new("RGB", (4, 4), rgb))
    assert tuple(plane.getpixel((1, 1)) for plane in planes) == pytest.approx(yuv, abs=1)


def test_chroma_lies_on_even_columns() -> None:
    image = Image.new("RGB", (8, 2), (0, 0, 0))
    image.paste((0, 0, 255), (4, 0, 8, 2))
    _, u, _ = to_yuv(image)
    # Column 4 is the first blue one: its sample takes a quarter from the black one before it.
    assert [u.getpixel((x, 0)) for x in range(4)] == pytest.approx([128, 128, 212, 240], abs=2)


def test_a_pan_moves_evenly_by_parts_of_a_pixel(tmp_path: Path) -> None:
    edge = Image.new("RGB", (384, 216))
    edge.paste((255, 255, 255), (180, 0, 384, 216))
    edge.save(tmp_path / "edge.png")
    pan = Layer(
        picture=str(tmp_path / "edge.png"),
        start=(0, 0, 0.9, 0.9),
        end=(0.1, 0, 1.0, 0.9),
        offset=0,
        span=200,
    )
    painter = Painter(320, 180)
    where = []  # the edge, in pixels from the right: what a row holds of white
    for number in range(200):
        row = painter.frame(pan, number)[0].crop((0, 90, 320, 91)).tobytes()
        where.append(sum(value - 16 for value in row) / 219)
    step = (where[-1] - where[0]) / 199
    assert step == pytest.approx(0.1 * 320 / 0.9 / 199, rel=0.03)
    off = [value - step * i for i, value in enumerate(where)]
    assert max(off) - min(off) < 0.6
    assert statistics.pstdev(off) < 0.15, "whole pixels would give 0.29: visible judder"


def colourful(path: Path) -> Path:
    image = Image.new("RGB", (384, 216))
    image.paste((255, 40, 0), (180, 0, 384, 216))
    image.save(path)
    return path


def moved(picture: Path, span: int, offset: int = 0) -> Layer:
    start, end = (0.0, 0.0, 0.9, 0.9), (0.1, 0.0, 1.0, 0.9)
    return Layer(picture=str(picture), start=start, end=end, offset=offset, span=span)


def test_colour_moves_every_second_frame_where_that_is_less_than_a_sample_can_show(
    tmp_path: Path,
) -> None:
    picture = colourful(tmp_path / "a.png")
    slow, fast = moved(picture, span=400), moved(picture, span=20)
    painter = Painter(320, 180)
    seen = [painter.frame(slow, number) for number in range(8)]
    assert [a[1] is b[1] and a[2] is b[2] for a, b in itertools.pairwise(seen)] == [
        *(True, False, True, False, True, False, True)
    ]
    seen = [painter.frame(fast, number) for number in range(8)]
    assert not any(a[1] is b[1] for a, b in itertools.pairwise(seen))


@pytest.mark.parametrize("span", [20, 400])
def test_a_frame_is_the_same_wherever_its_segment_begins(tmp_path: Path, span: int) -> None:
    picture = colourful(tmp_path / "a.png")
    whole, later = moved(picture, span), moved(picture, span, offset=7)
    one, other = Painter(320, 180), Painter(320, 180)
    for number in range(7, 15):
        expected = one.frame(whole, number)
        found = other.frame(later, number - 7)
        assert [p.tobytes() for p in found] == [p.tobytes() for p in expected]


def test_a_picture_without_motion_is_drawn_once(tmp_path: Path) -> None:
    segment = Segment(
        scene=1, first=0, frames=5, layers=(layer(flat(tmp_path / "a.png", (9, 9, 9)), span=1),)
    )
    seen = list(frames(segment, Painter(320, 180)))
    assert len(seen) == 5
    assert all(frame is seen[0] for frame in seen)


def test_every_frame_has_the_planes_of_its_size(tmp_path: Path) -> None:
    moving = layer(flat(tmp_path / "a.png", (200, 30, 90)), (0.03, 0.03, 0.97, 0.97))
    painter = Painter(322, 182)
    for frame in frames(Segment(scene=1, first=0, frames=3, layers=(moving,)), painter):
        assert [plane.size for plane in frame] == [(322, 182), (161, 91), (161, 91)]
        assert [len(plane.tobytes()) for plane in frame] == [322 * 182, 161 * 91, 161 * 91]


def test_enlarged_planes_are_bounded_at_any_frame_size(tmp_path: Path) -> None:
    painter = Painter(3840, 2160)
    moving = layer(flat(tmp_path / "a.png", (1, 2, 3)), (0.03, 0.03, 0.97, 0.97))
    painter.frame(moving, 0)
    (planes,) = painter._kept.values()
    assert sum(plane.width * plane.height for plane in planes) <= 1.5 * 48_000_000


def test_only_two_pictures_are_kept(tmp_path: Path) -> None:
    painter = Painter(320, 180)
    for i in range(5):
        painter.prepare(layer(flat(tmp_path / f"{i}.png", (i, i, i))))
    assert len(painter._kept) == 2


def test_a_blend_takes_its_share_of_each() -> None:
    one, other = to_yuv(Image.new("RGB", (4, 4))), to_yuv(Image.new("RGB", (4, 4), "white"))
    assert blend(one, other, 0.25)[0].getpixel((0, 0)) == pytest.approx(16 + 219 / 4, abs=1)


def test_a_broken_picture_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"\x89PNG no")
    for path in (bad, tmp_path / "absent.png"):
        with pytest.raises(PictureError) as caught:
            Painter(320, 180).frame(layer(path), 0)
        assert caught.value.picture == str(path)


@pytest.mark.parametrize("size", [(320, 180), (180, 320), (128, 128), (1280, 720)])
def test_a_burned_caption_lies_inside_the_frame_and_leaves_the_plain_one_alone(
    size: tuple[int, int],
) -> None:
    plain = to_yuv(Image.new("RGB", size, (120, 120, 120)))
    before = [plane.tobytes() for plane in plain]
    lines = ("A line of a caption, as long as they get", "and the second of them \u00c5")
    drawn = Overlay(lines, *size).over(plain)
    assert [plane.tobytes() for plane in plain] == before
    changed = Image.eval(drawn[0], lambda v: 0 if v == before[0][0] else 255).getbbox()
    assert changed is not None
    left, top, right, bottom = changed
    assert left > 0
    assert right < size[0]
    assert top > size[1] // 2
    assert bottom < size[1]
    assert abs(left + right - size[0]) <= 4, "in the middle"
    assert max(drawn[0].tobytes()) > 200, "white text"


@pytest.mark.parametrize("size", [(640, 360), (1280, 720), (360, 640), (480, 480)])
def test_a_burned_caption_stays_clear_of_what_a_card_shows(size: tuple[int, int]) -> None:
    plain = to_yuv(Image.new("RGB", size, (120, 120, 120)))
    drawn = Overlay(("A line of a caption", "and the second of them"), *size).over(plain)
    top = Image.eval(drawn[0], lambda v: 0 if v == plain[0].getpixel((0, 0)) else 255).getbbox()
    assert top is not None
    page = sheet(*card_size(*size))
    closest = 1 + MOST_ZOOM  # what motion enlarges grows from the middle
    lowest = ((page.area.bottom / page.height - 0.5) * closest + 0.5) * size[1]
    assert top[1] > lowest + 0.008 * size[1]


def test_captions_change_at_their_frames(tmp_path: Path) -> None:
    segment = Segment(
        scene=1,
        first=0,
        frames=9,
        layers=(layer(flat(tmp_path / "a.png", (90, 90, 90)), span=1),),
        burned=(Burned(first=2, stop=4, lines=("one",)), Burned(first=4, stop=8, lines=("two",))),
    )
    data = [frame[0].tobytes() for frame in frames(segment, Painter(320, 180))]
    kinds = [data.index(frame) for frame in data]
    assert kinds == [0, 0, 2, 2, 4, 4, 4, 4, 0]


def test_what_no_font_has_is_left_out_of_burned_captions_and_said() -> None:
    cues = (
        Cue(start_s=0, end_s=1, lines=("plain \u00e9", "two")),
        Cue(start_s=1, end_s=2, lines=("a \U000e0fff b",)),
        Cue(start_s=2, end_s=3, lines=("\U000e0fff",)),
    )
    fonts = caption_fonts(cues)
    assert [cue.lines for cue in fonts.cues] == [("plain \u00e9", "two"), ("a b",)]
    assert caption_fonts(cues[:1]).warnings == ()


@pytest.mark.parametrize("size", [(1280, 720), (427, 241), (1, 1), (8000, 4000)])
def test_pixels_are_the_images_own_bytes_and_outlive_it(size: tuple[int, int]) -> None:
    image = Image.effect_noise(size, 60)
    expected = image.tobytes()
    view = pixels(image)
    del image
    others = [Image.new("L", size, 7) for _ in range(3)]  # would take the memory, were it free
    assert view.nbytes == len(expected)
    assert bytes(view) == expected
    assert bytes(view[1:]) == expected[1:]
    assert len(others) == 3
