"""The counter: the till's HTTP API and its page.

Everything here runs on threads of its own and can only ask the loop through :mod:`terminal.counter.desk`
and read immutable snapshots and read-only connections. No rule of selling lives here.
"""
