"""Who answers by likelihood: a model that runs here or a server, both tested before a run; what is answered stays in the ledger."""
