"""Evaluation of bundles: metrics, robustness, result files and a baseline."""
