//! Who may call what, written down by the build from the descriptors that also make the code: what stands in the proto
//! is what is enforced.

use std::collections::HashMap;
use std::sync::LazyLock;

use prost::Message as _;

use crate::options::v1::{Access, Role};

/// Paths and encoded options, as the build read them.
static TABLE: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// The rule of every RPC, by path (`/package.Service/Method`).
pub fn rules() -> &'static HashMap<&'static str, Access> {
    static RULES: LazyLock<HashMap<&str, Access>> = LazyLock::new(|| {
        let rule = |encoded: &[u8]| Access::decode(encoded).expect("the same message, encoded by the build");
        TABLE.iter().map(|(path, encoded)| (*path, rule(encoded))).collect()
    });
    &RULES
}

/// The roles an administrator's rule names, as the words used in tokens and settings (`global_administrator`).
pub fn role_words(rule: &Access) -> Vec<String> {
    rule.roles().map(role_word).collect()
}

/// A role as the word used in tokens, settings and tables.
pub fn role_word(role: Role) -> String {
    role.as_str_name().trim_start_matches("ROLE_").to_ascii_lowercase()
}

/// The role of a word.
pub fn role_named(word: &str) -> Option<Role> {
    Role::from_str_name(&format!("ROLE_{}", word.to_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use prost_reflect::DescriptorPool;

    use super::*;
    use crate::DESCRIPTORS;
    use crate::options::v1::PersonRule;

    #[test]
    fn every_rpc_of_ours_has_a_rule_and_says_who_may_call() {
        let rules = rules();

        assert!(rules.len() > 20);
        assert!(rules.values().all(|rule| rule.person() != PersonRule::Unspecified));
        assert!(rules.values().all(|rule| rule.service || rule.person() != PersonRule::None));
    }

    /// Logs and limits go by where the person is, so no RPC that a person's or administrator's action causes may be
    /// without a place for it.
    #[test]
    fn what_a_person_or_administrator_does_says_from_where() {
        let pool = DescriptorPool::decode(DESCRIPTORS).unwrap();
        let services = pool.services().filter(|service| service.package_name() == "rekey.identity.v1");
        let methods: Vec<_> = services.flat_map(|service| service.methods().collect::<Vec<_>>()).collect();

        let silent = methods.iter().filter(|method| {
            let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
            let acts = method.input().get_field_by_name("request_id").is_some()
                || rules()[path.as_str()].person() == PersonRule::Administrator;
            acts && method.input().get_field_by_name("context").is_none()
        });

        assert!(methods.len() > 20);
        assert_eq!(silent.map(|method| method.name().to_owned()).collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn an_administrators_rule_names_its_roles() {
        let administrators = rules().values().filter(|rule| rule.person() == PersonRule::Administrator);

        assert!(administrators.into_iter().all(|rule| !rule.roles.is_empty()));
    }
}
