"""Step sizes: how a gradient becomes a change of weight, with whatever memory that needs at the synapse."""

import math

from eventsnn.model import Part, PostState, State


class Sgd(Part):
    """Plain gradient descent; no memory."""

    lr: float = 0.1  # learning rate

    def change(self, syn, g):
        """The change of weight for gradient g."""
        return -self.lr * g


class Sign(Part):
    """Steps of one size down the gradient, whatever its length; no memory (Riedmiller and Braun 1993)."""

    lr: float = 0.001  # size of a step

    def change(self, syn, g):
        """The change of weight for gradient g."""
        return -self.lr if g > 0.0 else self.lr if g < 0.0 else 0.0


class Momentum(Part):
    """Gradient descent with momentum (Polyak 1964): one word per synapse."""

    lr: float = 0.01  # learning rate
    decay: float = 0.9  # of the velocity per step

    velocity: State = 0.0  # the latest change of weight

    def change(self, syn, g):
        """The change of weight for gradient g."""
        syn.velocity = self.decay * syn.velocity - self.lr * g
        return syn.velocity


class Adaptive(Part):
    """Step divided by the root of a running mean of squared gradients (RMSprop): two words per synapse.

    The mean is corrected for its start at zero, as in Adam.
    """

    lr: float = 0.01  # learning rate
    decay: float = 0.99  # of the mean square per step
    epsilon: float = 1e-8  # added to the root

    square: State = 0.0  # running mean of squared gradients, before its correction
    weight_of_square: State = 0.0  # sum of the weights in that mean

    def change(self, syn, g):
        """The change of weight for gradient g."""
        syn.square = self.decay * syn.square + (1.0 - self.decay) * g * g
        syn.weight_of_square = self.decay * syn.weight_of_square + (1.0 - self.decay)
        return -self.lr * g / (math.sqrt(syn.square / syn.weight_of_square) + self.epsilon)


class Adam(Part):
    """Adam (Kingma and Ba 2015) with a clock of its own at every synapse: four words per synapse."""

    lr: float = 0.001  # learning rate
    decay1: float = 0.9  # of the mean gradient per step
    decay2: float = 0.999  # of the mean square per step
    epsilon: float = 1e-8  # added to the root

    mean: State = 0.0  # running mean of gradients, before its correction
    square: State = 0.0  # running mean of squared gradients, before its correction
    power1: State = 1.0  # decay1 to the number of steps
    power2: State = 1.0  # decay2 to the number of steps

    def change(self, syn, g):
        """The change of weight for gradient g."""
        syn.mean = self.decay1 * syn.mean + (1.0 - self.decay1) * g
        syn.square = self.decay2 * syn.square + (1.0 - self.decay2) * g * g
        syn.power1 *= self.decay1
        syn.power2 *= self.decay2
        root = math.sqrt(syn.square / (1.0 - syn.power2)) + self.epsilon
        return -self.rate(syn) * (syn.mean / (1.0 - syn.power1)) / root

    def rate(self, syn):
        """The learning rate of the next step."""
        return self.lr


class AnnealedAdam(Adam):
    """Adam with a learning rate that falls off as lr / (1 + n/half), n the synapse's own steps: five words per synapse.

    Steps of a size that stays the same leave weights that jitter about a minimum; steps that fall off like 1/n settle
    in it (Robbins and Monro 1951, doi 10.1214/aoms/1177729586). Nobody has to tell a synapse how far the others are.
    """

    half: float = 3000.0  # steps until the rate has fallen to a half

    steps: State = 0.0  # their number

    def rate(self, syn):
        """The learning rate of the next step."""
        lr = self.lr / (1.0 + syn.steps / self.half)
        syn.steps += 1.0
        return lr


class NoNorm(Part):
    """Gradients as they are."""

    def scaled(self, post, g):
        """The gradient of one synapse, as the step sees it."""
        return g


class NeuronNorm(Part):
    """Gradients divided by the root of their neuron's running mean square: two words per neuron, none per synapse.

    RMSprop's second moment (see `Adaptive`) shared by all synapses of a neuron; the mean runs over them as they change.
    """

    decay: float = 0.999  # of the mean square per change of any of the neuron's synapses
    epsilon: float = 1e-8  # added to the root

    norm_square: PostState = 0.0  # running mean of squared gradients, before its correction
    norm_weight: PostState = 0.0  # sum of the weights in that mean

    def scaled(self, post, g):
        """The gradient of one synapse, as the step sees it."""
        post.norm_square = self.decay * post.norm_square + (1.0 - self.decay) * g * g
        post.norm_weight = self.decay * post.norm_weight + (1.0 - self.decay)
        return g / (math.sqrt(post.norm_square / post.norm_weight) + self.epsilon)
