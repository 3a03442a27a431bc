"""Remedies for silence: a neuron that does not fire has no gradient, so something else has to raise its weights.

Each says, at the end of a trial and for one neuron, how much to add to every one of its afferent weights, and counts
how often it did.
"""

from eventsnn.model import Part, PostState


class NoRemedy(Part):
    """Nothing is done."""

    def lift(self, post, weight_sum, fired):
        """How much to add to every afferent weight."""
        return 0.0


class WeightSum(Part):
    """Keeps a neuron able to fire: raises its weights while their sum is below a bound.

    The gradient step of the cost K max(0, bound - sum_i w_i) of Mostafa 2018 (equation 14), with `rate` for the
    product of K and the learning rate.
    """

    sum: float = 1.2  # the least sum of weights, in thresholds
    rate: float = 0.01  # added to each weight per trial while the sum is below

    sum_lifts: PostState = 0.0  # how often this neuron was lifted

    def lift(self, post, weight_sum, fired):
        """How much to add to every afferent weight."""
        if weight_sum < self.sum:
            post.sum_lifts += 1.0
            return self.rate
        return 0.0


class Bump(Part):
    """Raises the weights of a neuron that has been silent for `patience` trials in a row, twice as much each time.

    After the weight bumping of Goeltz et al. 2021 (doi 10.1038/s42256-021-00388-x), per neuron instead of per layer.
    """

    amount: float = 0.0005  # first addition to each weight
    patience: float = 1.0  # silent trials before the first bump
    most: float = 0.1  # largest addition

    silent: PostState = 0.0  # silent trials in a row
    next_bump: PostState = 0.0  # the latest addition to each weight
    bumps: PostState = 0.0  # how often this neuron was bumped

    def lift(self, post, weight_sum, fired):
        """How much to add to every afferent weight."""
        if fired > 0.0:
            post.silent = 0.0
            post.next_bump = 0.0
            return 0.0
        post.silent += 1.0
        if post.silent < self.patience:
            return 0.0
        post.next_bump = min(self.most, max(self.amount, 2.0 * post.next_bump))
        post.bumps += 1.0
        return post.next_bump


class Penalty(Part):
    """Raises the weights of a silent neuron by the same amount after every trial.

    The constant derivative that Comsa et al. 2020 (arXiv 1907.13223) give a neuron without a spike.
    """

    amount: float = 0.001  # added to each weight per silent trial

    penalties: PostState = 0.0  # how often this neuron was raised

    def lift(self, post, weight_sum, fired):
        """How much to add to every afferent weight."""
        if fired > 0.0:
            return 0.0
        post.penalties += 1.0
        return self.amount


class RateTarget(Part):
    """Keeps the part of trials in which a neuron fires between two bounds, by a running mean of its own."""

    low: float = 0.05  # below: raise the weights
    high: float = 1.0  # above: lower them
    gain: float = 0.01  # change of each weight per trial and unit of distance from the bound
    memory: float = 100.0  # trials that the mean remembers

    activity: PostState = 0.0  # running mean of trials with a spike
    raised: PostState = 0.0  # how often the weights were raised
    lowered: PostState = 0.0  # how often they were lowered

    def lift(self, post, weight_sum, fired):
        """How much to add to every afferent weight."""
        post.activity += (fired - post.activity) / self.memory
        if post.activity < self.low:
            post.raised += 1.0
            return self.gain * (self.low - post.activity)
        if post.activity > self.high:
            post.lowered += 1.0
            return self.gain * (self.high - post.activity)
        return 0.0


class Pseudospikes(Part):
    """Counts spikes that a pulse at the trial's end brought about; the gradient does the rest.

    A pulse of fixed weight that reaches every neuron `end` seconds after the reset makes the quiescent ones fire, the
    sooner the nearer they are to threshold. Such a pseudospike's time depends on the weights as that of any spike
    does, continuously across the end, so a neuron that is silent in the trial has a gradient (Klos and Memmesheimer
    2023, arXiv 2309.14523, for neurons with voltage-dependent drive). The pulse is an ordinary projection; a decision
    looks at spikes before it only.
    """

    end: float = 1.0  # arrival of the pulse after the reset [s]

    pseudospikes: PostState = 0.0  # trials in which this neuron fired after the end

    def lift(self, post, weight_sum, fired):
        """Nothing is added to any weight."""
        if fired > 0.0 and post.t_spike >= post.t_reset + self.end:
            post.pseudospikes += 1.0
        return 0.0
