"""The words on receipts, by the sentence they have in English; translations are looked up once at start."""

from collections.abc import Mapping

Words = Mapping[str, str]

WORDS = (
    "Till",
    "Operator",
    "No.",
    "Date",
    "Total",
    "Items",
    "Before discount",
    "You saved",
    "Rounding",
    "Cash",
    "Card / QR",
    "Change",
    "Member",
    "Points before",
    "Points earned",
    "Points now",
    "Scan to claim points or check this receipt",
    "COPY",
    "Thank you",
    "Price changed from",
    "Points used",
    "Points pending until",
    "Points lapse on",
    "Points as cash",
    "Standing points",
    "Gift slip",
    "Lottery slip",
    "Valid through",
    "No prize this time",
    "Draw",
    "Proof",
    "Card purse",
    "On the card before",
    "On the card now",
    "Stored value",
    "Stored value before",
    "Stored value now",
    "of it bonus",
    "Top-up",
    "Bonus",
)
ENGLISH: Words = {word: word for word in WORDS}
