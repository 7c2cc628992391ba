"""Devices without hardware, driven by the API, for demonstrations, training and tests.

They pass the same contract tests as the real ones and speak from a thread of their own.
"""
