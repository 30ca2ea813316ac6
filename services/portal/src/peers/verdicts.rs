//! What the rules for passwords say of a candidate, out of identity's words.

use rekey_wire::identity::v1 as wire;

use super::Verdict;
use crate::domain::{PasswordRule, RuleInForce};

/// What the rules that this release knows say of a candidate.
pub(crate) fn verdicts(evaluated: &wire::EvaluatePasswordResponse) -> Vec<Verdict> {
    let verdict = |verdict: &wire::RuleVerdict| {
        let bound = u32::try_from(verdict.bound).ok().filter(|bound| *bound > 0);
        let in_force = RuleInForce { rule: rule(verdict.rule())?, bound };
        Some(Verdict { in_force, passed: verdict.passed })
    };
    evaluated.verdicts.iter().filter_map(verdict).collect()
}

fn rule(rule: wire::PasswordRule) -> Option<PasswordRule> {
    let name = rule.as_str_name();
    PasswordRule::parse(name.strip_prefix("PASSWORD_RULE_").unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_taken_with_their_numbers_where_identity_tells_them() {
        let said =
            |rule: wire::PasswordRule, bound| wire::RuleVerdict { rule: rule.into(), passed: false, bound };
        let evaluated = wire::EvaluatePasswordResponse {
            acceptable: false,
            verdicts: vec![
                said(wire::PasswordRule::MinimumLength, 12),
                said(wire::PasswordRule::MaximumLength, -1),
                said(wire::PasswordRule::TooSimple, 0),
                said(wire::PasswordRule::Unspecified, 3),
            ],
        };

        let taken = verdicts(&evaluated);

        let expected = [
            RuleInForce { rule: PasswordRule::MinimumLength, bound: Some(12) },
            PasswordRule::MaximumLength.without_number(),
            PasswordRule::TooSimple.without_number(),
        ];
        assert_eq!(taken, expected.map(|in_force| Verdict { in_force, passed: false }));
    }
}
