"""HTTP, live stream, sign-in, built web pages: how people see and act."""
