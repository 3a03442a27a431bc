"""The compiled engine's agenda: entries in buckets of one window and one stage. Plain Python, copied into every kernel.

A stage is a population in the order in which a window is worked through. An entry is a message to a run of synapses;
entries of windows far ahead wait in a heap. Apart from messages, a neuron is visited in the first window into which its
next spike may fall (see `visits`).
Nothing here allocates: when `room` fails, the kernel stops at a consistent place and Python makes the pool larger.
"""

import math

from eventsnn.engines.prefetch import prefetch

# places in `net.i`
FREE = 0  # entries that are vacant: the first so many in row VACANT of `net.lists`
WINDOW = 2  # the window being worked through
STAGE = 3  # and its next stage
TOUCHED = 4  # neurons that the current stage has to finish
SPIKES = 5  # spikes recorded and not yet fetched
FAR = 6  # entries in the heap
NEAR = 7  # entries in the buckets
FEED = 8  # next spike of the sources
EVENTS = 9
BUDGET = 10  # events until Python is asked
FAULT = 11  # 0, or what went wrong
FAULT_A = 12
FAULT_B = 13
NEED = 14  # entries that a single reaction may need
FAULT_WINDOW = 15
ARRIVALS, CHANGES, STATES = 16, 17, 18  # rows recorded and not yet fetched
LOG_NEED = 19  # changes of weight that a single reaction may record

LOGS = 0  # whether this network records states or weights; a kernel that does sets it to 1

HELD = 20  # messages in the inbox of the guests
SHARE_FROM = 21  # messages in one window from which threads share a stage; 0 for one thread

NEXT_KNOWN = 22  # next moment of those that are known ahead, see `ahead`
KNOWN = 23  # how many are known
KNOWN_END = 24  # the window of the first that is not

NOTES = 25  # what responders noted and is not yet fetched
TO = 26  # target of a message that a responder could not send

ALARM = -2  # in place of a projection; the payload is its number

# kinds of event, as in eventsnn.events.Kind
CROSSING, ERROR_KIND, SPIKE_KIND, JUMP, WAKE = 0, 4, 5, 6, 7
ARRIVAL = 1  # of what is recorded: anything that arrives, after crossings and before jumps

FORTH, BACK = 0, 1  # which way along a projection
WAITED = 1.0  # payload of a spike that has waited at its synapse; others carry 0
OWN, MIRRORS, SIGNS = 0, 1, 2  # what weights a way back has: its own, the forward ones, its own with their signs

# answers of a kernel
DONE, GUEST, FULL, PAUSE, FAULTY, SHARE, MORE = 0, 1, 2, 3, 4, 5, 6

# faults
RUNAWAY, NOT_FINITE, REFUSED, UNSENT, NO_TIME = 1, 2, 3, 4, 5

ORDER, OTHER, FARTHER, NEXT, VACANT = 0, 1, 2, 3, 4  # rows of `net.lists`

# places in a linear population's `grid`: numbers that are the same in every window
START_0, START_1, START_I = 0, 1, 2  # what the coefficients contribute to voltage and current at its start
END_0, END_1, END_I = 3, 4, 5  # and at its end
GO_1, PER_1, GO_2, PER_2 = 6, 7, 8, 9  # what may happen within one window, and within two
GO_EVER, PER_EVER = 10, 11  # and in all time
DECAY, STEPS = 12, 256  # decays of the coefficients over 0, 1, ... windows, three numbers each
GRID = DECAY + 3 * STEPS

FRESH, OLD = 1, 2  # marks of synapses, as in eventsnn.synapses
EVERY = 4  # beside them: all synapses, marked or not
EIGHT = 0x0101010101010101  # times a mark: in each byte of a word
ROWS_FROM = 8  # when one neuron in so many hears a message, synapses are gone through row by row
ROW_AHEAD, LINE_WEIGHTS, LINE_TARGETS = 1024, 8, 16  # synapses: asked for of the next row, and in a cache line
AHEAD, SOON = 16, 6  # records; so far ahead their memory is asked for, and that of what they point to
BLOCK = 256  # neurons whose earliest visit is known, and that stay in one thread
GROUP = 32  # neurons of a block whose visits are looked through together
SPREAD_FROM, BINS = 32, 512  # entries of a window, and parts of it
NO_VISIT = 1 << 62
HORIZON = 2.0**61  # windows; no run goes farther


def room(net):
    """Whether one more reaction surely finds space for its entries and its spike."""
    if net.i[FREE] <= net.i[NEED] or net.i[SPIKES] + 2 >= net.spikes.size:
        return False
    return LOGS == 0 or log_room(net)  # noqa: F821, of `logs`


def push(net, window, offset, kind, sender, synapse, nth, projection, start, stop, value, back, stage):
    """Put an entry on the agenda."""
    net.i[FREE] -= 1
    last = net.i[FREE]
    x = net.lists[VACANT, last]
    e = net.pool[x]
    prefetch(net.pool, net.lists[VACANT, max(last - AHEAD, 0)])
    e.window = window
    e.offset = offset
    e.kind = kind
    e.sender = sender
    e.synapse = synapse
    e.nth = nth
    e.projection = projection
    e.start = start
    e.stop = stop
    e.value = value
    e.back = back
    e.stage = stage
    file_entry(net, x)


def file_entry(net, x):
    """Put an entry into its bucket, or into the heap if its window is far ahead."""
    e = net.pool[x]
    ring = net.buckets.shape[0]
    if e.window - net.i[WINDOW] < ring:
        slot = e.window % ring
        net.lists[NEXT, x] = net.buckets[slot, e.stage]
        net.buckets[slot, e.stage] = x
        net.buckets[slot, net.stages] += 1
        net.i[NEAR] += 1
    else:
        far_up(net, x)


def far_up(net, x):
    """Add an entry to the heap of far windows."""
    k = net.i[FAR]
    net.i[FAR] += 1
    window = net.pool[x].window
    while k > 0:
        parent = (k - 1) // 2
        if net.pool[net.lists[FARTHER, parent]].window <= window:
            break
        net.lists[FARTHER, k] = net.lists[FARTHER, parent]
        k = parent
    net.lists[FARTHER, k] = x


def far_pop(net):
    """Take the entry of the earliest window from the heap."""
    first = net.lists[FARTHER, 0]
    net.i[FAR] -= 1
    n = net.i[FAR]
    if n > 0:
        x = net.lists[FARTHER, n]
        window = net.pool[x].window
        k = 0
        while True:
            child = 2 * k + 1
            if child >= n:
                break
            if (
                child + 1 < n
                and net.pool[net.lists[FARTHER, child + 1]].window < net.pool[net.lists[FARTHER, child]].window
            ):
                child += 1
            if net.pool[net.lists[FARTHER, child]].window >= window:
                break
            net.lists[FARTHER, k] = net.lists[FARTHER, child]
            k = child
        net.lists[FARTHER, k] = x
    return first


def release(net, x):
    """Give an entry back to those that are vacant."""
    net.lists[VACANT, net.i[FREE]] = x
    net.i[FREE] += 1


def before(a, b):
    """The total order of events within one window and one population."""
    if a.offset != b.offset:
        return a.offset < b.offset
    if a.kind != b.kind:
        return a.kind < b.kind
    if a.sender != b.sender:
        return a.sender < b.sender
    if a.synapse != b.synapse:
        return a.synapse < b.synapse
    return a.nth < b.nth


def collect(net, window, stage):
    """Empty the bucket of a window and a stage into `net.order`, in the order of events; return how many."""
    slot = window % net.buckets.shape[0]
    x = net.buckets[slot, stage]
    net.buckets[slot, stage] = -1
    n = 0
    while x >= 0:
        net.lists[ORDER, n] = x
        n += 1
        x = net.lists[NEXT, x]
    net.buckets[slot, net.stages] -= n
    net.i[NEAR] -= n
    order = net.lists[ORDER]
    for k in range(n // 2):  # as they were put in, which is nearly their order
        x = order[k]
        order[k] = order[n - 1 - k]
        order[n - 1 - k] = x
    sort_entries(net, n)
    return n


def spread(net, n):
    """Bring the order nearly into that of time: by the part of the window in which an entry is."""
    pool, order, other, bins = net.pool, net.lists[ORDER], net.lists[OTHER], net.bins
    scale = (bins.size - 1) / net.width
    bins[:] = 0
    for k in range(n):
        bins[int(pool[order[k]].offset * scale) + 1] += 1
    for b in range(1, bins.size):
        bins[b] += bins[b - 1]
    for k in range(n):
        b = int(pool[order[k]].offset * scale)
        other[bins[b]] = order[k]
        bins[b] += 1
    for k in range(n):
        order[k] = other[k]


def sort_entries(net, n):
    """Merge sort of the order, by insertion in short stretches."""
    pool, order, other = net.pool, net.lists[ORDER], net.lists[OTHER]
    k = 1
    while k < n and before(pool[order[k - 1]], pool[order[k]]):
        k += 1
    if k >= n:
        return
    if n >= SPREAD_FROM:
        spread(net, n)
    width = 16
    for low in range(0, n, width):
        for i in range(low + 1, min(low + width, n)):
            x = order[i]
            j = i - 1
            while j >= low and before(pool[x], pool[order[j]]):
                order[j + 1] = order[j]
                j -= 1
            order[j + 1] = x
    while width < n:
        for low in range(0, n, 2 * width):
            middle, high = min(low + width, n), min(low + 2 * width, n)
            if middle == high or before(pool[order[middle - 1]], pool[order[middle]]):
                for k in range(low, high):
                    other[k] = order[k]
                continue
            i, j = low, middle
            for k in range(low, high):
                if i < middle and (j >= high or not before(pool[order[j]], pool[order[i]])):
                    other[k] = order[i]
                    i += 1
                else:
                    other[k] = order[j]
                    j += 1
        for k in range(n):
            order[k] = other[k]
        width *= 2


def put_back(net, first, n):
    """Return the entries `net.lists[ORDER, first:n]` to their bucket."""
    for k in range(first, n):
        file_entry(net, net.lists[ORDER, k])


def next_window(net, window, end):
    """The first window from `window` to `end` in which anything happens; end + 1 if there is none."""
    net.i[WINDOW] = window
    ring = net.buckets.shape[0]
    found = end + 1
    if net.i[NEAR] > 0:
        for k in range(window, min(window + ring, end + 1)):
            if net.buckets[k % ring, net.stages] > 0:
                found = k
                break
    if net.i[FAR] > 0:
        found = min(found, net.pool[net.lists[FARTHER, 0]].window)
    if net.i[FEED] < net.feed.size:
        found = min(found, net.feed[net.i[FEED]].window)
    found = min(found, net.i[KNOWN_END])
    if net.i[NEXT_KNOWN] < net.i[KNOWN]:
        found = min(found, net.moments[net.i[NEXT_KNOWN]].window)
    for block in range(net.blocks.size):
        found = min(found, net.blocks[block])
    found = max(window, min(found, end + 1))
    net.i[WINDOW] = min(found, end)  # buckets hold the windows from here on, and never two of them in one slot
    while net.i[FAR] > 0 and net.pool[net.lists[FARTHER, 0]].window - net.i[WINDOW] < ring:
        file_entry(net, far_pop(net))
    return found


def emit(net, node, window, offset, kind):
    """Record a spike and send it along every row."""
    if net.nodes[node].records > 0:
        s = net.i[SPIKES]
        net.spikes[s].node = node
        net.spikes[s].window = window
        net.spikes[s].offset = offset
        net.spikes[s].kind = kind
        net.i[SPIKES] += 1
    send_rows(net, net.nodes[node].run, net.nodes[node].run_end, node, window, offset, 0.0)


def relay(net, node, window, offset, value):
    """Send an error on along the projections that carry errors."""
    send_rows(net, net.nodes[node].relay, net.nodes[node].relay_end, node, window, offset, value)


def send_rows(net, first, end, node, window, offset, value):
    """Send a message along the synapses of some runs, each of which arrives as a whole."""
    for r in range(first, end):
        run = net.runs[r]
        w, o = due(net, window, offset, run.delay)
        push(
            net, w, o, run.kind, node, run.first + run.start, net.nodes[node].sent, run.projection,
            run.start, run.stop, value, FORTH, run.stage,
        )  # fmt: skip
    net.nodes[node].sent += 1


def send_back(net, node, window, offset, delay, synapse, projection, j, value, stage):
    """Send an error from a synapse to its source."""
    w, o = due(net, window, offset, delay)
    push(
        net, w, o, ERROR_KIND, node, synapse, net.nodes[node].sent, projection, j, j + 1, value,
        BACK, stage,
    )  # fmt: skip
    net.nodes[node].sent += 1


def foresee(net, R, k, count):
    """Ask for the memory of the row that a stage comes to next, while it is at the one before."""
    if k < count:
        e = net.pool[net.lists[ORDER, k]]
        stop = min(e.stop, e.start + ROW_AHEAD, R.target.size)  # it may be of another projection: then it is no use
        for j in range(e.start, stop, LINE_WEIGHTS):
            prefetch(R.weight, j)
        for j in range(e.start, stop, LINE_TARGETS):
            prefetch(R.target, j)


def fault(net, what, a, b, window, offset, before):
    """Remember the first thing that went wrong, and the number that was there before."""
    if net.i[FAULT] == 0:
        net.i[FAULT] = what
        net.i[FAULT_A] = a
        net.i[FAULT_B] = b
        net.i[FAULT_WINDOW] = window
        net.f[0] = offset
        net.f[1] = before


def due(net, window, offset, delay):
    """When a message arrives: after its delay, and on the network's grid if it has one."""
    total = offset + delay
    ahead = whole(total / net.width)
    w = window + ahead
    o = total - ahead * net.width
    if net.tick == 0.0 or w >= HORIZON:
        return w, o
    nth = math.floor((w * net.width + o) / net.tick)
    while True:  # as in eventsnn.events.next_on_grid
        time = nth * net.tick
        on_grid = whole(time / net.width)
        left = time - on_grid * net.width
        if on_grid > w or (on_grid == w and left >= o):
            return on_grid, left
        nth += 1


def whole(windows):
    """How many whole windows these are; what lies beyond the horizon is all the same, so that no integer overflows."""
    return math.floor(windows if windows < HORIZON else HORIZON)


def python_max(a, b):
    """max(a, b) as CPython computes it."""
    return b if b > a else a


def python_min(a, b):
    """min(a, b) as CPython computes it."""
    return b if b < a else a
