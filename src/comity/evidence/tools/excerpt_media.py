"""A stretch of a film or of sound: its own packets where a cut can be clean, else encoded anew."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, BinaryIO

import av

from comity.evidence.tools import Unfit
from comity.evidence.tools.redact_media import MILLISECONDS, copy

# A player begins at a key frame; one that lies within this of the wanted start is that start.
NEAR_MS = 20
_CONTAINERS = (
    ("mp4", frozenset({"h264", "hevc", "av1", "aac", "mp3"})),
    ("webm", frozenset({"vp8", "vp9", "opus", "vorbis"})),
    ("wav", frozenset({"pcm_s16le", "pcm_s24le"})),
    ("flac", frozenset({"flac"})),
)


def main(arguments: list[str], source: BinaryIO, target: BinaryIO) -> None:
    """Arguments: "copy" or "encode", from and to in milliseconds, the end not included.

    Raises Unfit("cannot_copy") if the packets as they are would show more than was asked for.
    """
    how, first, last = arguments[0], int(arguments[1]), int(arguments[2])
    with av.open(source, "r") as given:
        length = (given.duration or 0) * MILLISECONDS // av.time_base
        if not 0 <= first < last or first >= length > 0:
            raise Unfit("range_outside")
        if last > length > 0:
            raise Unfit("past_the_end")
        if how == "copy":
            _copy_packets(given, target, first, last)
            return
        with av.open(target, "w", format="mp4" if given.streams.video else "ipod") as made:
            copy(given, made, lambda _at, _end: False, (first, last))


def _copy_packets(given: Any, target: BinaryIO, first: int, last: int) -> None:
    streams = [*given.streams.video[:1], *given.streams.audio[:1]]
    codecs = {stream.codec_context.name for stream in streams}
    form = next((name for name, fits in _CONTAINERS if codecs <= fits), "")
    if not form or not streams:
        raise Unfit("cannot_copy")
    with av.open(target, "w", format=form) as made:
        pairs = {each.index: made.add_stream_from_template(each) for each in streams}
        begun = dict.fromkeys(pairs, False)
        for packet in given.demux(streams):
            _mux(packet, pairs, begun, (first, last), made)
        if not all(begun.values()):
            raise Unfit("cannot_copy")


def _mux(
    packet: Any, pairs: dict[int, Any], begun: dict[int, bool], span: tuple[int, int], made: Any
) -> None:
    first, last = span
    index = packet.stream.index
    if packet.pts is None:
        return
    at = packet.pts * packet.time_base * MILLISECONDS
    if not first - NEAR_MS <= at < last:
        return
    if not begun[index]:
        if not packet.is_keyframe or (packet.stream.type == "video" and at > first + NEAR_MS):
            raise Unfit("cannot_copy")
        begun[index] = True
    moved = int(Fraction(first, MILLISECONDS) / packet.time_base)
    packet.pts = max(0, packet.pts - moved)
    packet.dts = None if packet.dts is None else packet.dts - moved
    packet.stream = pairs[index]
    made.mux(packet)
