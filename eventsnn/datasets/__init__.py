"""Data sets as latencies and labels, as spikes, or as recordings of events.

eventsnn ships no data: a loader says where to get what it does not find.
"""

from eventsnn.datasets.cameras import nmnist
from eventsnn.datasets.folders import data_folder
from eventsnn.datasets.images import mnist
from eventsnn.datasets.patterns import oxford, picture
from eventsnn.datasets.points import YIN_YANG_SPLITS, yin_yang, yin_yang_class, yin_yang_points
from eventsnn.datasets.samples import Samples, digits, temporal_xor

__all__ = [
    "YIN_YANG_SPLITS", "Samples", "data_folder", "digits", "mnist", "nmnist", "oxford", "picture", "temporal_xor",
    "yin_yang", "yin_yang_class", "yin_yang_points",
]  # fmt: skip
