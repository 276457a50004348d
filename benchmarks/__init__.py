"""Workloads timed side by side with the other FITS libraries: `python -m benchmarks`; docs/performance.md tells more."""
