"""NTAG 424 DNA: a tag that writes a fresh, signed address at every tap (SUN), which a till checks offline.

``sun`` checks such an address, scanned from a phone or read from the tag; ``tag`` reads it; ``settings`` and
``personalise`` make a tag write it. Personalising speaks the messaging of a DESFire EV2. No money.

Sources: NXP NT4H2421Gx data sheet; AN12196.
"""
