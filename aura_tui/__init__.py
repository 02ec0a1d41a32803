"""aura-tui: turns a brief into a narrated video, live in a terminal.

The packages, from the bottom up (imports only go down; ``tests/test_imports.py`` checks it):

    errors
    model  system  net               plain data and pure functions; the operating system; HTTP
    service  settings  brief         the port to an engine; configuration; reading a brief
    wire  providers  format          JSON and SSE; script, speech, visuals, FFmpeg; texts for people
    pipeline  server  client  replay the stages; an engine over HTTP, both sides; recordings
    engine                           the JobService that runs jobs
    connect  doctor                  locating an engine; checks of the installation
    views                            plain lines, JSON lines, tables
    ui                               the board
    cli                              commands, options, exit statuses
"""

__version__ = "0.1.0"
