"""Devices, profiles, codecs, provisioning: what hangs in a home, and what it says."""
