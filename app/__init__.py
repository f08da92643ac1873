"""Undertone: everything that hears; nothing here trains."""
