"""What happens at one neuron at one instant. Every engine runs this text, so their arithmetic cannot differ.

`cell` is a neuron's record: the model's State, then `window` and `offset` of its own last event. A linear neuron's
coefficients refer to the start of `cell.window`; they are moved lazily, at its own next event, in one step.
`width` is that of a window.
"""

import math


def bring(neuron, cell, window, offset, width):
    """Let a neuron's time pass up to now."""
    dt = (window - cell.window) * width + (offset - cell.offset)
    if dt > 0.0:
        neuron.advance(cell, dt)
    cell.window = window
    cell.offset = offset


def bring_linear(neuron, cell, window, offset, width):
    """Move a linear neuron's coefficients to the window of now."""
    if window != cell.window:
        dt = (window - cell.window) * width
        neuron.rebase(cell, dt)
        neuron.carry(cell, dt)
        cell.window = window
    neuron.settle(cell, offset)
    cell.offset = offset


def enter_linear(neuron, cell, w, f0, f1):
    """An input of weight w enters; f0 and f1 are the factors of its time, the same for all targets of a spike."""
    w *= neuron.admit(cell)
    cell.c0 += w * f0
    cell.c1 += w * f1


def look_linear(neuron, cell, window, offset, width):
    """Write the published state as it is now, changing nothing else."""
    neuron.observe(cell, (window - cell.window) * width + offset)


def sense_linear(neuron, cell):
    """Write what `sense` writes as it is at the neuron's own last event."""
    a, b = neuron.shared(cell.offset)
    neuron.sense(cell, cell.c1, a, b)


def due(neuron, cell):
    """Offset, from the start of `cell.window`, of the next spike if nothing else arrives; inf for never."""
    return cell.offset + neuron.next_spike(cell)


def due_linear(neuron, cell):
    """Offset, from the start of `cell.window`, of the next spike if nothing else arrives; inf for never."""
    return neuron.crossing(cell, cell.offset)


def windows_in(offset, width):
    """How many whole windows an offset spans."""
    return math.floor(offset / width)
