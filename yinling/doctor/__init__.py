"""What `yinling doctor` looks at, one room for each kind of thing; nothing here changes anything."""
