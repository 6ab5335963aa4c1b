"""Tables of predictions: accuracies, gaps on the same items and what they consist of, each with how sure it is. Pure."""
