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
