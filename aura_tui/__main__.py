"""``python -m aura_tui``."""

from aura_tui.cli import main

if __name__ == "__main__":
    main()
