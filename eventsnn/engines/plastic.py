"""What a kernel does at single synapses that learn: spikes that wait there, and weights of the way back."""

import inspect

from eventsnn.engines.loop import FORTH, MIRRORS, SIGNS, SPIKE_KIND, WAITED, push, python_max, whole


def wait_at(net, R, P, j, window, offset):
    """Let a spike that came to a synapse wait there for its learned delay."""
    node = P.first + R.target[j]
    total = offset + (R.wait + python_max(R.syn[j].delay, 0.0))
    ahead = whole(total / net.width)
    push(
        net, window + ahead, total - ahead * net.width, int(SPIKE_KIND), node, R.first + j, net.nodes[node].sent,
        R.index, j, j + 1, WAITED, int(FORTH), P.stage,
    )  # fmt: skip
    net.nodes[node].sent += 1


def way_back(R, j, w):
    """What an error that goes back along a synapse of weight w is multiplied with."""
    if R.mirror == MIRRORS:
        return w
    back = R.back_weight[j]
    if R.mirror == SIGNS:
        return back if w > 0.0 else -back if w < 0.0 else 0.0
    return back


def text() -> str:
    """What every kernel gets of this module."""
    return "\n\n".join(inspect.getsource(f) for f in (wait_at, way_back))
