"""What a score follows from, as one hash: a calibration holds for the policy that it was made with and for no other."""

from qantara.fidelity.check import RECORD_RULES, RULES
from qantara.records import content_id
from qantara.translator.config import TranslatorConfig
from qantara.translator.prompt_files import prompts_hash
from qantara.translator.scoring import PENALTIES


def policy_id(config: TranslatorConfig, direction: tuple[str, str]) -> str:
    """Return the hash of penalties, rules with their versions, judges, prompts, direction, and which checks there are.

    The translating model is not part of it: with another one the score means the same, though the mix of faults may not be the
    same; who uses a calibration so should review anew.
    """
    judges = [judge.model if judge else None for judge in (config.judge, config.second_judge)]
    rules = [(rule.id, rule.version) for rule in RULES] + [(rule.id, rule.version) for rule in RECORD_RULES]
    checks = [config.meaning, config.glossary is not None]
    return content_id(PENALTIES, rules, judges, list(config.gray_band), prompts_hash(), checks, list(direction))
