"""The shipped rules that studies compare."""

from eventsnn import rules
from eventsnn.model import Rule

LEFT_OUT = {
    "Ask": "asks, and learns nothing",
    "AxonalDelay": "changes delays, and no weight",
    "MultiSpikeGradient": "learns in rounds after a trial, from a loss of several spikes",
    "EscapeGradient": "needs neurons that fire at random",
    "MultilayerSpiker": "is for hidden neurons that fire at random",
}
COMPARED: dict[str, type[Rule]] = {
    name: kind
    for name, kind in ((name, getattr(rules, name)) for name in rules.__all__)
    if isinstance(kind, type) and issubclass(kind, Rule) and name not in LEFT_OUT
}
