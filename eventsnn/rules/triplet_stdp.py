"""Spike-timing-dependent plasticity of pairs and triplets of spikes."""

import math
from typing import Any

from eventsnn.errors import NetworkError
from eventsnn.model import PostState, Rule, State

AGE = 32.0  # shortest time constants after which the origin of the traces moves on; exp(32) is far from overflow


class TripletSTDP(Rule):
    """Triplet STDP: potentiation also by how lately the neuron fired before, depression by the synapse's own past.

    With the traces r1, r2 of the spikes that arrive and o1, o2 of those that the neuron fires, which decay with
    `tau_plus`, `tau_x`, `tau_minus` and `tau_y`,

        a spike arrives:   w -= o1 (A2_minus + A3_minus r2),   then r1 and r2 grow
        the neuron fires:  w += r1 (A2_plus + A3_plus o2),     then o1 and o2 grow

    (Pfister and Gerstner 2006, doi 10.1523/JNEUROSCI.1425-06.2006, equations 2 to 4). With `pairs="all"` a trace grows
    by 1, so that all spikes count; with `pairs="nearest"` it becomes 1, so that only the latest does. The minimal
    models have `A2_plus = A3_minus = 0` (visual cortex) or `A3_minus = 0` (hippocampus). Amplitudes are in the unit of
    the weight, times in seconds; the defaults are the minimal all-to-all model of the visual cortex. Other published
    sets: `triplet_stdp`.

    Order and delays are those of `PairSTDP`: a spike counts when it arrives.
    """

    A2_plus: float = 0.0  # potentiation by a pair, in the unit of the weight
    A3_plus: float = 6.5e-3  # potentiation by a triplet (post, pre, post)
    A2_minus: float = 7.1e-3  # depression by a pair
    A3_minus: float = 0.0  # depression by a triplet (pre, post, pre)
    tau_plus: float = 16.8e-3  # time constant of r1 [s]
    tau_minus: float = 33.7e-3  # time constant of o1 [s]
    tau_x: float = 101e-3  # time constant of r2 [s]
    tau_y: float = 114e-3  # time constant of o2 [s]
    w_min: float = 0.0  # least weight
    w_max: float = 10.0  # largest weight
    pairs: str = "all"  # "all" or "nearest"

    r1: State = 0.0  # sum of exp((t - t_r)/tau_plus) over the spikes that arrived here, or the latest of its terms
    r2: State = 0.0  # the same with tau_x
    t_r: State = 0.0  # origin of both [s]

    o1: PostState = 0.0  # sum of exp((t - t_o)/tau_minus) over the neuron's spikes, or the latest of its terms
    o2: PostState = 0.0  # the same with tau_y
    t_o: PostState = 0.0  # origin of both [s]
    before: PostState = 0.0  # what o2 was just before the latest spike

    kept = ("arriving", "lagging")
    derived = ("age", "keep")

    def derive(self) -> dict[str, float]:
        """Check the parameters."""
        taus = {name: getattr(self, name) for name in ("tau_plus", "tau_minus", "tau_x", "tau_y")}
        for name, tau in taus.items():
            if not 0 < tau < math.inf:
                raise NetworkError(f"TripletSTDP.{name} is {tau}; it must be positive and finite")
        for name in ("A2_plus", "A3_plus", "A2_minus", "A3_minus"):
            if not math.isfinite(getattr(self, name)):
                raise NetworkError(f"TripletSTDP.{name} is {getattr(self, name)}; it must be finite")
        if not self.w_min < self.w_max:
            raise NetworkError(f"TripletSTDP.w_min is {self.w_min}; it must lie below w_max = {self.w_max}")
        if self.pairs not in ("all", "nearest"):
            raise NetworkError(f"TripletSTDP.pairs is {self.pairs!r}; it is 'all' or 'nearest'")
        return {"age": AGE * min(taus.values()), "keep": float(self.pairs == "all")}

    def on_pre(self, syn, post, msg):
        """A spike arrives: it comes after every spike that the neuron has fired."""
        origin, left, one, two = self.arriving(msg.time)
        self.move(syn, origin)
        o1 = post.o1 * self.lagging(msg.time - post.t_o)
        r2 = syn.r2 * left
        self.add(syn, -o1 * (self.A2_minus + self.A3_minus * r2))
        syn.r1 = self.keep * syn.r1 + one
        syn.r2 = self.keep * syn.r2 + two

    def arriving(self, time):
        """For a spike that arrives: the origin, what is left of r2 since then, and what is added to r1 and r2."""
        origin = math.floor(time / self.age) * self.age
        u = time - origin
        return origin, math.exp(-u / self.tau_x), math.exp(u / self.tau_plus), math.exp(u / self.tau_x)

    def lagging(self, lag):
        """What is left of o1."""
        return math.exp(-lag / self.tau_minus)

    def at_post(self, post, msg):
        """The neuron fires; what goes to its synapses is how much r1 has decayed since its origin."""
        origin = math.floor(msg.time / self.age) * self.age
        u = msg.time - origin
        if post.t_o != origin:
            past = origin - post.t_o
            post.o1 = post.o1 * math.exp(-past / self.tau_minus)
            post.o2 = post.o2 * math.exp(-past / self.tau_y)
            post.t_o = origin
        post.before = post.o2 * math.exp(-u / self.tau_y)
        post.o1 = self.keep * post.o1 + math.exp(u / self.tau_minus)
        post.o2 = self.keep * post.o2 + math.exp(u / self.tau_y)
        return math.exp(-u / self.tau_plus)

    def on_post(self, syn, post, msg):
        """The neuron has fired, seen from a synapse: after every spike that arrived there."""
        self.move(syn, math.floor(msg.time / self.age) * self.age)
        self.add(syn, syn.r1 * msg.value * (self.A2_plus + self.A3_plus * post.before))

    def move(self, syn, origin):
        """Count the exponentials of a synapse's traces from a new origin on."""
        if syn.t_r != origin:
            past = origin - syn.t_r
            syn.r1 = syn.r1 * math.exp(-past / self.tau_plus)
            syn.r2 = syn.r2 * math.exp(-past / self.tau_x)
            syn.t_r = origin

    def add(self, syn, change):
        """Change the weight within its bounds."""
        syn.w = min(self.w_max, max(self.w_min, syn.w + change))


SETS = ("A2_plus", "A3_plus", "A2_minus", "A3_minus", "tau_x", "tau_y")
PUBLISHED: dict[tuple[str, str, str], tuple[float, ...]] = {
    ("visual cortex", "full", "all"): (5e-10, 6.2e-3, 7e-3, 2.3e-4, 101e-3, 125e-3),
    ("visual cortex", "full", "nearest"): (8.8e-11, 5.3e-2, 6.6e-3, 3.1e-3, 714e-3, 40e-3),
    ("visual cortex", "minimal", "all"): (0.0, 6.5e-3, 7.1e-3, 0.0, 101e-3, 114e-3),
    ("visual cortex", "minimal", "nearest"): (0.0, 5e-2, 8e-3, 0.0, 101e-3, 40e-3),
    ("hippocampus", "full", "all"): (6.1e-3, 6.7e-3, 1.6e-3, 1.4e-3, 946e-3, 27e-3),
    ("hippocampus", "full", "nearest"): (4.6e-3, 9.1e-3, 3e-3, 7.5e-9, 575e-3, 47e-3),
    ("hippocampus", "minimal", "all"): (5.3e-3, 8e-3, 3.5e-3, 0.0, 101e-3, 40e-3),
    ("hippocampus", "minimal", "nearest"): (4.6e-3, 9.1e-3, 3e-3, 0.0, 101e-3, 48e-3),
}


def triplet_stdp(data: str = "visual cortex", model: str = "minimal", pairs: str = "all", **other: Any) -> TripletSTDP:
    """The triplet rule with parameters fitted to data: Pfister and Gerstner 2006, tables 3 and 4.

    Args:
        data: "visual cortex" (Sjöström et al. 2001) or "hippocampus" (cultures; Wang et al. 2005).
        model: "full" or "minimal"; where a minimal model has no r2, its `tau_x` is of no effect.
        pairs: "all" or "nearest".
        other: further parameters, such as `w_max`.
    """
    key = (data, model, pairs)
    if key not in PUBLISHED:
        known = "; ".join(", ".join(k) for k in PUBLISHED)
        raise NetworkError(f"there is no set {data!r}, {model!r}, {pairs!r}; there are {known}")
    return TripletSTDP(pairs=pairs, **{**dict(zip(SETS, PUBLISHED[key], strict=True)), **other})
