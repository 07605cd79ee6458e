"""The command `runfs`, and the one place where the parts of the daemon are put together."""
