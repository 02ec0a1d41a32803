"""What the board says to the terminal beside its cells: notices, title, progress, clipboard."""
