"""Importing: answers of models from the files that evaluation tools write, as one table of recorded answers.

`tables` is the front door. One file a tool: what it writes, and what of it is an answer; `evidence` is what they all
hand on, `gathering` puts several files together and says what was dropped and why.
"""
