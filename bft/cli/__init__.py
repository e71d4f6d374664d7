"""The command line: `bft run`, `sweep`, `agreement`, `theory`, `check`, `validators`, `panel`, `serve` and more.

Results go to stdout and to `--out`, progress and messages to stderr. Exit codes: 0 done, 1 something failed or an
invariant broke (`bft panel`: no quorum), 2 bad input (one line on stderr, nothing has run), 130 interrupted.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module

from bft.cli.output import complain
from bft.cli.parser import read_arguments
from bft.errors import BftError

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        The words after `bft`; by default those of this process.
    """
    try:
        arguments = read_arguments(sys.argv[1:] if argv is None else argv)
        module, function = arguments.carry_out
        code = int(getattr(import_module(module), function)(arguments))
        sys.stdout.flush()
    except BftError as error:
        complain(f"error: {error}")
        return BAD_INPUT
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:  # whoever read stdout has stopped reading; Python must not try again at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:  # such as a disk that is full
        named = "" if error.filename is None else f"{error.filename}: "
        complain(f"error: {named}cannot be read or written: {error.strerror}")
        try:
            sys.stdout.flush()
        except OSError:  # stdout is what is full
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return code


def console() -> int:
    """Run the command of this process's words: what the program `bft` does.

    Once an interruption has been told, another Ctrl-C ends the process at once, without a traceback.
    """
    code = main()
    if code == INTERRUPTED:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    return code
