"""The rules, one file a kind: pure functions from what a device said, or did not say, to findings."""
