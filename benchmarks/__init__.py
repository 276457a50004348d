"""Workloads timed side by side with other FITS libraries: `python -m benchmarks`; see docs/performance.md."""
