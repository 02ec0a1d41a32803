"""Writes the timeline as an OpenTimelineIO bundle, which video editors can open: on any machine,
and after the cached pieces are deleted.

Written without the OpenTimelineIO library, which has no wheels for every Python that we support;
the tests read it back with that library. Schemas: https://opentimelineio.readthedocs.io (file
format and "serialized-data": Timeline.1, Stack.1, Track.1, Clip.2, Gap.1, Transition.1, Marker.2).
The bundle (.otioz) is a zip of the document and its media, which have relative paths.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import msgspec

from aura_tui.model.script import SAMPLE_RATE
from aura_tui.model.timeline import sample_at
from aura_tui.pipeline.artifact_files import writing

if TYPE_CHECKING:
    from aura_tui.model.timeline import Clip, Timeline

_Node = dict[str, Any]  # a JSON object of the format; stays inside this module


BUNDLE_TYPE: Final = "application/vnd.opentimelineio+zip"
_VERSION: Final = "1.0.0"  # of the bundle format


def write_bundle(timeline: Timeline, path: Path) -> None:
    """Write the bundle atomically; the bytes are reproducible.

    Raises StageError if it can't be written, or a picture or sound can't be read.
    """
    with writing(path) as file, ZipFile(file, "w") as bundle:
        _put(bundle, "version.txt", _VERSION.encode())
        _put(bundle, "content.otio", otio(timeline).encode())
        for clip in timeline.clips:
            _put(bundle, _picture_url(clip), Path(clip.picture))
            _put(bundle, _sound_url(clip), Path(clip.sound))


def _put(bundle: ZipFile, name: str, content: bytes | Path) -> None:
    # Reproducible: no time, no owner, and no compression, which differs between zlib versions.
    entry = ZipInfo(name)
    entry.compress_type = ZIP_STORED
    entry.create_system = 3
    entry.external_attr = 0o644 << 16
    if isinstance(content, bytes):
        bundle.writestr(entry, content)
        return
    entry.file_size = content.stat().st_size
    with content.open("rb") as source, bundle.open(entry, "w") as target:
        shutil.copyfileobj(source, target, 1 << 20)


def otio(timeline: Timeline) -> str:
    """The bundle's document, as JSON."""
    picture = [_picture(timeline, i) for i in range(len(timeline.clips))]
    children: list[_Node] = []
    for clip, node in zip(timeline.clips, picture, strict=True):
        if clip.fade_in:
            children.append(_crossfade(clip.fade_in // 2, timeline.fps))
        children.append(node)
    tracks = [
        _track("Pictures", "Video", children),
        _track("Narration", "Audio", _sounds(timeline)),
    ]
    markers = [
        {
            "OTIO_SCHEMA": "Marker.2",
            "name": chapter.title,
            "color": "GREEN",
            "metadata": {},
            "marked_range": _range(chapter.start, chapter.end - chapter.start, timeline.fps),
        }
        for chapter in timeline.chapters
    ]
    document = {
        "OTIO_SCHEMA": "Timeline.1",
        "name": timeline.title,
        "metadata": {
            "aura_tui": {
                "language": timeline.language,
                "width": timeline.width,
                "height": timeline.height,
            }
        },
        "global_start_time": _time(0, timeline.fps),
        "tracks": {
            **_item("Stack.1", "tracks", None, markers),
            "children": tracks,
        },
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _picture(timeline: Timeline, index: int) -> _Node:
    """A still image, with handles before and after for the crossfades."""
    clip = timeline.clips[index]
    after = timeline.clips[index + 1].fade_in // 2 if index + 1 < len(timeline.clips) else 0
    before = clip.fade_in // 2
    node = _clip(clip, _picture_url(clip), before, clip.frames, timeline.fps)
    reference = node["media_references"]["DEFAULT_MEDIA"]
    reference["available_range"] = _range(0, before + clip.frames + after, timeline.fps)
    return node


def _sounds(timeline: Timeline) -> list[_Node]:
    """The sound of each scene and the gaps between, in samples: exact at any frame rate."""
    nodes: list[_Node] = []
    at = 0
    for clip in timeline.clips:
        if clip.sound_start > at:
            nodes.append(_gap(clip.sound_start - at))
        nodes.append(_clip(clip, _sound_url(clip), 0, clip.sound_samples, SAMPLE_RATE))
        at = clip.sound_start + clip.sound_samples
    end = sample_at(timeline.frames, timeline.fps)
    if end > at:
        nodes.append(_gap(end - at))
    return nodes


def _track(name: str, kind: str, children: list[_Node]) -> _Node:
    return {**_item("Track.1", name, None, []), "kind": kind, "children": children}


def _clip(clip: Clip, url: str, start: int, count: int, rate: int) -> _Node:
    return {
        **_item("Clip.2", f"{clip.scene}. {clip.title}", _range(start, count, rate), []),
        "media_references": {
            "DEFAULT_MEDIA": {
                "OTIO_SCHEMA": "ExternalReference.1",
                "name": url.rpartition("/")[2],
                "metadata": {},
                "available_range": _range(0, count, rate),
                "available_image_bounds": None,
                "target_url": url,
            }
        },
        "active_media_reference_key": "DEFAULT_MEDIA",
    }


def _gap(samples: int) -> _Node:
    return _item("Gap.1", "", _range(0, samples, SAMPLE_RATE), [])


def _crossfade(half: int, fps: int) -> _Node:
    return {
        "OTIO_SCHEMA": "Transition.1",
        "name": "Crossfade",
        "metadata": {},
        "in_offset": _time(half, fps),
        "out_offset": _time(half, fps),
        "transition_type": "SMPTE_Dissolve",
    }


def _item(schema: str, name: str, source: _Node | None, markers: list[_Node]) -> _Node:
    return {
        "OTIO_SCHEMA": schema,
        "name": name,
        "metadata": {},
        "source_range": source,
        "effects": [],
        "markers": markers,
        "enabled": True,
    }


def _range(start: int, count: int, rate: int) -> _Node:
    return {
        "OTIO_SCHEMA": "TimeRange.1",
        "start_time": _time(start, rate),
        "duration": _time(count, rate),
    }


def _time(value: int, rate: int) -> _Node:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": float(rate), "value": float(value)}


def _picture_url(clip: Clip) -> str:
    return f"media/scene-{clip.scene:03d}{Path(clip.picture).suffix}"


def _sound_url(clip: Clip) -> str:
    return f"media/scene-{clip.scene:03d}{Path(clip.sound).suffix}"
