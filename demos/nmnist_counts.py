"""What N-MNIST's event counts tell without time: ridge regression and a small MLP, beside the demo `nmnist`.

Settings are chosen on the validation recordings; the others are answered once. `pip install eventsnn[data]`.
"""

from sklearn.linear_model import RidgeClassifier
from sklearn.neural_network import MLPClassifier

import eventsnn as es
from eventsnn.demo_runner import module

SEEDS = 3  # of the MLP


def models():
    """Every setting that was tried: by name, a model for each seed."""
    for alpha in (300.0, 1e3, 3e3, 1e4, 3e4):
        yield f"ridge, alpha {alpha:g}", [RidgeClassifier(alpha=alpha)]
    for hidden in (100, 300):
        for alpha in (1e-4, 1.0, 10.0):
            yield (
                f"MLP of {hidden}, alpha {alpha:g}",
                [MLPClassifier(hidden, alpha=alpha, max_iter=300, random_state=seed) for seed in range(SEEDS)],
            )


def compare(parts, bins=1):
    """Of ridge and of MLP the setting with the best validation accuracy, raw counts or their roots; and its scores."""
    best = {}
    for power in (1.0, 0.5):
        x, *rest = [part.counts(bins).reshape(len(part), -1) ** power for part in parts]
        spread = x.std()
        for name, of_seeds in models():
            scores = []
            for model in of_seeds:
                scale = spread if name.startswith("MLP") else spread / parts[0].counts(bins).std()
                model.fit(x / scale, parts[0].labels)
                scores.append([model.score(z / scale, part.labels) for z, part in zip(rest, parts[1:], strict=True)])
            mean = [sum(column) / len(scores) for column in zip(*scores, strict=True)]
            kind = name.split()[0].strip(",")
            if mean[0] > best.get(kind, [[0.0]])[0][0]:
                best[kind] = mean, f"{name}, counts to the power {power:g}", scores
    return best


if __name__ == "__main__":
    for merge in (1, 2):
        train, test = es.datasets.nmnist(merge=merge)
        for bins in (1, 3):
            for mean, name, _ in compare([*module("nmnist").split(train), test], bins).values():
                print(f"merged {merge}, {bins} bins: {name}: {', '.join(f'{score:.1%}' for score in mean)}")
