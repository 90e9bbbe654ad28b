"""What everyone stands on: clock, settings, database, errors, ids, fail points."""
