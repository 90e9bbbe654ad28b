"""Rules, alerts, incidents, escalation, pages: what has to happen."""
