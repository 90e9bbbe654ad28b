"""What the containers of docker-compose.yml need before any of them can start, made by `yinling setup` where it is missing."""
