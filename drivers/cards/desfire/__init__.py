"""MIFARE DESFire EV1, EV2 and EV3 with AES keys: messaging, files, transactions and our purse.

``frames`` sends commands, ``legacy`` (EV1) and ``ev2`` protect them, ``sessions`` authenticates,
``card`` knows the commands, ``purse`` and ``issue`` know what our application looks like.
"""
