"""The medical subjects of MMLU, as the M42 and BiMediX studies take them; 1,089 test items in all."""

SUBJECTS = (
    "anatomy",
    "clinical_knowledge",
    "college_biology",
    "college_medicine",
    "medical_genetics",
    "professional_medicine",
)
