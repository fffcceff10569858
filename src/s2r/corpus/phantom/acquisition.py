"""From tissue to magnitude image: the effects of a fast spiral acquisition on an ideal picture."""

import numpy as np
from scipy import fft

OFF_RESONANCE_BLUR = 1.7
"""Standard deviation, in pixels, of the blur where the field is worst."""

TEMPORAL_WINDOW = (0.18, 0.64, 0.18)
"""Shares of the frame before, the frame and the frame after: neighbours share spiral arms."""

DISPLAY_RANGE = (0.0, 0.95)
"""Magnitudes shown as 0 and 255. Fixed: brightness does not depend on the content of a frame."""

_K_RADIUS = 0.46  # of the sampled disc, cycles per pixel
_K_EDGE = 0.02  # softness of its edge
_POINT_SPREAD = 0.3  # standard deviation, pixels
_NOISE_SPREAD = 0.6  # standard deviation, pixels
_NOISE = 0.55  # standard deviation of the noise times the signal-to-noise ratio
_CHUNK = 64  # frames transformed at once: bounds the memory


def _gaussian(k: np.ndarray, spread: float) -> np.ndarray:
    """Transfer function of a Gaussian blur, ``k`` in cycles per pixel."""
    return np.exp(-2 * (np.pi * spread * k) ** 2).astype(np.float32)


def acquire(
    tissue: np.ndarray,
    sensitivity: np.ndarray,
    off_resonance: np.ndarray,
    snr: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Magnitude images (T, H, W) float32 of ``tissue`` (T, H, W) in [0, 1].

    ``sensitivity`` (H, W) of the coil, relative; ``off_resonance`` (H, W) in [0, 1]: share of
    the blurred picture; ``snr`` of a tissue of intensity .55, infinite for no noise.
    Order: off-resonance blur, coil, sampled disc of k-space (Gibbs ringing), temporal window,
    complex noise and magnitude (Rician).
    """
    height, width = tissue.shape[1:]
    k_y = fft.fftfreq(height)[:, None]
    k = np.hypot(k_y, fft.rfftfreq(width))
    blur = _gaussian(k, OFF_RESONANCE_BLUR)
    disc = _gaussian(k, _POINT_SPREAD) / (1 + np.exp((k - _K_RADIUS) / _K_EDGE))
    disc = disc.astype(np.float32)
    sensitivity = sensitivity.astype(np.float32)
    mixed = (off_resonance * sensitivity).astype(np.float32)

    image = np.empty_like(tissue, dtype=np.float32)
    for start in range(0, len(tissue), _CHUNK):
        sharp = tissue[start : start + _CHUNK].astype(np.float32)
        blurred = fft.irfft2(fft.rfft2(sharp) * blur, s=(height, width))
        received = sensitivity * sharp + mixed * (blurred - sharp)
        image[start : start + _CHUNK] = fft.irfft2(fft.rfft2(received) * disc, s=(height, width))

    before, current, after = TEMPORAL_WINDOW
    smooth = current * image
    smooth[1:] += before * image[:-1]
    smooth[0] += before * image[0]
    smooth[:-1] += after * image[1:]
    smooth[-1] += after * image[-1]
    return _with_noise(smooth, _NOISE / snr, rng)


def _with_noise(image: np.ndarray, deviation: float, rng: np.random.Generator) -> np.ndarray:
    """Magnitude of ``image`` plus complex, slightly smooth noise of a standard deviation."""
    if deviation == 0:
        return np.abs(image)
    height, width = image.shape[1:]
    spectrum = _gaussian(np.hypot(fft.fftfreq(height)[:, None], fft.fftfreq(width)), _NOISE_SPREAD)
    spectrum *= deviation / np.sqrt(np.mean(spectrum**2))
    for start in range(0, len(image), _CHUNK):
        part = image[start : start + _CHUNK]
        white = rng.standard_normal((*part.shape, 2), dtype=np.float32).view(np.complex64)[..., 0]
        noise = fft.ifft2(white * spectrum, norm="ortho", overwrite_x=True)
        noise += part
        np.abs(noise, out=part)
    return image


def quantise(magnitude: np.ndarray) -> np.ndarray:
    """Magnitudes as grey levels, DISPLAY_RANGE to 0 … 255."""
    low, high = DISPLAY_RANGE
    grey = np.rint((magnitude - low) * np.float32(255 / (high - low)))
    return np.clip(grey, 0, 255).astype(np.uint8)
