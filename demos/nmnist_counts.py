"""What N-MNIST's event counts tell: ridge regression and a small MLP, beside the demo `nmnist`.

Settings are chosen on recordings 551 to 700; the others are answered once. `pip install eventsnn[data]`.
"""

import numpy as np
from sklearn.linear_model import RidgeClassifier
from sklearn.neural_network import MLPClassifier

import eventsnn as es

SEEDS = 3  # of the MLP
RIDGE = [{"alpha": alpha} for alpha in (10.0, 30.0, 1e2, 3e2, 1e3, 3e3)]
MLP = [{"hidden_layer_sizes": 300, "alpha": alpha, "max_iter": 300} for alpha in (1e-4, 1.0)]


def parts_of(recordings):
    """Training recordings and two parts that are not learned, as in the demo; settings are chosen on the first."""
    return recordings[:550], recordings[550:700], recordings[700:]


def moved(x):
    """Images in their place and one input off it, in all eight directions; what leaves on one side is lost."""
    wide = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    height, width = x.shape[-2:]
    return np.concatenate([wide[..., y : y + height, z : z + width] for y in range(3) for z in range(3)])


def in_nine_places(recordings):
    """As the demo learns them: where they were seen, and a pixel off it, before pixels are merged."""
    return es.Recordings.join(*(inputs(recordings.moved(y, x)) for y in (-1, 0, 1) for x in (-1, 0, 1)))


def inputs(recordings):
    """Inputs of 2 x 2 pixels with few events, as in the demo."""
    return recordings.merged(2).refractory(5e-3)


def scores(model, parts, bins, move):
    """The accuracies of a model on all parts but the first, which it is trained on."""
    x = [part.counts(bins).reshape(len(part), -1, *part.shape[-2:]) for part in parts]
    y, scale = parts[0].labels, x[0].std()
    learned, y = (moved(x[0]), np.tile(y, 9)) if move else (x[0], y)
    model.fit(learned.reshape(len(y), -1) / scale, y)
    return [model.score(z.reshape(len(z), -1) / scale, part.labels) for z, part in zip(x[1:], parts[1:], strict=True)]


def best(parts, bins=1, move=False):
    """Of each kind, the setting with the best mean accuracy on the validation recordings: its name and accuracies."""
    for kind, settings, seeds in (("ridge", RIDGE, [None]), ("MLP", MLP, range(SEEDS))):
        tried = []
        for setting in settings:
            make = RidgeClassifier if kind == "ridge" else MLPClassifier
            many = kind == "MLP" and (move or len(parts[0]) > 550)  # nine times as many images
            fewer = {"max_iter": 30} if many else {}
            runs = [scores(make(**{**setting, **fewer}, random_state=seed), parts, bins, move) for seed in seeds]
            means = [sum(column) / len(runs) for column in zip(*runs, strict=True)]
            tried.append((means[0], f"{kind} {setting}", means, runs))
        yield max(tried)[1:]


if __name__ == "__main__":
    pixels, _ = es.datasets.nmnist()
    train, test = es.datasets.nmnist(merge=2)
    few = [*parts_of(train.refractory(5e-3)), test.refractory(5e-3)]
    nine = [in_nine_places(pixels[:550]), *few[1:]]
    for what, parts, bins, move in (
        ("all events", [*parts_of(train), test], 1, False),
        ("the demo's events", few, 1, False),
        ("the demo's events, moved", few, 1, True),
        ("the demo's events in nine places", nine, 1, False),
        ("the demo's events in each of three turns", few, 3, False),
        ("the demo's events in each of three turns, moved", few, 3, True),
        ("the demo's events in each of three turns, in nine places", nine, 3, False),
    ):
        for name, means, runs in best(parts, bins, move):
            told = ", ".join(f"{mean:.1%}" for mean in means)
            print(f"{what}: {name}: validation, own test, test: {told}; runs: {runs}", flush=True)
