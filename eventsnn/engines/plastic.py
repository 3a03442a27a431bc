"""What a kernel does at single synapses that learn: spikes that wait there, weights of the way back, and marks."""

import inspect

from eventsnn.engines.loop import (
    EVERY,
    FORTH,
    FRESH,
    MIRRORS,
    OLD,
    SIGNS,
    SPIKE_KIND,
    WAITED,
    due,
    push,
    python_max,
    room,
)


def wait_there(net, R, P, x, window):
    """Let the spikes of an entry wait at their synapses, each for its learned delay; return whether there was room."""
    e = net.pool[x]
    for j in range(e.start, e.stop):
        if not room(net):
            e.start = j
            return False
        w, o = due(net, window, e.offset, R.wait + python_max(R.syn[j].delay, 0.0))
        push(
            net, w, o, SPIKE_KIND, P.first + R.target[j], R.first + j, e.nth, R.index, j, j + 1, WAITED,
            FORTH, P.stage,
        )  # fmt: skip
    return True


def way_back(R, j, w):
    """What an error that goes back along a synapse of weight w is multiplied with."""
    if R.mirror == MIRRORS:
        return w
    back = R.back_weight[j]
    if R.mirror == SIGNS:
        return back if w > 0.0 else -back if w < 0.0 else 0.0
    return back


def concerned(few):
    """Which synapses a message is for, by their marks, from what a rule's `only_marked` says."""
    return FRESH if few >= 2.0 else FRESH | OLD if few > 0.0 else EVERY


def text() -> str:
    """What every kernel gets of this module."""
    return "\n\n".join(inspect.getsource(f) for f in (wait_there, way_back, concerned))
