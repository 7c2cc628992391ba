"""SLE4442 and SLE4428 contact memory cards, and the SLE5542 and SLE5528 that stand in for them.

Anybody can read such a card whole; a secret of two or three bytes (PSC) lets write. After three wrong
PSCs (eight on an SLE4428) nobody can ever write again: so the count is read first, and a PSC is never
shown at the last try.

These cards speak no APDUs: the reader translates. This is the dialect of ACS readers (ACR38, ACR39,
ACR1281, ACR33); OMNIKEY and Cherry have others, and a plain CCID reader cannot talk to these cards.

No public vectors exist, and nothing here has been seen to work with a real card yet. What rests on the
manuals alone: the commands (ACS ACR38x Reference Manual 6.02, 9.2.2.5 and 9.2.2.6; ACR1281U manual, 5 and
6), that the last byte of the status is the count of tries, and which readers add four bytes of protection
bits to what they read.
"""
