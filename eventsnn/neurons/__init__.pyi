# The names of the package, each with its file: it is imported when first used, and type checkers look here for it.

from .adaptive_lif import AdaptiveLIF as AdaptiveLIF
from .axon import Axon as Axon
from .error_neuron import ErrorNeuron as ErrorNeuron
from .escape_lif import EscapeLIF as EscapeLIF
from .integrate_fire import IF as IF
from .lif import LIF as LIF
from .rate_input import LabelInput as LabelInput
from .rate_input import RateInput as RateInput
from .readout import Readout as Readout
from .sources import Latency as Latency
from .sources import Poisson as Poisson
from .sources import Regular as Regular
from .sources import SpikeTrain as SpikeTrain
from .two_compartment import TwoCompartment as TwoCompartment

__all__: list[str]
