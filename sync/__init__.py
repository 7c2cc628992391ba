"""Carrying the ledger to the head office, and the head office that receives it.

MQTT is a pipe that loses, doubles and reorders; the two databases are the truth, and only the head
office's signed word after its own commit moves a till's acknowledged position. Here live the protocol
(:mod:`sync.protocol`), the till's end (:mod:`sync.uplink`), the head office (:mod:`sync.hq`) and the
one door to the broker (:mod:`sync.mqtt`), but nothing that knows how a till sells.
"""
