"""Rules run over stored days, with the code that runs live."""
