"""The commands of the terminal, one file each, and their shared code."""
