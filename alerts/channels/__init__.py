"""Channels: one file for each way a page can travel, and the registry that knows them all."""
