"""Films and sounds with marks at known times, written with PyAV."""

import struct
from fractions import Fraction

import av
import numpy as np


def ramp(count=40, height=84, width=84):
    """Frames whose columns run from black to white, with a white row that moves down."""
    frames = np.tile(np.linspace(0, 255, width).astype(np.uint8), (count, height, 1))
    frames[np.arange(count), np.arange(count) % height] = 255
    return frames


def clicks(seconds, rate, times):
    """Short bursts centred at ``times``."""
    t = np.arange(round(seconds * rate)) / rate
    return sum(0.8 * np.exp(-(((t - at) / 0.001) ** 2)) for at in times).astype(np.float32)


def peak_time(audio, rate, near, reach=0.05):
    """Centre of gravity of the energy within ``reach`` seconds of ``near``."""
    t = np.arange(len(audio)) / rate
    power = np.where(abs(t - near) < reach, audio.astype(float) ** 2, 0)
    return (t * power).sum() / power.sum()


def encode(path, codec, stamps, sound=None, start=0):
    """A file of another container: frames at ``stamps`` / 25 s, sound 48 kHz (codec, samples)."""
    with av.open(str(path), "w") as container:
        video = container.add_stream(codec, rate=25)
        video.width = video.height = 84
        video.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream = container.add_stream(sound[0], rate=48_000, layout="mono") if sound else None
        for stamp in stamps:
            picture = np.full((84, 84), 2 * stamp, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="gray")
            frame.pts, frame.time_base = stamp + start, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if stream:
            frame = av.AudioFrame.from_ndarray(sound[1][None], format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
            resampler = av.AudioResampler(format=stream.codec_context.format, rate=48_000)
            for piece in resampler.resample(frame) + resampler.resample(None):
                container.mux(stream.encode(piece))
            container.mux(stream.encode())
    return path


TIMES = (0.6, 1.4, 2.0)
"""When it flashes and beeps in the films of ``flash_and_beep``, for 0.2 s."""


def beeps(rate=48_000, seconds=2.4):
    """1 kHz at TIMES, and noise that is nearly silent."""
    t = np.arange(round(seconds * rate)) / rate
    on = sum((t >= at) & (t < at + 0.2) for at in TIMES)
    hiss = 0.001 * np.random.default_rng(0).standard_normal(len(t))
    return (0.5 * on * np.sin(2 * np.pi * 1000 * t) + hiss).astype(np.float32)


def flash_and_beep(path, video="libx264", sound="aac", *, gop=25, rate=50, seconds=2.4):
    """A film of which the lower half is white while it beeps."""
    with av.open(str(path), "w") as container:
        pictures = container.add_stream(video, rate=rate)
        pictures.width = pictures.height = 64
        pictures.pix_fmt = "yuvj420p" if video == "mjpeg" else "yuv420p"
        pictures.codec_context.gop_size = gop
        pictures.codec_context.thread_count = 1
        track = container.add_stream(sound, rate=48_000, layout="mono")
        for number in range(round(seconds * rate)):
            picture = np.full((64, 64), 40, np.uint8)
            if any(at * rate <= number + 1e-6 < (at + 0.2) * rate for at in TIMES):
                picture[32:] = 230
            frame = av.VideoFrame.from_ndarray(picture, format="gray")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode())
        encode_sound(container, track, beeps(seconds=seconds), 48_000)
    return path


def write_sound(path, codec, samples, rate, layout="mono", **options):
    """A file of sound; ``samples`` (n,) are in every channel."""
    with av.open(str(path), "w", options=options) as container:
        track = container.add_stream(codec, rate=rate, layout=layout)
        encode_sound(container, track, samples, rate)
    return path


def encode_sound(container, track, samples, rate):
    frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    resampler = av.AudioResampler(track.codec_context.format, track.layout, rate)
    for piece in resampler.resample(frame) + resampler.resample(None):
        container.mux(track.encode(piece))
    container.mux(track.encode())


def copied(source, target, keep=lambda packet: True, seconds=0.0):
    """The packets of ``source`` that ``keep`` wants, ``seconds`` later, in another file."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        tracks = {track: new.add_stream_from_template(track) for track in old.streams}
        for packet in old.demux():
            if packet.dts is not None and keep(packet):
                packet.pts += round(seconds / packet.time_base)
                packet.dts += round(seconds / packet.time_base)
                packet.stream = tracks[packet.stream]
                new.mux(packet)
    return target


def trimmed_in_place(path, start, seconds):
    """An MP4 of which the edit lists show only a part, as phones trim: nothing else changes."""
    content = bytearray(path.read_bytes())
    at = content.find(b"elst")
    while at >= 0:
        header = content.index(b"mdhd", at)
        unit = int.from_bytes(content[header + 16 : header + 20])
        first = int.from_bytes(content[at + 16 : at + 20]) + round(start * unit)
        content[at + 12 : at + 20] = struct.pack(">II", round(seconds * 1000), first)
        at = content.find(b"elst", header)
    path.write_bytes(content)
    return path


def onsets(level, rate):
    """When ``level`` rises above its middle, s; not again within 0.3 s."""
    middle = (level.min() + level.max()) / 2
    rises = (np.flatnonzero((level[1:] > middle) & (level[:-1] <= middle)) + 1) / rate
    return [at for at, before in zip(rises, [-1, *rises], strict=False) if at - before > 0.3]


def flashes_seen(frames, rate):
    return onsets(frames[:, frames.shape[1] // 2 :].mean(axis=(1, 2)), float(rate))


def beeps_heard(audio, rate):
    """When beeps begin, s: by the mean level over 2 ms."""
    width = rate // 500
    return onsets(np.convolve(np.abs(audio), np.ones(width) / width, "same"), rate)
