"""Threads: the neurons of a population shared out, each part with an agenda of its own for one window.

Within a window no neuron of a stage can reach another one of it, so parts need not know of each other: each takes the
messages to its own neurons, and what it sends goes to the network's agenda afterwards. The order of events is in their
keys, so the bits do not depend on the number of parts. Plain Python, copied into every kernel and compiled when used.
"""

import inspect

from eventsnn.engines.loop import (
    EVENTS,
    FAR,
    FAULT,
    FAULT_A,
    FAULT_B,
    FAULT_WINDOW,
    FREE,
    NEAR,
    NEED,
    NEXT,
    ORDER,
    SPIKES,
    WINDOW,
    collect,
    far_pop,
    push,
    release,
)  # fmt: skip


def is_heavy(net, slot, stage, least):
    """Whether at least that many messages wait in the bucket of a window and a stage."""
    x = net.buckets[slot, stage]
    n = 0
    while x >= 0 and n < least:
        n += net.pool[x].stop - net.pool[x].start
        x = net.lists[NEXT, x]
    return n >= least


def gather(net, window, stage):
    """Take what a stage has to do in a window out of the agenda; it stays in `net.lists[ORDER]`."""
    count = collect(net, window, stage)
    for k in range(count):
        release(net, net.lists[ORDER, k])  # nothing is pushed before all parts have read it
    return count


def between(target, start, stop, low):
    """The first of start..stop whose target is `low` or above; targets ascend."""
    while start < stop:
        middle = (start + stop) // 2
        if target[middle] < low:
            start = middle + 1
        else:
            stop = middle
    return start


def merge(net, part):
    """Put what a part has sent and recorded into the network's; return whether there was room for it."""
    if net.i[FREE] <= part.i[NEAR] + part.i[FAR] + net.i[NEED] or net.i[SPIKES] + part.i[SPIKES] + 2 >= net.spikes.size:
        return False
    ring = part.buckets.shape[0]
    for window in range(part.i[WINDOW], part.i[WINDOW] + ring):
        if part.i[NEAR] == 0:
            break
        for stage in range(part.stages):
            x = part.buckets[window % ring, stage]
            part.buckets[window % ring, stage] = -1
            while x >= 0:
                following = part.lists[NEXT, x]
                hand_over(net, part, x)
                part.i[NEAR] -= 1
                x = following
        part.buckets[window % ring, part.stages] = 0
    while part.i[FAR] > 0:
        hand_over(net, part, far_pop(part))
    for k in range(part.i[SPIKES]):
        net.spikes[net.i[SPIKES] + k] = part.spikes[k]
    net.i[SPIKES] += part.i[SPIKES]
    part.i[SPIKES] = 0
    net.i[EVENTS] += part.i[EVENTS]
    part.i[EVENTS] = 0
    for way in range(2):
        for projection in range(net.counts.shape[1]):
            net.counts[way, projection] += part.counts[way, projection]
            part.counts[way, projection] = 0
    if part.i[FAULT] != 0 and net.i[FAULT] == 0:
        net.i[FAULT] = part.i[FAULT]
        net.i[FAULT_A] = part.i[FAULT_A]
        net.i[FAULT_B] = part.i[FAULT_B]
        net.i[FAULT_WINDOW] = part.i[FAULT_WINDOW]
        net.f[0] = part.f[0]
        net.f[1] = part.f[1]
    return True


def hand_over(net, part, x):
    """Move an entry from a part's agenda to the network's."""
    e = part.pool[x]
    push(
        net, e.window, e.offset, e.kind, e.sender, e.synapse, e.nth, e.projection, e.start, e.stop, e.value, e.back,
        e.stage,
    )  # fmt: skip
    release(part, x)


PART = """
def part_$p(net, part, $stage_args, count, window, limit, stage, low, high):
    \"\"\"Neurons low..high of population $p go through a window on their own; return whether there was room.

    `count` is how many of the network's entries are to be shared out first: none when called again with more room.
    \"\"\"
    for k in range(count):
        e = net.pool[net.lists[ORDER, k]]
        start = e.start
        stop = e.stop
$narrow
        if start < stop:
            push(
                part, e.window, e.offset, e.kind, e.sender, e.synapse, e.nth, e.projection, start, stop, e.value,
                e.back, e.stage,
            )
    wake(part, P.first + low, high - low, window)
    return stage_$p(part, $stage_args, window, limit, stage)
"""


def text() -> str:
    """What every kernel gets of this module."""
    return "\n\n".join(inspect.getsource(f) for f in (is_heavy, gather, between, merge, hand_over))
