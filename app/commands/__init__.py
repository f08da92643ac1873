"""What the terminal runs: one file a command, and what they share."""
