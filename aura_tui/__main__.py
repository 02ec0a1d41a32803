"""``python -m aura_tui``."""

from aura_tui.cli.app import main

if __name__ == "__main__":
    main()
