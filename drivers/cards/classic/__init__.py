"""MIFARE Classic 1K and 4K: a member number with a MAC, and a purse of low trust.

The cipher of these cards (Crypto1) has been broken since 2008: whoever holds one card can read its
keys within minutes and write every block. Our MAC binds what is written to the card's identifier, so
a number or a balance cannot be invented or moved to another card; but an *old* image of the same card
can be written back. Only the shadow account of the head office sees that. See :mod:`.purse`.

Source: NXP MF1S50yyX/V1 and MF1S70yyX/V1 data sheets; PC/SC part 3, 3.2.2.1 (storage card commands).
"""
