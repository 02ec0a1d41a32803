"""The views: the board, plain lines, and JSON. They draw a job's state and hold no rule of it."""
