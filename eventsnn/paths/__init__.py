"""Signal paths: a rule written as the chain of filters and gates between a spike and a weight.

    SuperSpike    spike() >> psp() >> gate(FastSigmoid()) >> double_exponential(5e-3, 10e-3)
                      >> gate(error() >> double_exponential(5e-3, 10e-3)) >> weight(...)

`path` turns such a chain into a `Rule` (see `make`), whose handlers integrate it exactly and touch a synapse only when
its own spike or an `apply` message arrives. `chain` holds the stages, `text` writes the handlers.
"""

from eventsnn.paths.chain import (
    Chain,
    Stage,
    adaptation,
    double_exponential,
    error,
    gate,
    hold,
    low_pass,
    own_spikes,
    psp,
    spike,
    weight,
)
from eventsnn.paths.make import Path, memory, path

__all__ = [
    "Chain",
    "Path",
    "Stage",
    "adaptation",
    "double_exponential",
    "error",
    "gate",
    "hold",
    "low_pass",
    "memory",
    "own_spikes",
    "path",
    "psp",
    "spike",
    "weight",
]
