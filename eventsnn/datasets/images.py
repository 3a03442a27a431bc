"""MNIST: images as latencies."""

import gzip
import math
from pathlib import Path

import numpy as np

from eventsnn.datasets.folders import data_folder, file
from eventsnn.datasets.samples import Samples
from eventsnn.encode import latency
from eventsnn.errors import NetworkError

MNIST_SOURCE = "http://yann.lecun.com/exdb/mnist/, copied at https://ossci-datasets.s3.amazonaws.com/mnist/"


def mnist(path: str | Path | None = None, early: float = 0.0, late: float = 2.0) -> tuple[Samples, Samples]:
    """MNIST: 60,000 handwritten digits for training and 10,000 for the test, 28 x 28 pixels.

    White (255) spikes at `early`, darker pixels later, up to `late`; black ones (0) do not spike. Times are given by
    `levels`, one for each grey level (LeCun, Bottou, Bengio and Haffner 1998, doi 10.1109/5.726791).

    Args:
        path: folder with the four files of the original release, such as `train-images-idx3-ubyte.gz`, packed or not;
            by default `$EVENTSNN_DATA/mnist`.
        early: latency of the brightest pixels [s].
        late: latency that black pixels would have [s].

    Returns:
        Training and test samples.

    Raises:
        FileNotFoundError: no such folder or files; names the public source.
        NetworkError: a file that is not what its name says.
    """
    here = data_folder("mnist", path, MNIST_SOURCE)
    levels = latency(np.arange(256) / 255.0, early, late, silent_below=0.5 / 255.0)
    parts = []
    for split in ("train", "t10k"):
        images = _idx(here, f"{split}-images-idx3-ubyte", 3)
        labels = _idx(here, f"{split}-labels-idx1-ubyte", 1)
        if len(images) != len(labels):
            raise NetworkError(f"{here}: {len(images)} {split} images, but {len(labels)} labels")
        parts.append(Samples(images.reshape(len(images), -1), labels.astype(np.int64), levels))
    return parts[0], parts[1]


def _idx(folder: Path, name: str, dimensions: int) -> np.ndarray:
    """The bytes of an IDX file: a magic number, the length of every dimension, and one byte per value."""
    packed = folder / f"{name}.gz"
    path = packed if packed.is_file() else file(folder / name, MNIST_SOURCE, f" (or {name}.gz)")
    try:
        content = gzip.decompress(path.read_bytes()) if path == packed else path.read_bytes()
    except (OSError, EOFError) as error:
        raise NetworkError(f"{path} cannot be unpacked ({error}); get it again from {MNIST_SOURCE}") from error
    begin = 4 + 4 * dimensions
    magic = int.from_bytes(content[:4], "big")
    if magic != 0x800 + dimensions:
        raise NetworkError(f"{path} begins with {magic}, not {0x800 + dimensions}: this is no such IDX file")
    shape = [int.from_bytes(content[k : k + 4], "big") for k in range(4, begin, 4)]
    if len(content) != begin + math.prod(shape):
        raise NetworkError(f"{path} says {shape} values and has {len(content) - begin}; it may have been cut short")
    return np.frombuffer(content, np.uint8, offset=begin).reshape(shape)
