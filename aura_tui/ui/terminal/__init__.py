"""The terminal beneath Textual: driver, cell diff, capabilities, OSC, pictures, reports."""
