"""From numbers to spikes."""

import numpy as np

from eventsnn.errors import NetworkError


def latency(values: np.ndarray, early: float, late: float, silent_below: float = -1.0) -> np.ndarray:
    """Intensities in [0, 1] as latencies: 1 spikes at `early`, 0 at `late`, linearly between.

    Args:
        values: intensities, any shape.
        early: latency of intensity 1 [s].
        late: latency of intensity 0 [s].
        silent_below: intensities below this do not spike (latency inf).

    Raises:
        NetworkError: an intensity outside [0, 1] or NaN.
    """
    values = np.asarray(values, dtype=np.float64)
    bad = np.argwhere(~((values >= 0) & (values <= 1)))
    if len(bad):
        raise NetworkError(
            f"latency: value {values[tuple(bad[0])]} at {tuple(bad[0].tolist())}; intensities lie in [0, 1]"
        )
    times = early + (1.0 - values) * (late - early)
    return np.where(values < silent_below, np.inf, times)
