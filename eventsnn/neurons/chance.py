"""Chance inside a handler: numbers that look random and follow from a key and a counter, the same on every engine."""

from eventsnn.model import Neuron


class Chance(Neuron, abstract=True):
    """A neuron that draws. What it draws is a hash of a key of its own and of a count of its draws."""

    def hash(self, key, counter):
        """A number in [0, 1) that looks random, from two whole numbers: two rounds of a mixer of 32-bit words.

        The mixer is `lowbias32`, found by C. Wellons's search ("Prospecting for hash functions", 2018). Its second
        factor is written minus 2^32, so that no product leaves 64 bits.
        """
        x = int(key) & 0xFFFFFFFF
        for word in range(2):
            x = x ^ (x >> 16)
            x = (x * 0x7FEB352D) & 0xFFFFFFFF
            x = x ^ (x >> 15)
            x = (x * -0x7B935975) & 0xFFFFFFFF
            x = x ^ (x >> 16)
            if word == 0:
                x = (x + int(counter)) & 0xFFFFFFFF
        return x / 4294967296.0
