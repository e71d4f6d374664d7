"""What must hold: one pure function per invariant, over typed events and over what honest nodes send.

A check takes the facts known so far, the node and the event, and returns what is wrong, or None. Facts are learnt
from an event after all checks of it. Nothing here calls protocol code: certificates and new views are judged by a
second, naive implementation.
"""
