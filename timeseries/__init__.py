"""Readings: one interface, the SQLite store, the disk spool: where it is kept."""
