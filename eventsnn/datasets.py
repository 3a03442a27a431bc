"""Data sets as latencies and labels. eventsnn ships no data: a loader says where to get what it does not find."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eventsnn import rng
from eventsnn.encode import latency
from eventsnn.errors import NetworkError


@dataclass(frozen=True)
class Samples:
    """Latencies [s], shape (samples, inputs), inf for silent inputs; and labels, shape (samples,)."""

    times: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, which: slice | np.ndarray) -> "Samples":
        return Samples(self.times[which], self.labels[which])

    def without_labels(self) -> "Samples":
        """The same samples with label -1, from which nothing is learned."""
        return Samples(self.times, np.full(len(self.labels), -1))

    @staticmethod
    def join(*parts: "Samples") -> "Samples":
        """One after another."""
        return Samples(np.concatenate([p.times for p in parts]), np.concatenate([p.labels for p in parts]))


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


def data_folder(name: str, path: str | Path | None = None, source: str = "") -> Path:
    """The folder of a data set: `path`, or `$EVENTSNN_DATA/name`.

    Raises:
        FileNotFoundError: neither exists; names the public source.
    """
    folder = Path(path) if path is not None else Path(os.environ.get("EVENTSNN_DATA", ".")) / name
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{name}: no folder {folder}. Give its path, or set EVENTSNN_DATA to the folder that holds {name!r}. "
            f"Public source: {source}"
        )
    return folder
