"""What the demo trains: logistic regression on two noisy half-moons, by stochastic gradient descent.

Two runs of one sweep over the learning rate. Each logs its loss as it learns and saves its predictions and
its weights; good weights become a version of an artifact. Pure Python: the demo needs nothing else.
"""

from __future__ import annotations

import csv
import json
import math
import random
import tempfile
from contextlib import suppress
from pathlib import Path

import sdk
from sdk import settings
from sdk.transport import Transport, path

PROJECT = "demo/half-moons"
LEARNING_RATES = (0.02, 0.5)
EPOCHS = 20
POINTS = 1000
TEST_SHARE = 0.2

Point = tuple[list[float], int]


def half_moons(count: int, seed: int) -> list[Point]:
    """Points of two interleaved half circles, with noise; the features are a cubic basis of x and y."""
    chance = random.Random(seed)
    points = []
    for number in range(count):
        label, angle = number % 2, chance.uniform(0, math.pi)
        x, y = math.cos(angle), math.sin(angle)
        if label:
            x, y = 1 - x, 0.5 - y
        x, y = x + chance.gauss(0, 0.15), y + chance.gauss(0, 0.15)
        points.append(([1, x, y, x * x, x * y, y * y, x**3, x * x * y, x * y * y, y**3], label))
    chance.shuffle(points)
    return points


def probability(weights: list[float], features: list[float]) -> float:
    """What the model believes of a point being in the second moon."""
    activation = sum(weight * feature for weight, feature in zip(weights, features, strict=True))
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, activation))))


def measure(weights: list[float], points: list[Point]) -> tuple[float, float]:
    """Mean log loss and accuracy."""
    loss = right = 0.0
    for features, label in points:
        believed = min(max(probability(weights, features), 1e-12), 1 - 1e-12)
        loss -= math.log(believed if label else 1 - believed)
        right += (believed > 0.5) == bool(label)
    return loss / len(points), right / len(points)


def train(sweep: str, learning_rate: float, folder: Path) -> float:
    """One run: learn, log, save. Gives the accuracy on points that it did not learn from."""
    config = {
        "learning_rate": learning_rate,
        "epochs": EPOCHS,
        "model": "logistic regression, cubic features",
    }
    entity, project = PROJECT.split("/")
    run = sdk.init(
        entity=entity, project=project, name=f"learning rate {learning_rate}", config=config, sweep=sweep
    )
    points = half_moons(POINTS, seed=1)
    held_out, learned = points[: int(POINTS * TEST_SHARE)], points[int(POINTS * TEST_SHARE) :]
    weights = [0.0] * len(learned[0][0])
    for epoch in range(EPOCHS):
        for features, label in learned:
            error = probability(weights, features) - label
            weights = [w - learning_rate * error * f for w, f in zip(weights, features, strict=True)]
        loss, _ = measure(weights, learned)
        test_loss, accuracy = measure(weights, held_out)
        run.log({"epoch": epoch, "loss": loss, "test/loss": test_loss, "test/accuracy": accuracy})
        if epoch % 5 == 4:
            print(
                f"learning rate {learning_rate}: epoch {epoch + 1}, loss {loss:.4f}, accuracy {accuracy:.3f}"
            )
    model = folder / "model" / "weights.json"
    model.parent.mkdir()
    model.write_text(json.dumps({"weights": weights, "learning_rate": learning_rate}, indent=1) + "\n")
    with (folder / "predictions.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["x", "y", "label", "predicted"])
        rows.writerows([f[1], f[2], label, round(probability(weights, f), 4)] for f, label in held_out)
    run.save(str(folder / "**" / "*.*"), base_path=str(folder))
    if accuracy > 0.9:
        run.log_artifact(str(model), name="half-moons", type="model", aliases=["best"])
    run.finish()
    return accuracy


def new_sweep() -> str:
    """A sweep over the learning rate, in a project made for it; its id."""
    server = Transport(*settings.connection())
    with suppress(sdk.Conflict):
        server.call("POST", path("projects"), {"project": PROJECT})
    config = {"parameters": {"learning_rate": {"values": list(LEARNING_RATES)}}}
    made = server.call("POST", path("sweeps"), {"project": PROJECT, "method": "grid", "config": config})
    return str(made["id"])


def main() -> None:
    """Train once for each learning rate of a new sweep."""
    sweep = new_sweep()
    for learning_rate in LEARNING_RATES:
        with tempfile.TemporaryDirectory() as folder:
            train(sweep, learning_rate, Path(folder))


if __name__ == "__main__":
    main()
