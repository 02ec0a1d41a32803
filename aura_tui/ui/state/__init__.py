"""What the board shows, as plain data: no Textual, no service, no clock of its own."""
