"""``python -m afterword`` is the command ``afterword``."""

from afterword.cli.main import main

if __name__ == "__main__":
    main()
