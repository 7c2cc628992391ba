"""Sealed bytes and signed messages: what goes over the wire and into the chain, and nothing about selling.

Everything here is a pure function or a frozen value: no network, no clock, no database, no threads; only
:mod:`sync.protocol.keys` touches a file. A message that is too large, malformed, of an unknown version or
wrongly signed is :class:`~sync.protocol.wire.BadEnvelopeError` and never anything else.
"""
