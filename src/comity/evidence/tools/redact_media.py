"""A film or sound, encoded anew, black and silent in some stretches of time."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any, BinaryIO

import av
import numpy as np

from comity.evidence.tools import Unfit

MILLISECONDS = 1000
Hidden = Callable[[int, int], bool]


def main(arguments: list[str], source: BinaryIO, target: BinaryIO) -> None:
    """Argument: the stretches as JSON, each from and to in milliseconds, the end not included."""
    stretches = [(first, last) for first, last in json.loads(arguments[0])]
    with av.open(source, "r") as given:
        length = (given.duration or 0) * MILLISECONDS // av.time_base
        if any(first >= length > 0 or first >= last for first, last in stretches):
            raise Unfit("range_outside")
        with av.open(target, "w", format="mp4" if given.streams.video else "ipod") as made:
            copy(given, made, _in_one_of(stretches))


def _in_one_of(stretches: list[tuple[int, int]]) -> Hidden:
    return lambda at, end: any(first < end and at < last for first, last in stretches)


def copy(given: Any, made: Any, hidden: Hidden, span: tuple[int, int] | None = None) -> None:
    """Encode pictures and sound anew; hidden: says of a frame's times in milliseconds if it goes.

    span: only what lies between these times, moved to the start.
    """
    first, last = span or (0, 1 << 62)
    pairs: dict[int, Any] = {}
    for stream in [*given.streams.video[:1], *given.streams.audio[:1]]:
        pairs[stream.index] = _encoder(stream, made)
    if not pairs:
        raise Unfit("range_outside")
    for frame, out in _frames(given, pairs):
        at = int(frame.time * MILLISECONDS)
        if not first <= at < last:
            continue
        shown = _hidden(frame) if hidden(at, at + _lasts(frame)) else frame
        shown = _moved(shown, frame, first)
        for packet in out.encode(shown):
            made.mux(packet)
    for out in pairs.values():
        for packet in out.encode(None):
            made.mux(packet)


def _encoder(stream: Any, made: Any) -> Any:
    if stream.type == "audio":
        out = made.add_stream("aac", rate=stream.rate)
        out.layout = "mono" if stream.channels == 1 else "stereo"
        return out
    out = made.add_stream("libx264", rate=stream.average_rate or 25)
    out.width, out.height = stream.width // 2 * 2, stream.height // 2 * 2
    out.pix_fmt = "yuv420p"
    out.options = {"crf": "20", "preset": "veryfast"}
    out.codec_context.time_base = Fraction(1, 90_000)
    return out


def _frames(given: Any, pairs: dict[int, Any]) -> Any:
    for packet in given.demux([given.streams[index] for index in pairs]):
        for frame in packet.decode():
            if frame.time is not None:
                yield frame, pairs[packet.stream.index]


def _lasts(frame: Any) -> int:
    """How long a piece of sound lasts, in milliseconds, rounded up; a picture counts as one."""
    if isinstance(frame, av.VideoFrame):
        return 1
    return int(frame.samples * MILLISECONDS // frame.sample_rate) + 1


def _hidden(frame: Any) -> Any:
    """A black picture, or silence, in the place of a frame; none of its samples is in it."""
    if isinstance(frame, av.VideoFrame):
        black = np.zeros((frame.height, frame.width, 3), dtype=np.uint8)
        return av.VideoFrame.from_ndarray(black, format="rgb24")
    blank = av.AudioFrame(frame.format.name, frame.layout.name, frame.samples)
    for plane in blank.planes:
        middle = b"\x80" if frame.format.name.startswith("u8") else b"\x00"
        plane.update(middle * plane.buffer_size)
    blank.sample_rate = frame.sample_rate
    return blank


def _moved(shown: Any, frame: Any, first: int) -> Any:
    if shown is not frame:
        shown.time_base = frame.time_base
    shown.pts = frame.pts - int(Fraction(first, MILLISECONDS) / frame.time_base)
    if isinstance(shown, av.VideoFrame):
        shown.pict_type = 0
    return shown
