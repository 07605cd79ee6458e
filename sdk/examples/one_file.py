"""Save one file into a run."""

import sdk

with sdk.init(project="examples") as run:
    with open("notes.txt", "w") as file:
        file.write("what I tried today\n")
    run.save("notes.txt", policy="now")
