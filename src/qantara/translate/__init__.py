"""The translate stage: source-language records become checked translations; doubt goes to people."""
