"""What `scripts/bench` runs: runfs beside real servers, in turn, on this machine."""
