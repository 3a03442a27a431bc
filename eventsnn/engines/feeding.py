"""What comes into a kernel from outside: spikes of sources, and messages to and from guests.

Plain Python, copied into every kernel.
"""

import inspect

from eventsnn.engines.loop import (
    ALARM,
    CROSSING,
    ERROR_KIND,
    EVENTS,
    FEED,
    FREE,
    HELD,
    KNOWN,
    NEED,
    NEXT_KNOWN,
    ORDER,
    collect,
    emit,
    push,
    put_back,
    release,
    room,
)


def feed(net, window, limit):
    """Let the sources send their spikes of this window; return whether there was room for all."""
    while net.i[FEED] < net.feed.size:
        x = net.i[FEED]
        if net.feed[x].window != window or net.feed[x].offset >= limit:
            return True
        if not room(net):
            return False
        node = net.feed[x].node
        emit(net, node, window, net.feed[x].offset, CROSSING)
        net.nodes[node].emitted += 1
        net.i[FEED] += 1
        net.i[EVENTS] += 1
    return True


def send_ahead(net, window, limit):
    """Send what guests said before that they would send in this window; return whether there was room for all."""
    while net.i[NEXT_KNOWN] < net.i[KNOWN]:
        moment = net.moments[net.i[NEXT_KNOWN]]
        if moment.window != window or moment.offset >= limit:
            return True
        if net.i[FREE] <= moment.stop - moment.start + net.i[NEED]:
            return False
        for k in range(moment.start, moment.stop):
            r = net.ahead[k]
            push(
                net,
                r[0],
                net.values_ahead[k, 0],
                r[1],
                r[2],
                r[3],
                r[4],
                r[5],
                r[6],
                r[7],
                net.values_ahead[k, 1],
                r[8],
                r[9],
            )
        net.nodes[moment.sender].sent = moment.sent
        net.i[NEXT_KNOWN] += 1
        net.i[EVENTS] += 1
    return True


def push_many(net, rows, values):
    """Put entries on the agenda that Python made: rows of whole numbers, and offsets and payloads."""
    for k in range(rows.shape[0]):
        r = rows[k]
        push(net, r[0], values[k, 0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], values[k, 1], r[8], r[9])


def hold(net, window, stage, limit):
    """Put the messages of a window for a guest's stage into the inbox; return whether the guest has to look at them.

    It has to when its alarm rings, when a control message came, when it has got all that it waits for, or when the
    inbox is filling up.
    """
    look = False
    count = collect(net, window, stage)
    for k in range(count):
        x = net.lists[ORDER, k]
        e = net.pool[x]
        if e.offset >= limit:
            put_back(net, k, count)
            break
        if e.projection == ALARM and e.value != net.nodes[e.sender].alarm:  # taken back
            release(net, x)
            continue
        net.inbox[net.i[HELD]] = net.pool[x]
        net.i[HELD] += 1
        if e.kind < ERROR_KIND or e.projection == ALARM:
            look = True
        net.lacking[stage] -= e.stop - e.start
        release(net, x)
    return look or net.lacking[stage] <= 0 or net.i[HELD] > net.pool.size


def text() -> str:
    """What every kernel gets of this module."""
    return "\n\n".join(inspect.getsource(f) for f in (feed, send_ahead, push_many, hold))
