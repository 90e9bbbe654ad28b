"""Pages on their way to people: texts, tokens to answer with, answers, digests and test pages."""
