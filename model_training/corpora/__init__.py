"""The corpora: downloaded, read into one table of clips, and decoded to waveforms."""
