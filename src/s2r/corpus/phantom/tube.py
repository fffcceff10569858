"""Sound in the vocal tract: a transmission line with losses, yielding walls and a nose.

Sondhi & Schroeter (1987): chain matrices in the frequency domain. Units: cm, g, s. Volume
velocities are carried as U z_0 with z_0 = rho c gamma, so that a section of area A needs no
impedance, and without the factor cosh, which all equal sections share.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from s2r.corpus.phantom.tract import NASAL_LINE, AreaFunction

SPEED = 3.5e4
DENSITY = 1.14e-3
SAMPLE_RATE = 20_000
IMPULSE = 512
"""Length of the impulse responses in samples."""

SECTIONS = 44
"""Equal sections that the tube is resampled to."""

_DISTANCE = 30.0  # of the microphone, cm
_NOSE_AREAS = (1, 1.6, 2.6, 4, 5.5, 6, 6, 5, 4, 3, 2, 1.1, 0.6, 0.45)
_NOSE_SECTION = 0.78
_NOSTRILS = 0.5
_PORT_CLOSED = 1e-4


def synthesis_frequencies() -> np.ndarray:
    """(257,) Hz; the first is 1 Hz, where everything is finite."""
    frequencies = np.arange(IMPULSE // 2 + 1) * (SAMPLE_RATE / IMPULSE)
    frequencies[0] = 1.0
    return frequencies


@dataclass(frozen=True)
class Medium:
    """Quantities that depend on frequency (F,) alone."""

    frequencies: np.ndarray
    """Hz."""
    jw: np.ndarray
    sigma: np.ndarray
    """Propagation: a section of length L has cosh(sigma L / c)."""
    z0: np.ndarray
    """rho c gamma: impedance of a section times its area."""


def medium(frequencies: np.ndarray) -> Medium:
    """Losses and yielding walls of Sondhi & Schroeter (1987) at ``frequencies`` (F,) Hz."""
    a, b, c1, w0 = 130 * np.pi, (30 * np.pi) ** 2, 4.0, 406 * np.pi
    jw = 2j * np.pi * frequencies
    alpha = np.sqrt(jw * c1)
    beta = jw * w0**2 / ((jw + a) * jw + b) + alpha
    gamma = np.sqrt((alpha + jw) / (beta + jw))
    return Medium(frequencies, jw, gamma * (beta + jw), DENSITY * SPEED * gamma)


@dataclass(frozen=True)
class Tube:
    """Equal sections from the glottis to the lips."""

    areas: np.ndarray
    """(T, SECTIONS) cm2."""
    length: np.ndarray
    """(T,) cm of one section."""
    nose: np.ndarray
    """(T,) index of the section before which the nose branches off."""
    port: np.ndarray
    """(T,) cm2."""
    nose_scale: float

    def part(self, rows: np.ndarray | slice) -> "Tube":
        """The tube at some of the times."""
        return Tube(
            self.areas[rows], self.length[rows], self.nose[rows], self.port[rows], self.nose_scale
        )


def equal_tube(function: AreaFunction) -> Tube:
    """Resample sections of any length to equal ones.

    The integral of dx/A is kept (harmonic mean), so that narrow places stay narrow.
    """
    count = len(function.areas)
    ends = np.cumsum(function.lengths, axis=1)
    total = ends[:, -1:]
    zero = np.zeros((count, 1))
    row = 2.0 * np.arange(count)[:, None]
    place = np.concatenate([zero, ends / total], 1) + row
    inertance = np.concatenate([zero, np.cumsum(function.lengths / function.areas, axis=1)], 1)
    wanted = np.linspace(0, 1, SECTIONS + 1) + row
    kept = np.interp(wanted.ravel(), place.ravel(), inertance.ravel()).reshape(count, -1)
    length = total / SECTIONS
    return Tube(
        areas=length / np.maximum(np.diff(kept, axis=1), 1e-9),
        length=length[:, 0],
        nose=section_at(function, np.full(count, NASAL_LINE)),
        port=function.port,
        nose_scale=function.nose_scale,
    )


def section_at(function: AreaFunction, line: np.ndarray) -> np.ndarray:
    """Index (T,) of the equal section in which section ``line`` (T,) has its middle."""
    ends = np.cumsum(function.lengths, axis=1)
    rows = np.arange(len(ends))
    middle = ends[rows, line] - function.lengths[rows, line] / 2
    return np.minimum((middle / ends[:, -1] * SECTIONS).astype(int), SECTIONS - 1)


def _radiation(area: np.ndarray, jw: np.ndarray) -> np.ndarray:
    """Impedance of an opening of ``area``: a piston in a baffle (Flanagan 1972)."""
    resistance = 128 * DENSITY * SPEED / (9 * np.pi**2 * area)
    inertia = jw * (8 * DENSITY / (3 * np.pi * np.sqrt(np.pi * area)))
    return inertia * resistance / (resistance + inertia)


@lru_cache(maxsize=64)
def _nose_cavity(scale: float, frequencies: bytes) -> tuple[np.ndarray, np.ndarray]:
    """P and U z_0 (F,) behind the first two nasal sections for U = 1 at the nostrils."""
    air = medium(np.frombuffer(frequencies))
    tanh, cosh = _nose_section(scale, air)
    pressure, flow = _radiation(np.array(_NOSTRILS), air.jw), air.z0.copy()
    for area in _NOSE_AREAS[:1:-1]:
        slope = tanh / area
        pressure, flow = pressure + slope * flow, flow + tanh * area * pressure
        pressure, flow = pressure * cosh, flow * cosh
    return pressure, flow


def _nose_section(scale: float, air: Medium) -> tuple[np.ndarray, np.ndarray]:
    sigma = 4 * air.sigma.real + 1j * air.sigma.imag
    angle = sigma * _NOSE_SECTION * scale / SPEED
    return np.tanh(angle), np.cosh(angle)


def _nose(tube: Tube, air: Medium) -> tuple[np.ndarray, np.ndarray]:
    """Admittance times z_0 and 1/P at the port (T, F), for U = 1 at the nostrils.

    Both are 0 where the port is closed.
    """
    result = np.zeros((2, len(tube.port), len(air.jw)), np.complex64)
    rows = np.flatnonzero(tube.port > _PORT_CLOSED)
    tanh, cosh = (x.astype(np.complex64) for x in _nose_section(tube.nose_scale, air))
    cavity = _nose_cavity(tube.nose_scale, air.frequencies.tobytes())
    pressure, flow = (x.astype(np.complex64) for x in cavity)
    port = tube.port[rows, None].astype(np.float32)
    for factor, widest in zip((2, 1), _NOSE_AREAS[1::-1], strict=True):
        area = np.minimum(factor * port, widest)
        pressure, flow = pressure + tanh * (flow / area), flow + tanh * (pressure * area)
        pressure, flow = pressure * cosh, flow * cosh
    result[0, rows], result[1, rows] = flow / pressure, 1 / pressure
    return result[0], result[1]


@dataclass(frozen=True)
class Response:
    """Transfer functions (T, F) to the sound pressure at the microphone."""

    glottis: np.ndarray
    """From volume velocity of the glottis, dyn/cm2 per cm3/s."""
    noise: np.ndarray
    """From the pressure of a source at the narrowest place, for ``noisy`` frames only."""


def respond(
    tube: Tube,
    glottis: np.ndarray,
    air: Medium,
    *,
    place: np.ndarray,
    resistance: np.ndarray,
    noisy: np.ndarray,
) -> Response:
    """Transfer functions of a tube.

    ``glottis`` (T,) cm2; ``place`` (T,) index of the narrowest oral section, with the flow
    ``resistance`` (T,) at its outlet; ``noisy`` (T,) bool: where the noise response is wanted.
    The chain starts at the lips with U = 1, so only the vector (P, U) is carried.
    """
    angle = (air.sigma / SPEED).astype(np.complex64) * tube.length.astype(np.float32)[:, None]
    tanh, cosh = np.tanh(angle), np.cosh(angle)
    z0 = air.z0.astype(np.complex64)
    resistance = resistance.astype(np.float32)[:, None] / z0
    admittance, per_pressure = _nose(tube, air)
    areas = tube.areas.astype(np.float32)[..., None]

    pressure = _radiation(tube.areas[:, -1:], air.jw).astype(np.complex64)
    flow = np.broadcast_to(z0, pressure.shape).copy()
    outlet = np.zeros((2, *pressure.shape), np.complex64)
    nostrils = np.zeros_like(pressure)
    for section in range(SECTIONS - 1, -1, -1):
        here = np.flatnonzero(place == section)
        pressure[here] += resistance[here] * flow[here]
        outlet[:, here] = pressure[here], flow[here]
        area = areas[:, section]
        into = flow / area * tanh
        flow += pressure * area * tanh
        pressure += into
        branch = np.flatnonzero((tube.nose == section) & (tube.port > _PORT_CLOSED))
        if len(branch):
            flow[branch] += pressure[branch] * admittance[branch]
            passed = _power(cosh[branch], SECTIONS - section)
            nostrils[branch] = pressure[branch] * per_pressure[branch] * passed

    z_glottis = glottis_impedance(glottis, air)
    radiated = (air.jw * DENSITY / (4 * np.pi * _DISTANCE)).astype(np.complex64)
    driven = z_glottis * (flow / z0) + pressure
    voice = radiated * (1 + nostrils) * z_glottis / (driven * _power(cosh, SECTIONS))

    behind = _impedance_behind(
        tube.part(noisy),
        z_glottis[noisy],
        tanh[noisy],
        z0,
        place=place[noisy],
        admittance=admittance[noisy],
    )
    loop = outlet[1, noisy] / z0 * behind + outlet[0, noisy]
    passed = cosh[noisy] ** (SECTIONS - 1 - place[noisy, None]).astype(np.float32)
    return Response(voice, radiated / (loop * passed))


def _power(base: np.ndarray, exponent: int) -> np.ndarray:
    """``base`` to a whole power, by squaring."""
    result = np.ones_like(base)
    while exponent:
        if exponent & 1:
            result = result * base
        base, exponent = base * base, exponent >> 1
    return result


def open_area(glottis: np.ndarray) -> np.ndarray:
    """Mean open area (T,) cm2 of a glottis: folds in vibration are shut for half of a cycle."""
    return np.maximum(glottis - 0.03, 0.03)


def glottis_impedance(area: np.ndarray, air: Medium) -> np.ndarray:
    """Impedance (T, F) of the glottis of ``area`` (T,) cm2: resistance and mass of air."""
    wide = open_area(area)[:, None]
    return ((2800 * DENSITY + air.jw * DENSITY * 0.3) / wide).astype(np.complex64)


def _impedance_behind(
    tube: Tube,
    z_glottis: np.ndarray,
    tanh: np.ndarray,
    z0: np.ndarray,
    *,
    place: np.ndarray,
    admittance: np.ndarray,
) -> np.ndarray:
    """Impedance (T, F) from the outlet of section ``place`` towards the glottis."""
    pressure, flow = z_glottis.copy(), np.broadcast_to(z0, z_glottis.shape).copy()
    areas = tube.areas.astype(np.float32)[..., None]
    result = np.empty_like(pressure)
    for section in range(SECTIONS):
        branch = np.flatnonzero(tube.nose == section)
        flow[branch] += pressure[branch] * admittance[branch]
        area = areas[:, section]
        pressure, flow = pressure + tanh * (flow / area), flow + tanh * (pressure * area)
        here = np.flatnonzero(place == section)
        result[here] = pressure[here] / flow[here] * z0
    return result
