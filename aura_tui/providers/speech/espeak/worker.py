"""A program that speaks one text with eSpeak NG. Started by file path, once per scene.

Only this process loads the GPL library, so a crash in it is isolated. Each process speaks one text:
the library's state would make a second text sound different, while a fresh process always gives
the same bytes for the same text.

Standard input is one JSON object: library, data (paths), voice, text, words_per_minute,
pitch (0-100), out (path of the WAV), max_s. Standard output is one JSON object: rate, samples,
words [[position, start, end], ...] with positions in characters of the text and times in samples.
Exit status: 3 the voice is unusable, 4 the sound would be longer than max_s.

Runs without site-packages: it may import only the standard library.
"""

from __future__ import annotations

import ctypes
import json
import sys
import wave

# speak_lib.h of eSpeak NG 1.52
_OUTPUT_SYNCHRONOUS = 2
_INIT_PHONEME_EVENTS, _INIT_DONT_EXIT = 0x0001, 0x8000
_CHARS_UTF8, _ENDPAUSE = 1, 0x1000  # never 0x10 (SSML) or 0x100 ([[phonemes]]): plain text only
_RATE, _PITCH = 1, 3
_EVENT_END, _EVENT_WORD, _EVENT_PHONEME = 0, 1, 7

_VOICE_UNUSABLE, _TOO_LONG = 3, 4
_TAIL_S = 0.08  # kept after the last phoneme, for its decay


class _Id(ctypes.Union):
    _fields_ = [
        ("number", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("string", ctypes.c_char * 8),
    ]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),  # characters, from 1
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    ]


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class _Synthesis:
    """Collects the result of a synthesis: the sound, and where words and pauses start."""

    def __init__(self) -> None:
        self.sound = bytearray()
        self.words: list[tuple[int, int]] = []
        self.pauses: list[int] = []
        self.max_bytes = 0.0
        self.too_long = False

    def collect(self, sound: object, count: int, events: object) -> int:
        if sound and count > 0:
            self.sound += ctypes.string_at(sound, count * 2)  # type: ignore[arg-type] # a pointer
            self.too_long = len(self.sound) > self.max_bytes
        i = 0
        while (event := events[i]).type != _EVENT_END:  # type: ignore[index] # a C array
            if event.type == _EVENT_WORD:
                self.words.append((event.text_position - 1, event.sample))
            elif event.type == _EVENT_PHONEME and event.id.string.startswith(b"_"):
                self.pauses.append(event.sample)
            i += 1
        return 1 if self.too_long else 0


def _speak(request: dict[str, str], synthesis: _Synthesis) -> int:
    """Run the synthesis and return the sample rate, or exit with one of this module's statuses."""
    library = ctypes.CDLL(request["library"])
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_uint,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_uint,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]
    rate: int = library.espeak_Initialize(
        _OUTPUT_SYNCHRONOUS,
        0,
        request["data"].encode(),
        _INIT_PHONEME_EVENTS | _INIT_DONT_EXIT,
    )
    if rate <= 0:
        sys.exit(f"eSpeak NG can't start: status {rate}")
    callback = _Callback(synthesis.collect)
    library.espeak_SetSynthCallback(callback)
    if library.espeak_SetVoiceByName(request["voice"].encode()):
        sys.exit(_VOICE_UNUSABLE)
    library.espeak_SetParameter(_RATE, int(request["words_per_minute"]), 0)
    library.espeak_SetParameter(_PITCH, int(request["pitch"]), 0)
    text = request["text"].encode() + b"\0"
    synthesis.max_bytes = float(request["max_s"]) * rate * 2
    status = library.espeak_Synth(text, len(text), 0, 1, 0, _CHARS_UTF8 | _ENDPAUSE, None, None)
    if synthesis.too_long:
        sys.exit(_TOO_LONG)
    if status:
        sys.exit(f"eSpeak NG can't speak: status {status}")
    return rate


def _spans(synthesis: _Synthesis, samples: int) -> list[tuple[int, int, int]]:
    """(position, start, end) of each word; a word ends where the next word or a pause starts."""
    spans = []
    pauses = iter([*synthesis.pauses, samples])
    pause = next(pauses)
    for i, (position, start) in enumerate(synthesis.words):
        while pause <= start and pause < samples:
            pause = next(pauses)
        following = synthesis.words[i + 1][1] if i + 1 < len(synthesis.words) else samples
        spans.append((position, start, max(start, min(following, pause, samples))))
    return spans


def main() -> None:
    """Run the program; see the module's docstring."""
    request = json.load(sys.stdin)
    synthesis = _Synthesis()
    rate = _speak(request, synthesis)
    samples = len(synthesis.sound) // 2
    spans = _spans(synthesis, samples)
    if spans:
        samples = min(samples, max(end for _, _, end in spans) + int(_TAIL_S * rate))
    with wave.open(request["out"], "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(synthesis.sound[: samples * 2])
    json.dump({"rate": rate, "samples": samples, "words": spans}, sys.stdout)


if __name__ == "__main__":
    main()
