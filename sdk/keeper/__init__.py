"""The keeper: the process beside the training process that sends what the spool holds."""
