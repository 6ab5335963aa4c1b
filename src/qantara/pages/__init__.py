"""What the HTML pages of several stages share: the look, how templates are read, and how a record's field is labelled and marked.

In: records, findings; out: values that a stage's own templates set. A page needs no network and no other file.
"""
