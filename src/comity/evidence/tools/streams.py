"""What sound and film hold, as PyAV (FFmpeg) reads their streams."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import av

from comity.evidence.tools import remote

STREAMS_AT_MOST = 32


def main() -> None:
    """Answer with one frame: the version, and each fact with its group, name and value."""
    target = remote.answers()
    with remote.given() as source, av.open(source, "r", metadata_errors="replace") as container:
        facts = [[group, name, str(value)[:500]] for group, name, value in _facts(container)]
    number = ".".join(map(str, av.library_versions["libavformat"]))
    version = f"PyAV {av.__version__}, libavformat {number}"
    remote.write_frame(target, {"version": version, "facts": facts})


def _facts(container: Any) -> Iterator[tuple[str, str, object]]:
    yield "Container", "Format", container.format.name
    if container.duration:
        yield "Container", "Duration", f"{container.duration / av.time_base:.3f} s"
    if container.bit_rate:
        yield "Container", "BitRate", f"{container.bit_rate} bit/s"
    for name, value in container.metadata.items():
        yield "Container", name, value
    for stream in islice(container.streams, STREAMS_AT_MOST):
        group = f"Stream {stream.index}"
        yield group, "Type", stream.type
        for name, value in _stream(stream):
            if value:
                yield group, name, value
        for name, value in stream.metadata.items():
            yield group, name, value


def _stream(stream: Any) -> Iterator[tuple[str, object]]:
    context = getattr(stream, "codec_context", None)
    if context is None:
        return
    yield "Codec", context.name
    yield "Profile", getattr(context, "profile", None)
    if stream.duration and stream.time_base:
        yield "Duration", f"{float(stream.duration * stream.time_base):.3f} s"
    if stream.type == "video":
        yield "Size", f"{context.width} x {context.height}"
        yield "FrameRate", f"{float(stream.average_rate):.3f}" if stream.average_rate else None
        yield "Rotation", _rotation(stream)
    if stream.type == "audio":
        yield "SampleRate", f"{context.sample_rate} Hz"
        yield "Channels", context.channels


def _rotation(stream: Any) -> str | None:
    """The turn in degrees that a player must give the picture; known from the first frame."""
    try:
        frame = next(iter(stream.container.decode(stream)))
    except (av.FFmpegError, StopIteration):
        return None
    return f"{frame.rotation} degrees" if frame.rotation else None


if __name__ == "__main__":
    main()
