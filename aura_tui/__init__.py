"""aura-tui: a brief becomes a narrated video, live in a terminal.

The rooms, from the ground up (imports go downwards only; ``tests/test_imports.py`` checks it):

    errors
    model  system  net               plain data and pure functions; the operating system; HTTP
    service  settings  brief         the port to an engine, configuration, what a user gives
    wire  providers  format          JSON and SSE; script, speech, visuals, FFmpeg; words for people
    pipeline  server  client  replay the stages; the three other JobServices and their far ends
    engine                           the JobService that does the work
    connect  doctor                  which engine a command gets; checks of the installation
    views                            plain lines, JSON lines, tables
    ui                               the board
    cli                              commands, options, exit statuses
"""

__version__ = "0.1.0"
