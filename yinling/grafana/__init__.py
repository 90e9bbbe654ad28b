"""Grafana beside Yinling: what a centre shows there is made here, and nothing of an alarm ever waits for it."""
