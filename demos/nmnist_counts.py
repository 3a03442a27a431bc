"""What N-MNIST's event counts tell without time: ridge regression and a small MLP, beside the demo `nmnist`.

Settings are chosen on recordings 551 to 700; the others are answered once. `pip install eventsnn[data]`.
"""

from sklearn.linear_model import RidgeClassifier
from sklearn.neural_network import MLPClassifier

import eventsnn as es
from eventsnn.demo.runner import module

SEEDS = 3  # of the MLP
RIDGE = [{"alpha": alpha} for alpha in (10.0, 30.0, 1e2, 3e2, 1e3, 3e3)]
MLP = [{"hidden_layer_sizes": 300, "alpha": alpha, "max_iter": 300} for alpha in (1e-4, 1.0)]


def parts_of(recordings):
    """Training recordings and two parts that are not learned, as in the demo; settings are chosen on the first."""
    return recordings[:550], recordings[550:700], recordings[700:]


def scores(model, parts, bins):
    """The accuracies of a model on all parts but the first, which it is trained on."""
    x = [part.counts(bins).reshape(len(part), -1) for part in parts]
    model.fit(x[0] / x[0].std(), parts[0].labels)
    return [model.score(z / x[0].std(), part.labels) for z, part in zip(x[1:], parts[1:], strict=True)]


def best(parts, bins=1):
    """Of each kind, the setting with the best mean accuracy on the validation recordings: its name and accuracies."""
    for kind, settings, seeds in (("ridge", RIDGE, [None]), ("MLP", MLP, range(SEEDS))):
        tried = []
        for setting in settings:
            make = RidgeClassifier if kind == "ridge" else MLPClassifier
            runs = [scores(make(**setting, random_state=seed), parts, bins) for seed in seeds]
            means = [sum(column) / len(runs) for column in zip(*runs, strict=True)]
            tried.append((means[0], f"{kind} {setting}", means, runs))
        yield max(tried)[1:]


if __name__ == "__main__":
    demo = module("nmnist").samples(size="full")
    train, test = es.datasets.nmnist(merge=2)
    for what, parts, bins in (
        ("all events", [*parts_of(train), test], 1),
        ("the demo's events", demo, 1),
        ("the demo's events in each of three turns", demo, 3),
    ):
        for name, means, runs in best(parts, bins):
            told = ", ".join(f"{mean:.1%}" for mean in means)
            print(f"{what}: {name}: validation, own test, test: {told}; runs: {runs}", flush=True)
