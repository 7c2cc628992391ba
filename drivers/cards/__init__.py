"""Card readers: how a card is found, asked and told apart.

A reader turns a card into a CardImage; what the image means is the core's affair.
Only ``pcsc`` knows pyscard; ``apdu`` and ``identify`` know commands and bytes and no reader.
"""
