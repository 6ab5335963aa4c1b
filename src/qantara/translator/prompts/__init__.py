"""The prompts, as text files; `qantara.translator.prompting` reads them."""
