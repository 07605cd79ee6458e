"""Choose what a file's path in the run begins with: it is kept below `base_path`."""

import os

import sdk

os.makedirs("experiments/today/figures", exist_ok=True)
with open("experiments/today/figures/loss.svg", "w") as file:
    file.write("<svg xmlns='http://www.w3.org/2000/svg'/>")

with sdk.init(project="examples") as run:
    run.save(
        "experiments/today/figures/*.svg", base_path="experiments/today", policy="now"
    )  # figures/loss.svg
    run.save("experiments/today/figures/*.svg", policy="now")  # experiments/today/figures/loss.svg
