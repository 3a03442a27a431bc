"""Yin-Yang: points of a plane as latencies."""

import math
from pathlib import Path

import numpy as np

from eventsnn.datasets.folders import data_folder, default_folder, file
from eventsnn.datasets.samples import Samples
from eventsnn.errors import NetworkError

YIN_YANG_SOURCE = "https://github.com/lkriener/yin_yang_data_set (the folder publication_data)"
YIN_YANG_SPLITS = {"train": (5000, 42), "validation": (1000, 41), "test": (1000, 40)}  # samples, seed


def yin_yang(
    path: str | Path | None = None, early: float = 0.15, late: float = 2.0, bias: float | None = 0.9
) -> tuple[Samples, Samples, Samples]:
    """Yin-Yang, in the samples of its publication: 5,000 for training, 1,000 for validation, 1,000 for the test.

    Points of a disc, four coordinates each, in three classes: 0 yin, 1 yang, 2 dot (Kriener, Göltz and Petrovici 2022,
    doi 10.1145/3517343.3517380). Larger coordinates spike later. The encoding is that of Göltz et al. 2021
    (doi 10.1038/s42256-021-00388-x), in units of the synaptic time constant.

    The publication says how its samples were drawn, so files are not needed: without `path`, and where
    `$EVENTSNN_DATA/yinyang` does not exist, the same samples are drawn again, to the last bit.

    Args:
        path: folder with the files `<split>_samples.npy` and `<split>_labels.npy`.
        early: latency of coordinate 0 [s].
        late: latency of coordinate 1 [s].
        bias: latency of a fifth input, the same in every sample [s]; None for four inputs.

    Returns:
        Training, validation and test samples.

    Raises:
        FileNotFoundError: a folder was named that does not hold the files; names the public source.
        NetworkError: a file with something else in it.
    """
    here = default_folder("yinyang") if path is None else data_folder("yinyang", path, YIN_YANG_SOURCE)
    parts = []
    for split, (n, seed) in YIN_YANG_SPLITS.items():
        if here.is_dir():
            points = np.load(file(here / f"{split}_samples.npy", YIN_YANG_SOURCE), allow_pickle=False)
            labels = np.load(file(here / f"{split}_labels.npy", YIN_YANG_SOURCE), allow_pickle=False)
            if points.shape != (len(labels), 4):
                raise NetworkError(f"{here}: {split} has {points.shape} points and {labels.shape} labels; give (n, 4)")
        else:
            points, labels = yin_yang_points(n, seed)
        times = early + points * (late - early)
        if bias is not None:
            times = np.column_stack([times, np.full(len(times), bias)])
        parts.append(Samples(times, labels.astype(np.int64)))
    return parts[0], parts[1], parts[2]


def yin_yang_points(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Any number of Yin-Yang points, as its publication draws them: first the class, then points until one has it.

    Returns:
        Points (x, y, 1 - x, 1 - y) in [0, 1], shape (n, 4), and classes, shape (n,).
    """
    draw = np.random.RandomState(seed)  # the publication's generator, whose numbers NumPy keeps as they are
    points, labels = np.empty((n, 4)), np.empty(n, np.int64)
    for k in range(n):
        labels[k] = draw.randint(3)
        while True:
            x, y = draw.rand(2)
            if yin_yang_class(x, y) == labels[k]:
                break
        points[k] = x, y, 1.0 - x, 1.0 - y
    return points, labels


def yin_yang_class(x: float, y: float) -> int:
    """The class of a point: 0 yin, 1 yang, 2 dot, -1 outside the disc of radius 0.5 about (0.5, 0.5)."""
    if math.hypot(x - 0.5, y - 0.5) > 0.5:
        return -1
    right, left = math.hypot(x - 0.75, y - 0.5), math.hypot(x - 0.25, y - 0.5)
    if right < 0.1 or left < 0.1:
        return 2
    return int(right <= 0.1 or 0.1 < left <= 0.25 or (y > 0.5 and right > 0.25))
