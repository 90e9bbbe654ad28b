"""How a person is reached: telephone numbers, accounts and browsers, with what each may carry."""
