"""The options of each command, with help and examples; what the command does stands in `bft.cli` under the same name.

They are read before any command is loaded, so that help and complaints come at once: nothing heavy is imported here.
"""
