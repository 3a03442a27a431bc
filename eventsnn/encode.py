"""From numbers to spikes."""

import numpy as np

from eventsnn import rng
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


def rate_trains(rates: np.ndarray, period: float, seed: int = 0, start: float = 0.0) -> list[np.ndarray]:
    """Poisson trains whose rates change from sample to sample: what `SpikeTrain` takes.

    Args:
        rates: of every input while each sample is shown [1/s], shape (samples, inputs).
        period: how long a sample is shown [s]; the next follows at once.
        seed: each input's train follows from it and from the input's index.
        start: when the first sample is shown [s].

    Returns:
        One array of increasing spike times [s] for each input.

    Raises:
        NetworkError: a rate that is negative or not finite.
    """
    rates = np.asarray(rates, dtype=np.float64)
    if rates.ndim != 2 or not 0 < period < np.inf:
        raise NetworkError(
            f"rate_trains: rates has shape {rates.shape}, period is {period}; give (samples, inputs) and a time"
        )
    bad = np.argwhere(~((rates >= 0) & (rates < np.inf)))
    if len(bad):
        n, i = bad[0]
        raise NetworkError(f"rate_trains: rates[{n}, {i}] is {rates[n, i]}; a rate is finite and not negative")
    trains = []
    for i in range(rates.shape[1]):
        draw = rng.stream(seed, "rate_trains", i)
        counts = draw.poisson(rates[:, i] * period)
        sample = np.repeat(np.arange(len(rates)), counts)
        trains.append(np.unique(start + (sample + draw.random(len(sample))) * period))
    return trains


def columns(darkness: np.ndarray, column: float = 10e-3, seed: int = 0) -> list[np.ndarray]:
    """A picture as spike trains, drawn column by column from left to right: neuron 0 is the lowest row.

    A pixel is a spike with the probability of its darkness, at a random time within its column; so black is
    1/`column` spikes per second, and white is silence. The target of SuperSpike's demonstration was made so from black
    and white (Zenke and Ganguli 2018, doi 10.1162/neco_a_01086).

    Args:
        darkness: shape (rows, columns), from 0 (white) to 1 (black), the highest row first.
        column: how long one column lasts [s].
        seed: each neuron's train follows from it and from the neuron's index.

    Returns:
        One array of increasing spike times [s] for each row, from 0 to below the number of columns times `column`.

    Raises:
        NetworkError: something else than a table of numbers from 0 to 1, or a column of no duration.
    """
    darkness = np.asarray(darkness, dtype=np.float64)
    if darkness.ndim != 2 or not darkness.size:
        raise NetworkError(f"columns: darkness has shape {darkness.shape}; give (rows, columns)")
    bad = np.argwhere(~((darkness >= 0) & (darkness <= 1)))
    if len(bad):
        row, k = bad[0]
        raise NetworkError(f"columns: darkness[{row}, {k}] is {darkness[row, k]}; give 0 for white to 1 for black")
    if not 0 < column < np.inf:
        raise NetworkError(f"columns: column is {column}; give a time above 0 [s]")
    trains = []
    for i, row in enumerate(darkness[::-1]):
        chance, shift = rng.stream(seed, "columns", i).random((2, len(row)))
        trains.append((np.arange(len(row)) + shift)[chance < row] * column)
    return trains
