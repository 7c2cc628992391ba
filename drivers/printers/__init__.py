"""Receipt printers: from a slip to ESC/POS bytes, and the one careful way to get them onto paper.

Pure here are the encoder, the character sets and the meaning of status bytes; ports only move bytes.
What a sale is, and whether something may be printed again, is decided elsewhere.
"""
