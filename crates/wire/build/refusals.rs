//! Which reasons each RPC gives, as its comment in the contract says after the word "Refusals:".
//!
//! Reasons below [`OWN`] can come from every RPC and are told in the header of each service. What an RPC gives besides
//! stands in its comment; the pipeline refuses to send any other in builds that test. The table has both.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use prost_reflect::{DescriptorPool, MethodDescriptor};
use prost_types::FileDescriptorSet;

/// The first number of reasons that are not every RPC's.
const OWN: i32 = 100;

/// What stands before the reasons in a comment.
const MARK: &str = "Refusals:";

/// What an RPC with none of its own says.
const NONE: &str = "none of its own";

/// The source of the table: paths and words.
pub(crate) fn table(pool: &DescriptorPool, set: &FileDescriptorSet) -> Result<String, String> {
    let (mut source, mut offenders) = (String::from("&[\n"), Vec::new());
    for service in pool.services().filter(|service| service.full_name().starts_with("rekey.")) {
        let numbers = numbers(pool, service.package_name());
        for method in service.methods() {
            match words(&comment(set, &method), &numbers) {
                Ok(mut words) => {
                    words.extend(
                        numbers.iter().filter(|(_, number)| **number < OWN).map(|(word, _)| word.clone()),
                    );
                    let path = format!("/{}/{}", service.full_name(), method.name());
                    let _ = writeln!(source, "    ({path:?}, &{words:?}),");
                }
                Err(offence) => offenders.push(format!("{}: {offence}", method.full_name())),
            }
        }
    }
    source.push(']');
    if offenders.is_empty() { Ok(source) } else { Err(offenders.join("\n")) }
}

/// The published reasons of a package, by word.
fn numbers(pool: &DescriptorPool, package: &str) -> BTreeMap<String, i32> {
    let reasons = pool.get_enum_by_name(&format!("{package}.ErrorReason"));
    let values = reasons.into_iter().flat_map(|reasons| reasons.values().collect::<Vec<_>>());
    values
        .map(|value| (value.name().trim_start_matches("ERROR_REASON_").to_owned(), value.number()))
        .collect()
}

/// The reasons in the comment of a method.
fn words(comment: &str, numbers: &BTreeMap<String, i32>) -> Result<Vec<String>, String> {
    let (_, told) = comment.split_once(MARK).ok_or(format!("its comment does not say \"{MARK}\""))?;
    let capitals = |letter: char| letter.is_ascii_uppercase() || letter == '_';
    let words: Vec<_> =
        told.split(|letter| !capitals(letter)).filter(|word| word.len() > 2).map(str::to_owned).collect();
    if words.is_empty() && !told.contains(NONE) {
        return Err(format!("neither a reason nor \"{NONE}\" after \"{MARK}\""));
    }
    match words.iter().find(|word| numbers.get(*word).is_none_or(|number| *number < OWN)) {
        Some(word) => Err(format!("{word} is no reason of its package's own")),
        None => Ok(words),
    }
}

/// What stands above a method in its file.
fn comment(set: &FileDescriptorSet, method: &MethodDescriptor) -> String {
    let name = method.parent_service().parent_file().name().to_owned();
    let file = set.file.iter().find(|file| file.name() == name);
    let info = file.and_then(|file| file.source_code_info.as_ref());
    let location = info.and_then(|info| info.location.iter().find(|location| location.path == method.path()));
    location.and_then(|location| location.leading_comments.clone()).unwrap_or_default()
}
