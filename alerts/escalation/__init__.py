"""Who is told of an incident nobody took, when, and over what: policies frozen on the incident, people found at send time."""
