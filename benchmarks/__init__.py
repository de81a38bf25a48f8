"""Opt-in measurements: each prints its figures with the machine and versions they were measured on."""
