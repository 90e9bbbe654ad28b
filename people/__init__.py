"""Areas, homes, residents, contacts, staff and rights: who lives there, who helps, who may see what."""
