"""Golden values of `ssl_eval`, from scikit-learn, NumPy and PyTorch."""

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix
from sklearn.preprocessing import StandardScaler

from golden import Golden

rng = np.random.default_rng(3)
golden = Golden(__file__)

CLASSES, WIDTH = 4, 6
centers = rng.normal(size=(CLASSES, WIDTH))


def draw(count):
    labels = rng.integers(0, CLASSES, count)
    features = centers[labels] + rng.normal(size=(count, WIDTH))
    features[:, 2] *= 100  # scales that differ
    features[:, 5] = 3  # says nothing, and has no spread
    return features.astype(np.float32), labels


train, train_labels = draw(300)
test, test_labels = draw(120)

# C is the inverse of the L2 of a sum over samples.
L2 = 1e-2
scaler = StandardScaler().fit(train)
regression = LogisticRegression(C=1 / (L2 * len(train)), tol=1e-10, max_iter=10_000)
regression.fit(scaler.transform(train), train_labels)
probe = regression.predict(scaler.transform(test))

K, T = 20, 0.1
unit = lambda x: x / np.linalg.norm(x, axis=1, keepdims=True)
cosines = unit(test.astype(np.float64)) @ unit(train.astype(np.float64)).T
neighbors = np.argsort(-cosines, axis=1, kind="stable")[:, :K]
votes = np.zeros((len(test), CLASSES))
for row, chosen in enumerate(neighbors):
    np.add.at(votes[row], train_labels[chosen], np.exp(cosines[row, chosen] / T))

golden.case(
    "evaluation",
    {
        "train": train,
        "train_labels": train_labels,
        "test": test,
        "test_labels": test_labels,
        "l2": L2,
        "k": K,
        "temperature": T,
    },
    {
        "probe": probe,
        "knn": votes.argmax(1),
        "confusion": confusion_matrix(test_labels, probe),
        "collapse_level": unit(test).std(0).mean() * np.sqrt(WIDTH),
        "singular_values": np.linalg.svd(test.astype(np.float64) - test.mean(0, dtype=np.float64), compute_uv=False) / np.sqrt(len(test)),
    })

# Adaptive pooling, where the grid divides the maps and where it does not.
maps = torch.from_numpy(rng.normal(size=(2, 3, 7, 10)).astype(np.float32))
for rows, columns in [(1, 1), (2, 3), (7, 5), (4, 4)]:
    pooled = F.adaptive_avg_pool2d(maps, (rows, columns))
    golden.case(f"pool_{rows}_{columns}", {"maps": maps}, {"pooled": pooled})
golden.save()
