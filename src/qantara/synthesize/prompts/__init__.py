"""The prompts, as text files; `qantara.synthesize.prompting` reads them."""
