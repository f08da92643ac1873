"""How good a bundle is: metrics, robustness, result files and a baseline."""
