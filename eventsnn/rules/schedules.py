"""Learning rates that change in time: a factor of every step, known at the neuron by counting or by message."""

from eventsnn.errors import NetworkError
from eventsnn.model import Part, PostState


class Constant(Part):
    """The step is what it is."""

    def factor(self, post):
        """By what to multiply a step."""
        return 1.0

    def advance(self, post):
        """A trial begins."""

    def told(self, post, value):
        """A `rate` message came."""


class Falling(Part):
    """Steps fall off as 1 / (1 + n/half), n the trials so far: one word per neuron.

    Such steps settle where those of one size go on jittering (Robbins and Monro 1951, doi 10.1214/aoms/1177729586).
    """

    half: float = 3000.0  # trials until the factor is 1/2

    trials: PostState = 0.0  # `reset` messages so far

    def derive(self) -> dict[str, float]:
        """Check the parameter."""
        return _positive("Falling.half", self.half)

    def factor(self, post):
        """By what to multiply a step."""
        return 1.0 / (1.0 + post.trials / self.half)

    def advance(self, post):
        """A trial begins."""
        post.trials += 1.0

    def told(self, post, value):
        """A `rate` message came; the count goes on."""


class LinearDecay(Part):
    """Steps fall off in a straight line, 1 - n/end, n the trials so far, down to 0: one word per neuron.

    For a run whose length is known; nothing that was learned is shaken off again by the last steps.
    """

    end: float = 10_000.0  # trials until the factor is 0

    trials: PostState = 0.0  # `reset` messages so far

    def derive(self) -> dict[str, float]:
        """Check the parameter."""
        return _positive("LinearDecay.end", self.end)

    def factor(self, post):
        """By what to multiply a step."""
        return max(0.0, 1.0 - post.trials / self.end)

    def advance(self, post):
        """A trial begins."""
        post.trials += 1.0

    def told(self, post, value):
        """A `rate` message came; the count goes on."""


class Stairs(Part):
    """Steps are multiplied by `by` after every `every` trials: two words per neuron."""

    every: float = 1000.0  # trials
    by: float = 0.5  # factor

    trials: PostState = 0.0  # `reset` messages since the latest stair
    rate: PostState = 1.0  # the present factor

    def factor(self, post):
        """By what to multiply a step."""
        return post.rate

    def advance(self, post):
        """A trial begins."""
        post.trials += 1.0
        if post.trials > self.every:
            post.trials = 1.0
            post.rate *= self.by

    def told(self, post, value):
        """A `rate` message came; the stairs go on."""


class ByMessage(Part):
    """The factor is the value of the latest `rate` message: one word per neuron."""

    rate: PostState = 1.0  # the present factor

    def factor(self, post):
        """By what to multiply a step."""
        return post.rate

    def advance(self, post):
        """A trial begins."""

    def told(self, post, value):
        """A `rate` message came."""
        post.rate = value


def _positive(name: str, trials: float) -> dict[str, float]:
    """Refuse a number of trials that is not positive."""
    if not trials > 0:
        raise NetworkError(f"{name} is {trials}; give a positive number of trials")
    return {}
