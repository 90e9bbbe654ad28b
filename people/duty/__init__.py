"""Who is on duty when: rosters, leave and holidays."""
