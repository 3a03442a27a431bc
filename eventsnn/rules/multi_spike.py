"""Exact gradients of neurons that fire several times in a trial: a later spike depends on earlier ones by the reset."""

from typing import Any

from eventsnn.model import Part, PostState, Rule, State
from eventsnn.rules.spike_time import Clip
from eventsnn.rules.steps import Adam


class MultiSpikeGradient(Rule):
    """Gradient of a loss by weights through the first four spikes of every neuron since its last `reset`.

    The voltage between two spikes T_(k-1) and T_k of a neuron is that of the inputs, less what was there at the reset:

        V(t) = v_reset e + sum_i w_i (psp(t - t_i) - e psp(T_(k-1) - t_i)),   e what is left of it at t

    so a change of V just before T_(k-1) is e V'(after the reset)/V'(before it) of that at t. With E_k = dL/dT_k, the
    direct one, the chain through the resets runs inside the neuron, from its last spike to its first:

        a_k = (a_(k+1) e V'(after T_k) - E_k) / V'(before T_k)
        dL/dw_i = sum_k a_k (psp(T_k - t_i) - e psp(T_(k-1) - t_i)),     dL/dt_i = -w_i (the same with psp')

    (the jump of the adjoint in Wunderlich and Pehle 2021, doi 10.1038/s41598-021-91786-z; for a rule that runs forward
    Bacho and Chu 2024, arXiv 2403.08804). A crossing begins at the threshold, so reset to value and by subtraction are
    the same here. Exact for `IF` and `LIF` with a current (any ratio of time constants, also equal ones) and a
    refractory period of 0, or infinite, that is one spike; anything else is refused.

    An error has to say which spike it is about. An `about` message of value k does, for all errors that follow; after a
    `reset` it is 1. Errors wait at the neuron. A `gather` message of value k lets every synapse add the gradient of the
    k-th spike that it carried and return the error of it, which is about its source's k-th spike. So a trial ends with
    four rounds, layer by layer from the outputs down: `about` k to the layer below, `gather` k. Then `apply` changes
    the weights; with one after every n-th trial they change in batches of n.

    Memory: four spikes and slopes per neuron, four arrivals per synapse. Spikes and arrivals beyond are counted as
    `missed`. The gradient by the first four is exact all the same, but what depends on others has no gradient.
    """

    step: Part = Adam(lr=0.01)  # how a gradient becomes a change of weight
    clip: Part = Clip()  # bounds near the pole

    arrivals: State = 0.0  # spikes that came in time, in this trial
    t1: State = 0.0  # when the first came [s]
    t2: State = 0.0  # when the second came [s]
    t3: State = 0.0  # when the third came [s]
    t4: State = 0.0  # when the fourth came [s]
    gradient: State = 0.0  # sum since the last apply

    t_reset: PostState = 0.0  # when the neuron was last reset [s]
    spikes: PostState = 0.0  # since then
    T1: PostState = 0.0  # time of the first [s]
    T2: PostState = 0.0  # time of the second [s]
    T3: PostState = 0.0  # time of the third [s]
    T4: PostState = 0.0  # time of the fourth [s]
    slope1: PostState = 0.0  # of the voltage just before the first [1/s]
    slope2: PostState = 0.0  # of the voltage just before the second [1/s]
    slope3: PostState = 0.0  # of the voltage just before the third [1/s]
    slope4: PostState = 0.0  # of the voltage just before the fourth [1/s]
    error1: PostState = 0.0  # dL/dT of the first, gathered [1/s]
    error2: PostState = 0.0  # dL/dT of the second, gathered [1/s]
    error3: PostState = 0.0  # dL/dT of the third, gathered [1/s]
    error4: PostState = 0.0  # dL/dT of the fourth, gathered [1/s]
    a1: PostState = 0.0  # of the chain, at the first
    a2: PostState = 0.0  # of the chain, at the second
    a3: PostState = 0.0  # of the chain, at the third
    a4: PostState = 0.0  # of the chain, at the fourth
    which: PostState = 1.0  # spike that errors are about
    pending: PostState = 0.0  # 1 while gradients wait for an apply
    unused: PostState = 0.0  # errors about spikes that there were not
    missed: PostState = 0.0  # spikes and arrivals there was no memory for

    def suits(self, neuron: Any) -> str:
        """Why the gradient would not be exact with this model; nothing if it is."""
        if getattr(neuron, "tau_syn", 1.0) == 0.0:
            return "has tau_syn = 0, and a voltage that jumps crosses the threshold at no slope; give a current"
        if 0.0 < neuron.t_refractory < float("inf"):
            return (
                f"has t_refractory = {neuron.t_refractory}; what arrives while it lasts enters the chain in another "
                "way. Give 0, or math.inf for a single spike"
            )
        return ""

    def on_pre(self, syn, post, msg):
        """Remember a spike that can still count."""
        if syn.arrivals > 0.0 and syn.t1 < post.t_reset:
            syn.arrivals = 0.0
        if post.spikes >= 4.0:
            return 0.0
        if syn.arrivals == 0.0:
            syn.t1 = msg.time
        elif syn.arrivals == 1.0:
            syn.t2 = msg.time
        elif syn.arrivals == 2.0:
            syn.t3 = msg.time
        elif syn.arrivals == 3.0:
            syn.t4 = msg.time
        else:
            post.missed += 1.0
        syn.arrivals += 1.0
        return 1.0

    def only_marked(self, post):
        """A gather concerns the spikes of this trial, an apply those since the last."""
        return 1.0 + post.pending

    def unmark(self, post):
        """A new trial; but gradients of the old one may have to wait."""
        return 1.0 if post.pending == 0.0 else 0.0

    def at_post(self, post, msg):
        """Remember a spike and its slope."""
        post.spikes += 1.0
        if post.spikes == 1.0:
            post.T1 = msg.time
            post.slope1 = post.slope
        elif post.spikes == 2.0:
            post.T2 = msg.time
            post.slope2 = post.slope
        elif post.spikes == 3.0:
            post.T3 = msg.time
            post.slope3 = post.slope
        elif post.spikes == 4.0:
            post.T4 = msg.time
            post.slope4 = post.slope
        else:
            post.missed += 1.0
        return 0.0

    def at_reset(self, post, msg):
        """A new trial."""
        post.t_reset = msg.time
        post.spikes = 0.0
        post.error1 = 0.0
        post.error2 = 0.0
        post.error3 = 0.0
        post.error4 = 0.0
        post.which = 1.0
        return 0.0

    def at_about(self, post, msg):
        """Which spike the errors that follow are about."""
        post.which = msg.value
        return 0.0

    def at_error(self, post, msg):
        """An error waits."""
        if post.which > min(post.spikes, 4.0):
            post.unused += 1.0
        elif post.which == 1.0:
            post.error1 += msg.value
        elif post.which == 2.0:
            post.error2 += msg.value
        elif post.which == 3.0:
            post.error3 += msg.value
        elif post.which == 4.0:
            post.error4 += msg.value
        return 0.0

    def at_gather(self, post, msg):
        """The chain through the resets, from the last spike to the first."""
        post.a4 = self.clip.divide(post, -post.error4, post.slope4) if post.spikes > 3.0 else 0.0
        post.a3 = self.link(post, post.a4, post.T4 - post.T3, post.slope3, post.error3) if post.spikes > 2.0 else 0.0
        post.a2 = self.link(post, post.a3, post.T3 - post.T2, post.slope2, post.error2) if post.spikes > 1.0 else 0.0
        post.a1 = self.link(post, post.a2, post.T2 - post.T1, post.slope1, post.error1) if post.spikes > 0.0 else 0.0
        if post.spikes == 0.0:
            return 0.0
        post.pending = 1.0
        return msg.value

    def link(self, post, later, gap, slope, error):
        """a of a spike, from that of the next, `gap` seconds later."""
        through = later * post.fade(gap) * post.slope_after(slope) if later != 0.0 else 0.0
        return self.clip.divide(post, through - error, slope)

    def on_gather(self, syn, post, msg):
        """The gradient of one spike of the source, and the error that goes back to it."""
        if syn.arrivals < msg.value or syn.t1 < post.t_reset:
            return 0.0
        t = syn.t1
        if msg.value == 2.0:
            t = syn.t2
        elif msg.value == 3.0:
            t = syn.t3
        elif msg.value == 4.0:
            t = syn.t4
        g = post.a1 * post.psp(post.T1 - t)
        back = post.a1 * post.psp_slope(post.T1 - t)
        if post.a2 != 0.0:
            g += post.a2 * self.risen(post, post.T2, post.T1, t)
            back += post.a2 * self.steeper(post, post.T2, post.T1, t)
        if post.a3 != 0.0:
            g += post.a3 * self.risen(post, post.T3, post.T2, t)
            back += post.a3 * self.steeper(post, post.T3, post.T2, t)
        if post.a4 != 0.0:
            g += post.a4 * self.risen(post, post.T4, post.T3, t)
            back += post.a4 * self.steeper(post, post.T4, post.T3, t)
        syn.gradient += g
        return -back

    def risen(self, post, now, before, t):
        """By how much a unit of weight that came at t raises the voltage of now, after a reset before."""
        return post.psp(now - t) - post.fade(now - before) * post.psp(before - t)

    def steeper(self, post, now, before, t):
        """The same with the slope of the psp [1/s]."""
        return post.psp_slope(now - t) - post.fade(now - before) * post.psp_slope(before - t)

    def at_apply(self, post, msg):
        """The end of some trials."""
        waited = post.pending
        post.pending = 0.0
        return waited

    def on_apply(self, syn, post, msg):
        """Change the weight."""
        if syn.gradient != 0.0:
            syn.w += self.step.change(syn, syn.gradient)
            syn.gradient = 0.0
