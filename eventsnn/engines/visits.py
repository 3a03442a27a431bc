"""When the compiled engine looks at a neuron again: in the first window into which its next spike may fall.

`visits` has that window for each neuron, `groups` and `blocks` the earliest of some neighbours, so that few have to be
looked through. Plain Python, copied into every kernel.
"""

import inspect

from eventsnn.engines.loop import BLOCK, GROUP, NO_VISIT, TOUCHED


def touch(net, node):
    """Have the current stage finish this neuron, once."""
    if net.is_touched[node] == 0:
        net.is_touched[node] = 1
        net.touched[net.i[TOUCHED]] = node
        net.i[TOUCHED] += 1


def visit(net, node, window):
    """See to it that a neuron is visited in a window, or earlier."""
    net.visits[node] = window
    if window < net.groups[node // GROUP]:
        net.groups[node // GROUP] = window
        if window < net.blocks[node // BLOCK]:
            net.blocks[node // BLOCK] = window


def wake(net, first, size, window):
    """Touch the neurons of a population whose visit is due; return whether there is anything to finish."""
    last = first + size - 1
    for block in range(first // BLOCK, last // BLOCK + 1):
        if net.blocks[block] <= window:
            start, stop = block * (BLOCK // GROUP), min((block + 1) * (BLOCK // GROUP), net.groups.size)
            for group in range(max(start, first // GROUP), min(stop, last // GROUP + 1)):
                if net.groups[group] <= window:
                    wake_group(net, group, first, last, window)
            earliest = NO_VISIT
            for group in range(start, stop):
                earliest = min(earliest, net.groups[group])
            net.blocks[block] = earliest
    return net.i[TOUCHED] > 0


def wake_group(net, group, first, last, window):
    """Touch those neurons first..last of a group whose visit is due."""
    earliest = NO_VISIT
    for node in range(group * GROUP, min((group + 1) * GROUP, net.visits.size)):
        if net.visits[node] <= window and first <= node <= last:
            net.visits[node] = NO_VISIT
            touch(net, node)
        earliest = min(earliest, net.visits[node])
    net.groups[group] = earliest


def text() -> str:
    """What every kernel gets of this module."""
    return "\n\n".join(inspect.getsource(f) for f in (touch, visit, wake, wake_group))
