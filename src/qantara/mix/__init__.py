"""The mix stage: a token budget and a language ratio become one rendered training set with a card and a manifest."""
