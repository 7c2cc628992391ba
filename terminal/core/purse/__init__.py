"""The money on cards, as far as a sale is concerned: pure, and no idea how a card is spoken to.

What may happen to a card's money, in which order it must be in the ledger, and what a doubt is stand here;
families of cards and their commands live in :mod:`drivers.cards`. Nothing here trusts a balance.
"""
