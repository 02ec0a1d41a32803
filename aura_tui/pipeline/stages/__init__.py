"""The five stages, a file each, and the table that lists them.

A stage reads the documents of the ones before it and writes its own; shared parts live beside this
folder.
"""
