"""Outages of areas: who is lost, what that makes, who is most at risk, and what folds into it."""
