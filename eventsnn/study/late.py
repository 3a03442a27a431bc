"""`SpikeTimeGradient` for errors that come trials late: a history of when spikes came, so many trials deep."""

import math

from eventsnn.model import PostState, State
from eventsnn.relax import history
from eventsnn.rules import SpikeTimeGradient


class OneTrialLate(SpikeTimeGradient):
    """The gradient of the trial before: errors that come belong to the spikes before the latest `reset`.

    A synapse and a neuron note what happens in the present trial, and judge by what they noted one trial ago: at a
    `reset` the notes move on, which is a visit of every synapse. So the depth of the history has to be known, and to be
    that of the delay.
    """

    arrived: State = history(1, start=-math.inf)  # when the spike of earlier trials came [s]
    t_now: State = -math.inf  # and of this one [s]

    began: PostState = history(1, start=-math.inf)  # when earlier trials began [s]
    fired: PostState = history(1, start=-math.inf)  # when the neuron fired first in them [s]
    rose: PostState = history(1)  # slope of the voltage there [1/s]
    t_reset_now: PostState = -math.inf  # the same of this trial
    t_spike_now: PostState = -math.inf
    slope_now: PostState = 0.0

    def on_pre(self, syn, post, msg):
        """Remember a spike that comes while the neuron has not fired."""
        if post.t_spike_now == -math.inf:
            syn.t_now = msg.time

    def at_post(self, post, msg):
        """Remember the first spike."""
        if post.t_spike_now == -math.inf:
            post.t_spike_now = msg.time
            post.slope_now = post.slope
        return 0.0

    def at_reset(self, post, msg):
        """A new trial; the one to judge by moves on."""
        self.push_began(post, post.t_reset_now)
        self.push_fired(post, post.t_spike_now)
        self.push_rose(post, post.slope_now)
        post.t_reset_now = msg.time
        post.t_spike_now = -math.inf
        self.judge(post)
        post.error = 0.0
        self.schedule.advance(post)
        return 1.0

    def judge(self, post):
        """Take the trial that errors belong to out of the history."""
        post.t_reset = post.began_1
        post.t_spike = post.fired_1
        post.slope_spike = post.rose_1

    def on_reset(self, syn, post, msg):
        """The same at a synapse."""
        self.push_arrived(syn, syn.t_now)
        syn.t = syn.arrived_1


class TwoTrialsLate(OneTrialLate):
    """The gradient of the trial before the trial before."""

    arrived: State = history(2, start=-math.inf)  # when the spike of earlier trials came [s]

    began: PostState = history(2, start=-math.inf)  # when earlier trials began [s]
    fired: PostState = history(2, start=-math.inf)  # when the neuron fired first in them [s]
    rose: PostState = history(2)  # slope of the voltage there [1/s]

    def judge(self, post):
        """Take the trial that errors belong to out of the history."""
        post.t_reset = post.began_2
        post.t_spike = post.fired_2
        post.slope_spike = post.rose_2

    def on_reset(self, syn, post, msg):
        """The same at a synapse."""
        self.push_arrived(syn, syn.t_now)
        syn.t = syn.arrived_2


BY_DEPTH = (SpikeTimeGradient, OneTrialLate, TwoTrialsLate)
