"""Random numbers as a function of (seed, name, index, counter) alone.

Adding a population, changing the engine or the number of workers therefore shifts nothing that was drawn elsewhere.
Streams come from NumPy's counter-based Philox generator (Salmon et al. 2011, doi 10.1145/2063384.2063405).
"""

import hashlib

import numpy as np


def stream(seed: int, name: str, index: int = 0, counter: int = 0) -> np.random.Generator:
    """The generator that belongs to one entity.

    Args:
        seed: the network's seed.
        name: of the entity and what is drawn, for example "x->h/weight".
        index: of the element within the entity.
        counter: of the block, for entities that draw again and again.
    """
    digest = hashlib.sha256(f"{seed}|{name}".encode()).digest()
    key = np.frombuffer(digest[:16], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, index, counter]))
