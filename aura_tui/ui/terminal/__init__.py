"""The terminal below Textual: driver, cell diff, capabilities, OSC, pictures, reports."""
