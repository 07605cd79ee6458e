"""The soak: writers, readers, a collector and a killer against one daemon, and what must be true of it."""
