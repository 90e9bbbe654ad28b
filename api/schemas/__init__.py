"""What crosses HTTP: one file per resource, each a set of pydantic models that the pages' types are made from."""
