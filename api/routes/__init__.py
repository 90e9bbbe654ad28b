"""The routes, one file per resource: who may, what is asked, one transaction, the answer."""
