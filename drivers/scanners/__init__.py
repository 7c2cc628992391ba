"""Bar-code scanners: how bytes from a gun become one code, or a refusal.

A scanner knows nothing of goods, members or check digits; that is the core's affair.
"""
