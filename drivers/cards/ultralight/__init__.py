"""MIFARE Ultralight, Ultralight EV1 and NTAG21x: a member number that is sealed and that phones can read.

The number stands in an NDEF text record; a second record seals it and the tag's identifier, with a MAC or
with a signature that a till can check and not make. A password derived from the identifier keeps others
from writing. Password and answer travel in the clear, so they keep out the curious, not a listener. No money.

Sources: NXP MF0ICU1, MF0ULx1 and NTAG213/215/216 data sheets; NFC Forum Type 2 Tag; NDEF.
"""
