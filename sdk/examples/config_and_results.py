"""Keep a run's configuration, what it measured, and what came out of it, as values and as files."""

import json

import sdk

CONFIG = {"learning_rate": 0.1, "epochs": 3, "model": {"layers": 2}}

with open("config.json", "w") as file:
    json.dump(CONFIG, file)

with sdk.init(project="examples", config=CONFIG, tags=["example"]) as run:
    run.save("config.json", policy="now")
    loss = 1.0
    for epoch in range(run.config["epochs"]):
        loss *= 1 - run.config.learning_rate
        run.log({"epoch": epoch, "loss": loss})
    run.summary["final_loss"] = loss
    with open("results.json", "w") as file:
        json.dump({"loss": loss}, file)
    run.save("results.json", policy="now")
