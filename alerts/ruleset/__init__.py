"""Rules as data: versioned rows laid over built-in defaults, and what of them applies to which home."""
