"""The live stream: what changed, to everybody who may see it, as soon as it has committed."""
