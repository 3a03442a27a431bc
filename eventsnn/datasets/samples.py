"""Samples as latencies and labels, and two sets of them that need no file."""

from dataclasses import dataclass

import numpy as np

from eventsnn import rng
from eventsnn.encode import latency
from eventsnn.errors import NetworkError


@dataclass(frozen=True)
class Samples:
    """Latencies [s], shape (samples, inputs), inf for silent inputs; and labels, shape (samples,).

    With `levels` [s], times are whole numbers that say which of them, as `Stimulus` takes them.
    """

    times: np.ndarray
    labels: np.ndarray
    levels: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, which: slice | np.ndarray) -> "Samples":
        return Samples(self.times[which], self.labels[which], self.levels)

    def without_labels(self) -> "Samples":
        """The same samples with label -1, from which nothing is learned."""
        return Samples(self.times, np.full(len(self.labels), -1), self.levels)

    @staticmethod
    def join(*parts: "Samples") -> "Samples":
        """One after another; all with the same levels, or none."""
        levels = parts[0].levels
        if any(not np.array_equal(p.levels, levels) for p in parts):  # type: ignore[arg-type]
            raise NetworkError("these samples have different levels; make all of them with the same early and late")
        return Samples(np.concatenate([p.times for p in parts]), np.concatenate([p.labels for p in parts]), levels)


def temporal_xor(early: float = 0.0, late: float = 2.0) -> Samples:
    """Four patterns of two inputs that spike early or late; class 1 if they differ (Mostafa 2018, section IV.A)."""
    times = np.array([[early, early], [early, late], [late, early], [late, late]])
    return Samples(times, np.array([0, 1, 1, 0]))


def digits(
    early: float = 0.0, late: float = 2.0, seed: int = 0, test: float = 0.2, silent: bool = False
) -> tuple[Samples, Samples]:
    """The 8 x 8 handwritten digits that scikit-learn carries: 1,797 images, brighter pixels spike earlier.

    Args:
        early: latency of the brightest pixel [s].
        late: latency of the darkest pixel [s].
        seed: of the division into training and test samples, which keeps the classes in proportion.
        test: fraction of samples never trained on.
        silent: black pixels do not spike at all.

    Raises:
        NetworkError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise NetworkError("the digits come with scikit-learn; install it with `pip install eventsnn[data]`") from error
    data = load_digits()
    times = latency(data.data / 16.0, early, late, silent_below=1e-9 if silent else -1.0)
    labels = data.target.astype(np.int64)
    order = rng.stream(seed, "digits/split").permutation(len(labels))
    held = np.zeros(len(labels), bool)
    for g in range(10):
        own = order[labels[order] == g]
        held[own[: round(test * len(own))]] = True
    train = order[~held[order]]
    unseen = order[held[order]]
    return Samples(times[train], labels[train]), Samples(times[unseen], labels[unseen])
