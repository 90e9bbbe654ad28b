"""Modes of homes and devices (away, hospital, test, drill, out of service), and what they suppressed."""
