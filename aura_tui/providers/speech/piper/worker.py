"""A program that speaks sentences with Piper and the user's model. Started by file path.

Only this process loads Piper's ONNX Runtime and its phonemizer, which is under the GPL.

Standard input is one JSON object: model (path of the .onnx, with its .onnx.json beside it),
speaker (number or null), rate (factor), sentences, out (path of the WAV), max_s. Standard output
is one JSON object: rate, ends (of each sentence, in samples). Exit status 4: the sound would be
longer than max_s.
"""

from __future__ import annotations

import contextlib
import json
import sys
import wave

_TOO_LONG = 4


def main() -> None:
    """Run the program; see the module's docstring."""
    request = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):  # keep a library's output out of our reply
        reply = _speak(request)
    json.dump(reply, sys.stdout)


def _speak(request: dict[str, object]) -> dict[str, object]:
    from piper import PiperVoice, SynthesisConfig

    voice = PiperVoice.load(request["model"])
    pace = voice.config.length_scale / float(str(request["rate"]))
    config = SynthesisConfig(speaker_id=request["speaker"], length_scale=pace)
    sentences = request["sentences"]
    assert isinstance(sentences, list)
    rate: int = voice.config.sample_rate
    limit = float(str(request["max_s"])) * rate
    ends: list[int] = []
    samples = 0
    with wave.open(str(request["out"]), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        for sentence in sentences:
            for chunk in voice.synthesize(sentence, syn_config=config):
                sound = chunk.audio_int16_bytes
                out.writeframesraw(sound)
                samples += len(sound) // 2
                if samples > limit:
                    sys.exit(_TOO_LONG)
            ends.append(samples)
    return {"rate": rate, "ends": ends}


if __name__ == "__main__":
    main()
