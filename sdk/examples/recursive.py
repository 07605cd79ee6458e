"""Save whole trees: `**` stands for any number of folders, and paths are kept."""

import os

import sdk

for fold in range(3):
    os.makedirs(f"logs/fold{fold}/metrics", exist_ok=True)
    with open(f"logs/fold{fold}/metrics/scores.csv", "w") as file:
        file.write(f"fold,score\n{fold},0.9\n")

with sdk.init(project="examples") as run:
    run.save("logs/**/*.csv", policy="end")
