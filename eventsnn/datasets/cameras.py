"""N-MNIST: recordings of an event camera."""

import lzma
import math
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from eventsnn.datasets.folders import data_folder
from eventsnn.errors import NetworkError
from eventsnn.recordings import Recordings

NMNIST_SOURCE = "https://www.garrickorchard.com/datasets/n-mnist (files Train.zip and Test.zip, to be unpacked)"
NMNIST_SIDE = 34  # pixels


def nmnist(
    path: str | Path | None = None, merge: int = 1, begin: float = 0.0, end: float = 0.3
) -> tuple[Recordings, Recordings]:
    """N-MNIST: digits of MNIST, recorded by an event camera in three quick turns of 100 ms each.

    An event is a pixel that became brighter (ON, polarity 1) or darker (OFF, polarity 0); 34 x 34 pixels, so 2,312
    inputs in the order (polarity, y, x). Recordings are in the order of MNIST's images (Orchard, Jayawant, Cohen and
    Thakor 2015, doi 10.3389/fnins.2015.00437). Those that are there are read, be it all 60,000 and 10,000 or fewer.

    Args:
        path: folder that holds `Train/<digit>/<number>.bin` and `Test/...` as they were released, or packed as
            `train.tar.xz` and `test.tar.xz`; by default `$EVENTSNN_DATA/nmnist`.
        merge: squares of so many by so many pixels become one input, which has the events of all of them.
        begin: of the window that is read, since the recording began [s].
        end: of that window [s]; most recordings go on for a few events after 0.3 s. Times count from `begin`.

    Returns:
        Training and test recordings.

    Raises:
        FileNotFoundError: no such folder or files; names the public source.
        NetworkError: a file that is not what its name says; names the event.
    """
    if not isinstance(merge, (int, np.integer)) or not 1 <= merge <= NMNIST_SIDE:
        raise NetworkError(f"nmnist: merge is {merge!r}; give a whole number from 1 to {NMNIST_SIDE}")
    if not 0 <= begin < end < math.inf:
        raise NetworkError(f"nmnist: begin is {begin} and end {end}; give 0 <= begin < end [s]")
    here = data_folder("nmnist", path, NMNIST_SOURCE)
    return _nmnist_split(here, "Train", merge, begin, end), _nmnist_split(here, "Test", merge, begin, end)


def _nmnist_split(folder: Path, split: str, merge: int, begin: float, end: float) -> Recordings:
    """The recordings of one split, in the order of their numbers."""
    side, found = math.ceil(NMNIST_SIDE / merge), []
    for name, content in _packed_or_not(folder, split):
        digit, number = name.split("/")[-2:]
        if not (digit in "0123456789" and number.removesuffix(".bin").isdecimal()):
            raise NetworkError(f"{folder}: {name} is not {split}/<digit>/<number>.bin; get it from {NMNIST_SOURCE}")
        x, y, polarity, t = _address_events(content, f"{folder}: {name}")
        seen = (t >= begin) & (t < end)
        channels = (polarity * side + y // merge) * side + x // merge
        found.append((int(number.removesuffix(".bin")), int(digit), t[seen] - begin, channels[seen]))
    if not found:
        raise FileNotFoundError(f"there is no {split}/<digit>/<number>.bin in {folder}. Public source: {NMNIST_SOURCE}")
    found.sort(key=lambda recording: recording[0])
    _, labels, times, channels = zip(*found, strict=True)
    begins = np.cumsum([0, *map(len, times)])
    return Recordings(
        np.concatenate(times), np.concatenate(channels), begins, np.array(labels), end - begin, (2, side, side)
    )


def _packed_or_not(folder: Path, split: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of every recording of a split: out of its archive, or out of folders."""
    packed = folder / f"{split.lower()}.tar.xz"
    if not packed.is_file():
        for path in sorted((folder / split).glob("*/*.bin")):
            yield path.relative_to(folder).as_posix(), path.read_bytes()
        return
    try:
        with tarfile.open(packed) as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is not None and member.name.endswith(".bin"):
                    yield member.name, content.read()
    except (OSError, EOFError, tarfile.TarError, lzma.LZMAError) as error:
        raise NetworkError(f"{packed} cannot be unpacked ({error}); get it again from {NMNIST_SOURCE}") from error


def _address_events(content: bytes, where: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x, y, polarity and time [s] of events of five bytes: x, y, and 24 bits of which the first is the polarity."""
    if len(content) % 5:
        raise NetworkError(f"{where} has {len(content)} bytes, and an event has 5; it may have been cut short")
    raw = np.frombuffer(content, np.uint8).reshape(-1, 5).astype(np.int64)
    x, y, polarity = raw[:, 0], raw[:, 1], raw[:, 2] >> 7
    t = (raw[:, 2] & 127) << 16 | raw[:, 3] << 8 | raw[:, 4]
    bad = (x >= NMNIST_SIDE) | (y >= NMNIST_SIDE) | (np.diff(t, prepend=0) < 0)
    if bad.any():
        k = int(np.argmax(bad))
        raise NetworkError(
            f"{where}: event {k} is at x = {x[k]}, y = {y[k]}, {t[k]} us; x and y are below {NMNIST_SIDE} and times "
            f"never decrease. Get it again from {NMNIST_SOURCE}"
        )
    return x, y, polarity, t * 1e-6
