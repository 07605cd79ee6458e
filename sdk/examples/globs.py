"""Save all files that a glob names: `*` and `?` stay within one folder."""

import os

import sdk

os.makedirs("plots", exist_ok=True)
for name in ("loss", "accuracy"):
    with open(f"plots/{name}.csv", "w") as file:
        file.write("step,value\n0,1.0\n")

with sdk.init(project="examples") as run:
    saved = run.save("plots/*.csv", policy="now")
    print(len(saved), "files are saved")
