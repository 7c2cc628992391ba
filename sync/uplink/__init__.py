"""The till's end of the sync: which records go next, when again, and whose word is believed.

:mod:`sync.uplink.machine` decides, as a pure state machine; :mod:`sync.uplink.worker` is the thread that
reads, signs and sends for it. It may not know the till's store: the caller hands in how records are read
and gets events back, and no position is moved by anything but the head office's signed word.
"""
