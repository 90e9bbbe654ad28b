"""Command line, bootstrap, supervisor: the only place that knows everyone."""
