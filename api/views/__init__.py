"""From rows to answers: a fixed number of queries for any number of rows."""
