"""The till as a program: it wires the edges to the core and runs the one loop.

Only this package knows everybody: it stamps events with the time, translates them for the core, posts what
comes out and carries out the rest. No rule of selling and no device protocol lives here.
"""
