"""Every setting of the till and the head office: schema, loading, faults with their positions.

Here may live structs that mirror a TOML file and the code that reads and judges such files.
Not here: devices, ledgers, the network, or anything that acts on a setting. The core never
imports this package.
"""
