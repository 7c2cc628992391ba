"""The head office's page and its JSON twins: drawn on the server, read-only, for people who run shops.

Here lives what turns the reader's frozen values into pages and answers, with templates, pictures, style
and translations beside it. It reads through :class:`sync.hq.reader.HqReader` only, changes nothing, and
knows neither the database nor the broker.
"""
