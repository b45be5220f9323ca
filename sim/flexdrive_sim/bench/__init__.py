"""Benchmarks: every module has ``run(console)``, which returns its figures."""
