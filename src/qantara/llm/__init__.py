"""One interface to a language model: endpoint, local or recorded, behind a ledger of calls."""
