"""What a kernel does for responders beside their handlers: send, note, set an alarm, refuse.

Plain Python, copied into every kernel.
"""

import inspect
import math

from eventsnn.engines.loop import (
    ALARM,
    FAULT,
    FAULT_A,
    FAULT_B,
    FAULT_WINDOW,
    FORTH,
    FREE,
    NOTES,
    REFUSED,
    TO,
    UNSENT,
    WAKE,
    due,
    push,
    room,
    whole,
)


def note(net, node, name, window, offset, value):
    """Keep a number with the present time; there is room, see `respond`."""
    k = net.i[NOTES]
    if k == net.notes.size:
        refuse(net, REFUSED, node, window, offset)
        return
    net.i[NOTES] = k + 1
    row = net.notes[k]
    row.node = node
    row.name = name
    row.window = window
    row.offset = offset
    row.value = value


def set_alarm(net, node, cell, stage, window, offset, at):
    """Have an alarm ring at a time [s], but not before now; one that was set before rings no more."""
    if at != at or net.i[FREE] <= 1:
        refuse(net, REFUSED, node, window, offset)
        return
    cell.alarm = at
    if at < math.inf:
        w = whole(at / net.width)
        o = at - w * net.width
        if w < window or (w == window and o < offset):
            w = window
            o = offset
        cell._due_window = w
        cell._due_offset = o
        if cell._waits == 0 or w < cell._set_window or (w == cell._set_window and o < cell._set_offset):
            put_alarm(net, node, cell, stage)


def put_alarm(net, node, cell, stage):
    """Put the alarm that is due on the agenda; an entry that is there already, for later, counts no more."""
    cell._waits = 1
    cell._set_window = cell._due_window
    cell._set_offset = cell._due_offset
    net.nodes[node].alarm += 1
    push(
        net, cell._due_window, cell._due_offset, WAKE, node, 0, 0, ALARM, 0, 0, net.nodes[node].alarm + 0.0,
        FORTH, stage,
    )  # fmt: skip


def rings(net, node, cell, stage, window, offset, serial):
    """Whether an alarm's entry that has come is one that shall ring now; it may have been put off, or taken back."""
    if serial != net.nodes[node].alarm:
        return False
    cell._waits = 0
    if not cell.alarm < math.inf:
        return False
    if cell._due_window > window or (cell._due_window == window and cell._due_offset > offset):
        put_alarm(net, node, cell, stage)
        return False
    cell.alarm = math.inf
    return True


def ready(net, P):
    """Whether a responder surely finds room for what it may send and note."""
    return net.i[FAULT] == 0 and room(net) and net.i[NOTES] + P.notes < net.notes.size


def answer(net, P, n, port, to, window, offset, value):
    """Send a message along the synapses of responder n that a port leaves by: those to one target, or all (-1)."""
    first = P.row[n * P.ports + port]
    end = P.row[n * P.ports + port + 1]
    if to >= 0:
        low = first
        high = end
        while low < high:
            middle = (low + high) // 2
            if P.ways[middle].to < to:
                low = middle + 1
            else:
                high = middle
        first = low
        while high < end and P.ways[high].to == to:
            high += 1
        end = high
    node = P.first + n
    if value != value or first == end or net.i[FREE] <= end - first or (to < 0 and P.asks[n * P.ports + port] > 0):
        refuse(net, UNSENT, node, window, offset)
        net.i[FAULT_B] = port
        net.i[TO] = to
        net.f[1] = value
        return
    for k in range(first, end):
        way = P.ways[k]
        w, o = due(net, window, offset, way.delay)
        push(
            net, w, o, way.kind, node, way.synapse, net.nodes[node].sent, way.projection, way.j, way.j + 1, value,
            FORTH, way.stage,
        )  # fmt: skip
    net.nodes[node].sent += 1


def refuse(net, what, node, window, offset):
    """Remember that a responder did what cannot be; Python says what."""
    if net.i[FAULT] == 0:
        net.i[FAULT] = what
        net.i[FAULT_A] = node
        net.i[FAULT_WINDOW] = window
        net.f[0] = offset


def text() -> str:
    """What every kernel gets of this module."""
    return "\n\n".join(inspect.getsource(f) for f in (note, set_alarm, put_alarm, rings, ready, answer, refuse))
