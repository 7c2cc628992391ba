"""ISO 7816-4 CPU cards with a wallet of the PBOC kind, such as the FM1208.

``macs`` computes what card and till show each other, ``wallet`` pays with it.
"""
