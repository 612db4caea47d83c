"""Benchmarks: each prints a ratio to its physical limit, measured in the same run on the same machine."""
