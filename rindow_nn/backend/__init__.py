"""Backends: what layers, losses and optimizers compute with."""
