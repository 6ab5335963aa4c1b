"""One record in, one checked translation out: structure lock, prompts, parsing, judge, repair rounds.

Used by the translate stage, and made to be used by evaluation (translate, then answer) and serving as well. What happens to a
translation afterwards (accept, people, reject) is the stage's policy and not decided here.
"""
