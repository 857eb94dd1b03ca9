# SPDX-License-Identifier: MIT
"""Runs a command under ptrace, as a debugger would: traced.py COMMAND ARGUMENT.. Linux only."""
import ctypes
import os
import sys

PTRACE_TRACEME, PTRACE_CONT = 0, 7
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
child = os.fork()
if child == 0:
    libc.ptrace(PTRACE_TRACEME, 0, None, None)
    os.execv(sys.argv[1], sys.argv[1:])
first = True
while True:
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status):
        sys.exit(os.WEXITSTATUS(status))
    if os.WIFSIGNALED(status):
        sys.exit(128 + os.WTERMSIG(status))
    # The stop that exec causes is ptrace's own; other signals belong to the child.
    libc.ptrace(PTRACE_CONT, child, None, 0 if first else os.WSTOPSIG(status))
    first = False
