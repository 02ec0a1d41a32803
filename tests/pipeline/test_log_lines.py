"""The texts of the job's log that stages share."""

from __future__ import annotations

from pathlib import Path

from aura_tui.model.request import RenderSpec
from aura_tui.pipeline.encoding.codec_args import video_codec
from aura_tui.pipeline.log_lines import command, scenes_reused
from aura_tui.providers.ffmpeg import FFmpeg
from aura_tui.settings import RenderSettings


def test_reused_scenes_are_ranges_on_one_short_line() -> None:
    assert scenes_reused([]) == ""
    assert scenes_reused([3]) == "Reused scene 3"
    assert scenes_reused([7, 1, 2, 3, 2]) == "Reused scenes 1-3, 7"
    many = scenes_reused(range(1, 600, 2))
    assert many == "Reused scenes 1, 3, 5, 7, 9, 11, 13, 15 and 292 more"


def test_a_command_has_no_path_of_this_machine_and_one_bounded_line() -> None:
    ffmpeg = FFmpeg(path="/opt/my tools/ffmpeg", version="7", source="path", identity="x")
    shown = command(ffmpeg, ("-i", Path("/home/me/a b.wav"), "-af", "x=1\ny", "out.mp4"))
    assert shown == "ffmpeg -i 'a b.wav' -af 'x=1 y' out.mp4"
    assert len(command(ffmpeg, ["x" * 5000])) <= 400


def test_a_command_is_shortened_to_what_it_does_and_says_so() -> None:
    ffmpeg = FFmpeg(path="/opt/ffmpeg", version="7", source="path", identity="x")
    codec = video_codec((640, 360), 30, RenderSpec(), RenderSettings(lanes=1))
    assert command(ffmpeg, codec.arguments(Path("segment.mp4"))) == (
        "ffmpeg -f rawvideo -framerate 30 -video_size 640x360 -i pipe:0 "
        "-c:v libx264 -preset veryfast -crf 23 -f mp4 segment.mp4 (shortened)"
    )
