"""Prices: a basket and the rules in force go in, a quote with every reason comes out.

Rules are data. Pricing reads no clock and no database; the facts it used come back with the quote, so
that anybody can compute the same price again. Rooms for promotions and coupons are beside the tier and
category prices that are here.
"""
