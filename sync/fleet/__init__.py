"""Many simulated tills in one process, to see what a broker and a head office carry.

Each is the real uplink, from its hello to its last acknowledgement, over a connection of its own; only its
ledger is made up and lies in memory. ``tallypoint hq simulate`` runs it.
"""
