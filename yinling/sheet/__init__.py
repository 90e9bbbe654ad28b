"""The sheet: what a centre works from on paper when its console is down."""
