"""Curate: source records in, cleaned records or rejections with a reason code out; every record once, in order.

No judgement of medical quality here, and no near-duplicates beyond folded text.
"""
