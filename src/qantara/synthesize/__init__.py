"""The synthesize stage: multiple-choice items become dialogues between a patient and a doctor, checked against their item."""
