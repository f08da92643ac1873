"""Corpora: download, one table of all clips, and decoding to waveforms."""
