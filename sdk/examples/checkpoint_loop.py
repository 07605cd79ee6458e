"""Save checkpoints while training goes on, and a log that readers can follow as it grows."""

import pickle

import sdk

with sdk.init(project="examples", config={"steps": 20}) as run:
    weights = [0.0] * 10
    with open("train.log", "w") as log:
        log.write("begin\n")
        log.flush()
        run.save("train.log", policy="live")  # sent now, and its new lines whenever it grew
        for step in range(run.config.steps):
            weights = [weight + 0.1 * (1 - weight) for weight in weights]
            run.log({"loss": sum(1 - weight for weight in weights)})
            log.write(f"step {step}\n")
            log.flush()
            if step % 5 == 4:
                with open(f"checkpoint-{step:03d}.pkl", "wb") as file:
                    pickle.dump(weights, file)
                run.save(f"checkpoint-{step:03d}.pkl", policy="now")
