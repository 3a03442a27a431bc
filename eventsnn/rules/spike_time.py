"""Exact gradients of spike times, by messages: every synapse uses what is at hand when an error reaches it."""

import math

from eventsnn.errors import NetworkError
from eventsnn.model import Part, PostState, Rule, State
from eventsnn.rules.delays import FixedDelays
from eventsnn.rules.mirrors import NoMirror
from eventsnn.rules.remedies import NoRemedy
from eventsnn.rules.schedules import Constant
from eventsnn.rules.steps import Adam, NoNorm
from eventsnn.rules.trials import OneTrial

MODES = ("immediate", "accumulate", "gather")


class Clip(Part):
    """Bounds near the pole of the gradient, where the slope at threshold vanishes; counts what it changes.

    The slope used in 1/slope is at least `slope`; a neuron's error is cut to [-error, error].
    """

    slope: float = 0.05  # least slope, in thresholds per second
    error: float = math.inf  # largest error of one neuron

    floored: PostState = 0.0  # how often the slope was raised
    cut: PostState = 0.0  # how often an error was cut

    def divide(self, post, error, slope):
        """error/slope, bounded."""
        if slope < self.slope:
            slope = self.slope
            post.floored += 1.0
        ratio = error / slope
        if abs(ratio) > self.error:
            ratio = math.copysign(self.error, ratio)
            post.cut += 1.0
        return ratio


class SpikeTimeGradient(Rule):
    """Gradient of a loss by weights through the time of the target's first spike since its last `reset`.

    The target fires at t_o when `sum_i w_i psp(t_o - t_i)` reaches the threshold, so with the slope of the voltage

        dt_o/dw_i = -psp(t_o - t_i) / slope,     dt_o/dt_i = w_i psp'(t_o - t_i) / slope

    for inputs that arrived before t_o, and 0 for others (Mostafa 2018 for the non-leaky neuron; Goeltz et al. 2021
    for the leaky one). An error message carries dL/dt_o [1/s]. It changes the weights, and each synapse whose spike
    came in time returns `dL/dt_o psp'/slope`, which the feedback multiplies by its weight and brings to the source:
    its own error. Errors add, so no message waits for another. A synapse carries at most one spike per trial. An error
    is taken for one of the present trial, unless `trials` remembers more of them.

    `mode`: with "immediate" every error changes the weights at once. With "accumulate" every error is passed on at
    once, and the changes are kept in a word per synapse until an `apply` message. With "gather" a neuron sums its
    errors and acts once, at its next `apply` message; in this mode errors leave for the layer below at that time.
    `bound` limits the norm of a neuron's summed gradient row; it acts in "accumulate".

    An `apply` message after every k-th trial is a mini-batch of k: changes add up until it comes. In "gather" errors
    must not wait so long; a `gather` message at the end of a trial sends them on, and leaves the changes for `apply`.

    Silent neurons have no gradient: `cost` and `silence` are remedies, applied at `apply` messages.
    """

    step: Part = Adam(lr=0.01)  # how a gradient becomes a change of weight
    norm: Part = NoNorm()  # what scales a neuron's gradients before the step
    schedule: Part = Constant()  # factor of every step, by trials or by `rate` messages
    delays: Part = FixedDelays()  # or LearnedDelays
    mirror: Part = NoMirror()  # KolenPollack or Correlation for feedback="learned"
    clip: Part = Clip()  # bounds near the pole
    cost: Part = NoRemedy()  # usually WeightSum
    silence: Part = NoRemedy()  # usually Bump
    trials: Part = OneTrial()  # or in_flight(k, after), where errors take longer than the time to the next trial
    mode: str = "immediate"  # "immediate", "accumulate" or "gather"
    bound: float = math.inf  # largest norm of a neuron's gradient row; mode "accumulate"

    gradient: State = 0.0  # sum since the last apply

    error: PostState = 0.0  # gathered errors
    ratio: PostState = 0.0  # gathered errors by slope, at an apply
    norm2: PostState = 0.0  # squared norm of the gradient row
    scale: PostState = 0.0  # factor of the row at an apply
    lift: PostState = 0.0  # what the remedies add to every weight at an apply
    pending: PostState = 0.0  # 1 while gradients wait for an apply
    weight_sum: PostState = 0.0  # sum of the neuron's weights
    unused: PostState = 0.0  # errors that came for a neuron that had not fired
    clipped: PostState = 0.0  # rows that were scaled down to the bound

    derived = ("at_once", "summed")

    def derive(self) -> dict[str, float]:
        """Check the mode."""
        if self.mode not in MODES:
            raise NetworkError(f"SpikeTimeGradient.mode is {self.mode!r}; it is one of {', '.join(MODES)}")
        if self.bound < math.inf and self.mode != "accumulate":
            raise NetworkError(f"SpikeTimeGradient.bound needs mode='accumulate'; the mode is {self.mode!r}")
        return {"at_once": float(self.mode == "immediate"), "summed": float(self.mode == "gather")}

    def begin(self, syn, post):
        """Add up the weights, for remedies that look at their sum."""
        post.weight_sum += syn.w
        self.mirror.begin(syn, post)

    def on_pre(self, syn, post, msg):
        """Remember a spike that comes while the neuron has not fired."""
        return self.trials.arrive(syn, post, msg.time)

    def only_marked(self, post):
        """An error concerns the spikes of this trial, an apply those since the last; what a remedy adds is for all."""
        return (1.0 + post.pending) * self.trials.brief() if post.lift == 0.0 else 0.0

    def unmark(self, post):
        """A new trial; but gradients of the old one may have to wait."""
        return 1.0 if post.pending == 0.0 else 0.0

    def at_post(self, post, msg):
        """Remember the first spike."""
        if post.t_spike == -math.inf:
            self.trials.fire(post, msg.time)
            return self.mirror.probe(post)
        return 0.0

    def on_post(self, syn, post, msg):
        """The first spike, seen from a synapse whose mirror wants to know."""
        u = msg.time - syn.t
        self.mirror.hear(syn, post, post.psp_slope(u) if syn.t >= post.t_reset and u < math.inf else 0.0)

    def at_reset(self, post, msg):
        """A new trial."""
        post.error = self.trials.turn(post, msg.time)
        post.lift = 0.0
        self.schedule.advance(post)
        return 0.0

    def at_rate(self, post, msg):
        """A learning rate for those whose schedule takes it."""
        self.schedule.told(post, msg.value)
        return 0.0

    def at_error(self, post, msg):
        """An error reaches the neuron."""
        if self.trials.find(post, msg.time) == 0.0:
            post.unused += 1.0
            return 0.0
        if self.summed > 0.0:
            post.error += msg.value
            return 0.0
        post.pending = 1.0 - self.at_once
        return self.clip.divide(post, msg.value, self.trials.slope(post))

    def on_error(self, syn, post, msg):
        """The error reaches a synapse."""
        u = self.trials.lag(syn, post)
        if u < 0.0:
            return 0.0
        g = -msg.value * post.psp(u)
        back = msg.value * post.psp_slope(u)
        self.delays.feel(syn, back * syn.w)
        if self.at_once > 0.0:
            self.change(syn, post, g)
            self.delays.act(syn, self.schedule.factor(post))
        else:
            old = syn.gradient
            syn.gradient = old + g
            post.norm2 += syn.gradient * syn.gradient - old * old
        return back

    def at_apply(self, post, msg):
        """The end of a trial that was taught, seen from one neuron."""
        fired = self.trials.fired(post)
        post.lift = self.cost.lift(post, post.weight_sum, fired) + self.silence.lift(post, post.weight_sum, fired)
        post.scale = 1.0
        norm = math.sqrt(max(post.norm2, 0.0))
        if norm > self.bound:
            post.scale = self.bound / norm
            post.clipped += 1.0
        post.norm2 = 0.0
        self.take(post)
        if post.pending == 0.0 and post.ratio == 0.0 and post.lift == 0.0:
            return 0.0
        post.pending = 0.0
        return 1.0

    def on_apply(self, syn, post, msg):
        """The end of a trial, seen from one synapse."""
        back = self.passed(syn, post, post.ratio)
        g = syn.gradient * post.scale
        syn.gradient = 0.0
        if g != 0.0:
            self.change(syn, post, g)
        self.delays.act(syn, self.schedule.factor(post))
        lift = self.mirror.lift(syn, post.lift)
        if lift != 0.0:
            syn.w += lift
            post.weight_sum += lift
        return back

    def at_gather(self, post, msg):
        """The end of a trial whose changes shall wait, seen from one neuron."""
        self.take(post)
        if post.ratio != 0.0:
            post.pending = 1.0
        return post.ratio

    def on_gather(self, syn, post, msg):
        """The end of a trial whose changes shall wait, seen from one synapse."""
        return self.passed(syn, post, msg.value)

    def take(self, post):
        """Take the gathered errors, divided by the slope."""
        post.ratio = 0.0
        if post.error != 0.0:
            post.ratio = self.clip.divide(post, post.error, self.trials.slope(post))
            post.error = 0.0

    def passed(self, syn, post, ratio):
        """Keep the gradient of an error by slope, and return what goes back to the source."""
        if ratio == 0.0:
            return 0.0
        u = self.trials.lag(syn, post)
        if u < 0.0:
            return 0.0
        back = ratio * post.psp_slope(u)
        syn.gradient += -ratio * post.psp(u)
        self.delays.feel(syn, back * syn.w)
        return back

    def change(self, syn, post, g):
        """One step down the gradient."""
        dw = self.schedule.factor(post) * self.step.change(syn, self.norm.scaled(post, g))
        dw = self.mirror.follow(syn, post, dw)
        syn.w += dw
        post.weight_sum += dw
