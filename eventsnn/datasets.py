"""Data sets as latencies and labels, as spikes, or as recordings of events.

eventsnn ships no data: a loader says where to get what it does not find.
"""

import gzip
import lzma
import math
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eventsnn import rng
from eventsnn.encode import columns, latency
from eventsnn.errors import NetworkError
from eventsnn.recordings import Recordings


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
    here = _folder_of("yinyang") if path is None else data_folder("yinyang", path, YIN_YANG_SOURCE)
    parts = []
    for split, (n, seed) in YIN_YANG_SPLITS.items():
        if here.is_dir():
            points = np.load(_file(here / f"{split}_samples.npy", YIN_YANG_SOURCE), allow_pickle=False)
            labels = np.load(_file(here / f"{split}_labels.npy", YIN_YANG_SOURCE), allow_pickle=False)
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


OXFORD_SOURCE = "https://github.com/fzenke/pub2018superspike (the folder themes)"
OXFORD_NEURONS, OXFORD_PERIOD = 200, 1.89


def oxford(path: str | Path | None = None) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The spike-to-spike pattern of SuperSpike: frozen input spikes, and those that draw the Radcliffe Camera.

    200 inputs with 1,889 spikes in all, and 200 outputs with 10,367, over 1.89 s (Zenke and Ganguli 2018,
    doi 10.1162/neco_a_01086).

    Args:
        path: folder with `oxford-input.ras` and `oxford-target.ras`; by default `$EVENTSNN_DATA/superspike`.

    Returns:
        Spike times [s] of every input and of every output, each in its order.

    Raises:
        FileNotFoundError: no such folder or files; names the public source.
        NetworkError: a file that is not what its name says.
    """
    here = data_folder("superspike", path, OXFORD_SOURCE)
    return _ras(here / "oxford-input.ras", first=0), _ras(here / "oxford-target.ras", first=1)


def _ras(path: Path, first: int) -> list[np.ndarray]:
    """The spike trains of a text file with a time and a neuron in each line, neurons counted from `first`."""
    try:
        rows = np.loadtxt(_file(path, OXFORD_SOURCE), ndmin=2)
    except ValueError as error:
        raise NetworkError(f"{path}: {error}; each line is a time [s] and the number of a neuron") from error
    times, neurons = (rows.T if rows.shape[1] == 2 else np.full((2, 1), -1.0)) - [[0.0], [first]]
    if not np.all((times >= 0) & (times < OXFORD_PERIOD) & np.isin(neurons, np.arange(OXFORD_NEURONS))):
        raise NetworkError(
            f"{path}: each line is a time from 0 to {OXFORD_PERIOD} s and a neuron from {first} to "
            f"{OXFORD_NEURONS - 1 + first}; get the file again from {OXFORD_SOURCE}"
        )
    return [np.sort(times[neurons == i]) for i in range(OXFORD_NEURONS)]


def picture(
    path: str | Path | None = None, neurons: int = 40, duration: float = 0.9, column: float = 10e-3, seed: int = 0
) -> list[np.ndarray]:
    """Any picture as a target of spikes, which as many neurons draw from left to right; see `encode.columns`.

    The picture is brought to `neurons` rows and `duration / column` columns, whatever its proportions, by averages over
    areas. Colours become grey (ITU-R 601-2 luma); what is transparent is white. Each neuron is one row of pixels, and
    neuron 0 the lowest.

    Args:
        path: a file that Pillow can read, such as PNG or JPEG; None for the word "eventsnn".
        neurons: number of rows.
        duration: of the whole picture [s]; a multiple of `column`.
        column: how long one column lasts [s].
        seed: of the random shifts, and of which grey pixels spike.

    Returns:
        Spike times [s] of each neuron, as `TargetTrains` takes them.

    Raises:
        FileNotFoundError: no such file.
        NetworkError: a file that is no picture, a picture without a dark pixel, or sizes that cannot be.
    """
    if not isinstance(neurons, (int, np.integer)) or neurons < 1:
        raise NetworkError(f"picture: neurons is {neurons!r}; give a whole number from 1")
    if not (0 < column <= duration < math.inf) or abs(duration / column - round(duration / column)) > 1e-6:
        raise NetworkError(f"picture: duration is {duration} and column is {column}; give a multiple of the column [s]")
    shape = neurons, round(duration / column)
    trains = columns(_word("eventsnn", shape) if path is None else _darkness(Path(path), shape), column, seed)
    if not any(map(len, trains)):
        raise NetworkError(f"picture: {path} became {shape[1]} white columns; give a picture that is dark somewhere")
    return trains


def _darkness(path: Path, shape: tuple[int, int]) -> np.ndarray:
    """A picture from a file in grey, in the given numbers of rows and columns."""
    from PIL import Image  # comes with Matplotlib

    if not path.is_file():
        raise FileNotFoundError(f"there is no picture {path}; give a file such as a PNG or a JPEG")
    try:
        with Image.open(path) as image:
            coloured = image.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise NetworkError(f"{path} cannot be read as a picture ({error}); give a PNG or a JPEG") from error
    grey = Image.alpha_composite(Image.new("RGBA", coloured.size, "white"), coloured).convert("L")
    return 1.0 - np.asarray(grey.resize(shape[::-1], Image.Resampling.BOX)) / 255.0


def _word(text: str, shape: tuple[int, int]) -> np.ndarray:
    """A word in black that fills the given numbers of rows and columns."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import PathPatch
    from matplotlib.textpath import TextPath

    fine = 8  # pixels of the drawing along each side of a pixel of the result
    figure = Figure(figsize=(shape[1], shape[0]), dpi=fine)
    axes, letters = figure.add_axes((0.0, 0.0, 1.0, 1.0)), TextPath((0.0, 0.0), text)
    axes.add_patch(PathPatch(letters, color="black", linewidth=0.0))
    (left, low), (right, high) = letters.get_extents().get_points()
    edge_x, edge_y = 0.02 * (right - left), 0.15 * (high - low)
    axes.set(xlim=(left - edge_x, right + edge_x), ylim=(low - edge_y, high + edge_y))
    axes.axis("off")
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    grey = np.asarray(canvas.buffer_rgba())[:, :, 0] / 255.0
    return np.asarray(1.0 - grey.reshape(shape[0], fine, shape[1], fine).mean(axis=(1, 3)))


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
    path = packed if packed.is_file() else _file(folder / name, MNIST_SOURCE, f" (or {name}.gz)")
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


def _folder_of(name: str) -> Path:
    return Path(os.environ.get("EVENTSNN_DATA", ".")) / name


def _file(path: Path, source: str, also: str = "") -> Path:
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}{also}. Public source: {source}")
    return path


def data_folder(name: str, path: str | Path | None = None, source: str = "") -> Path:
    """The folder of a data set: `path`, or `$EVENTSNN_DATA/name`.

    Raises:
        FileNotFoundError: neither exists; names the public source.
    """
    folder = Path(path) if path is not None else _folder_of(name)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{name}: no folder {folder}. Give its path, or set EVENTSNN_DATA to the folder that holds {name!r}. "
            f"Public source: {source}"
        )
    return folder


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
