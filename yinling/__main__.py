"""`python -m yinling`: the same program as the console script."""

from yinling.cli import main

if __name__ == "__main__":
    main()
