"""Codecs: one pure function for each vendor dialect, from a raw message to readings and signals."""
