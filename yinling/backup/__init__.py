"""Backup and restore of a whole centre: both stores, the broker's streams, keys and spool, with checksums."""
