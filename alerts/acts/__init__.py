"""What people do with an incident: each act one function, one timeline line, inside one transaction of the caller."""
