"""What a spike-time rule remembers of trials: of the present one alone, or of several whose errors are still to come.

An error finds the trial that it answers, and the rule asks here for what was known when that trial was open: the
neuron's spike, its slope there, and for each synapse how long before it a spike had arrived.
"""

import linecache
import math
from functools import cache
from typing import Any

from eventsnn.errors import NetworkError
from eventsnn.model import Part, PostState, State
from eventsnn.relax import history

DEEPEST = 64  # trials; the text of a memory grows with its depth


class OneTrial(Part):
    """Memory of the present trial: one word per synapse, three per neuron. An error answers the trial it comes in."""

    t: State = -math.inf  # arrival of the latest spike in time [s]

    t_reset: PostState = -math.inf  # when the neuron was last reset [s]
    t_spike: PostState = -math.inf  # first spike since [s]; -inf while there is none
    slope_spike: PostState = 0.0  # slope of the voltage there [1/s]

    def brief(self):
        """1.0: what came in earlier trials is forgotten."""
        return 1.0

    def arrive(self, syn, post, time):
        """A spike comes to a synapse; it counts while the neuron has not fired. Return whether it does."""
        if post.t_spike == -math.inf:
            syn.t = time
            return 1.0
        return 0.0

    def fire(self, post, time):
        """The neuron fires for the first time in a trial."""
        post.t_spike = time
        post.slope_spike = post.slope

    def turn(self, post, time):
        """A new trial; return what is kept of the errors that were gathered and not yet used."""
        post.t_reset = time
        post.t_spike = -math.inf
        return 0.0

    def find(self, post, time):
        """An error comes; return whether the neuron fired in the trial that it answers."""
        return 1.0 if post.t_spike > -math.inf else 0.0

    def slope(self, post):
        """Slope at the spike of the trial that was found [1/s]."""
        return post.slope_spike

    def lag(self, syn, post):
        """How long before that spike one arrived here [s]; less than 0 if none came in time."""
        u = post.t_spike - syn.t
        return -1.0 if syn.t < post.t_reset or u == math.inf else u

    def fired(self, post):
        """Whether the neuron fired in the latest trial that is over, or nearly."""
        return 1.0 if post.t_spike > -math.inf else 0.0


class ManyTrials(Part, abstract=True):
    """Memory of several trials; `in_flight` makes one of stated depth and says what it is for."""

    after: float = 0.0  # from a trial to the errors that answer it [s]

    t: State = -math.inf
    ts: State = history(1, -math.inf)  # of earlier trials, latest first; of stated depth in what `in_flight` makes

    t_reset: PostState = -math.inf
    t_spike: PostState = -math.inf
    slope_spike: PostState = 0.0
    resets: PostState = history(1, -math.inf)
    spikes: PostState = history(1, -math.inf)
    slopes: PostState = history(1)
    found_reset: PostState = -math.inf  # of the trial that the present error answers
    found_spike: PostState = -math.inf
    found_slope: PostState = 0.0
    mixed: PostState = 0.0  # errors lost because gathered ones of another trial were still waiting for their `apply`

    def derive(self):
        """Check the delay."""
        if not 0.0 <= self.after < math.inf:
            raise NetworkError(f"in_flight: after is {self.after}; give a number of seconds from 0")
        return {}

    def brief(self):
        """0.0: an error may be about earlier trials."""
        return 0.0

    def arrive(self, syn, post, time):
        """A spike comes to a synapse; the arrival that it takes the place of may belong to an earlier trial."""
        if post.t_spike == -math.inf:
            if syn.t < post.t_reset:
                self.push_ts(syn, syn.t)
            syn.t = time
            return 1.0
        return 0.0

    def fire(self, post, time):
        """The neuron fires for the first time in a trial."""
        post.t_spike = time
        post.slope_spike = post.slope

    def turn(self, post, time):
        """A new trial; the errors that wait belong to an earlier one and go on waiting."""
        self.push_resets(post, post.t_reset)
        self.push_spikes(post, post.t_spike)
        self.push_slopes(post, post.slope_spike)
        post.t_reset = time
        post.t_spike = -math.inf
        return post.error

    def find(self, post, time):
        """An error comes; return whether the neuron fired in the trial that it answers."""
        reset = post.found_reset
        self.open_at(post, time - self.after)
        if post.error != 0.0 and post.found_reset != reset:
            post.mixed += 1.0
            self.open_at(post, reset)
            return 0.0
        return 1.0 if post.found_spike > -math.inf else 0.0

    def slope(self, post):
        """Slope at the spike of the trial that was found [1/s]."""
        return post.found_slope

    def lag(self, syn, post):
        """How long before that spike one arrived here [s]; less than 0 if none came in time."""
        t = self.latest(syn, post.found_spike)
        u = post.found_spike - t
        return -1.0 if t < post.found_reset or u == math.inf else u

    def fired(self, post):
        """Whether the neuron fired in the latest trial that is over: `apply` may come at any time of the next."""
        return 1.0 if post.spikes_1 > -math.inf else 0.0


def in_flight(trials: int, after: float = 0.0) -> Part:
    """Memory for several trials in flight: inputs of the next samples come while errors of earlier ones travel.

    An error answers the trial that was open `after` seconds before it came. Every layer has an `after` of its own: what
    the delays of the teacher and of the way back add up to until there. So a neuron needs `after / period + 1` trials,
    rounded up. An error for a trial that is forgotten changes nothing and is counted in `unused`.

    This is a memory of k words per synapse (the latest arrivals in time) and 3 k + 4 per neuron (when the latest trials
    began, when it fired in each and how steeply, the same of the trial that an error has found, and a counter). With
    mode="gather" an `apply` has to come between the errors of one trial and those of the next, so delay it as they are
    (`apply_delays` of `Network.stimulate`), or let `after` be a whole number of periods.

    Args:
        trials: k, how many trials are remembered, the present one included; 1 to 64.
        after: [s]; 0 with one trial.

    Examples:
        >>> rule = SpikeTimeGradient(mode="gather", trials=in_flight(16, after=105.0))
    """
    if isinstance(trials, bool) or not isinstance(trials, int) or not 1 <= trials <= DEEPEST:
        raise NetworkError(f"in_flight({trials!r}): the number of trials is a whole number from 1 to {DEEPEST}")
    if trials == 1:
        if after != 0.0:
            raise NetworkError(f"in_flight(1, after={after!r}): errors that late need more trials than one")
        return OneTrial()
    made: Part = _memory(trials)(after=float(after))
    return made


@cache
def _memory(trials: int) -> type[Part]:
    """The class of a memory of that depth, which files find under its name in this module."""
    depth = trials - 1
    body: dict[str, Any] = {
        "__module__": __name__,
        "__qualname__": f"Trials{trials}",
        "__doc__": f"Memory of {trials} trials; see `in_flight`.",
        "__annotations__": {"ts": State, "resets": PostState, "spikes": PostState, "slopes": PostState},
        "ts": history(depth, -math.inf),
        "resets": history(depth, -math.inf),
        "spikes": history(depth, -math.inf),
        "slopes": history(depth),
        **_search(depth),
    }
    return type(f"Trials{trials}", (ManyTrials,), body)


def __getattr__(name: str) -> Any:
    """`Trials2` to `Trials64`, for files that name them."""
    number = name.removeprefix("Trials")
    if number != name and number.isdecimal() and 2 <= int(number) <= DEEPEST:
        return _memory(int(number))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _search(depth: int) -> dict[str, Any]:
    """The two methods that look through the memory, as text that is checked like that of any handler."""
    latest = ["def latest(self, syn, until):", "    t = syn.t"]
    open_at = [
        "def open_at(self, post, time):",
        "    post.found_reset = post.t_reset",
        "    post.found_spike = post.t_spike",
        "    post.found_slope = post.slope_spike",
    ]
    for k in range(1, depth + 1):
        latest += ["    if t > until:", f"        t = syn.ts_{k}"]
        open_at += [
            "    if post.found_reset > time:",
            f"        post.found_reset = post.resets_{k}",
            f"        post.found_spike = post.spikes_{k}",
            f"        post.found_slope = post.slopes_{k}",
        ]
    latest += ["    return -math.inf if t > until else t"]
    open_at += ["    if post.found_reset > time:", "        post.found_spike = -math.inf"]
    text, file = "\n".join([*latest, "", *open_at, ""]), f"<memory of {depth + 1} trials>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    made: dict[str, Any] = {"math": math}
    exec(compile(text, file, "exec"), made)
    return {name: made[name] for name in ("latest", "open_at")}
