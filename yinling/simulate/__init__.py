"""Simulated homes: what a day in each is like (pure), and the devices that tell it to a real broker."""
