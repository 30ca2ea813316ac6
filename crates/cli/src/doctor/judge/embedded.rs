//! Databases that are files of this machine: a process that runs has them for itself, and `rekey up` makes and migrates them.

use rekey_identity::NotInspected;

use super::super::finding::Finding;

/// What to tell of a file that was not looked at, where that is no fault.
pub(crate) fn judge_not_inspected(about: &str, why: &NotInspected, is_one_process: bool) -> Option<Finding> {
    match why {
        NotInspected::InUse(file) => Some(Finding::note(
            about,
            format!("{file} is not looked at while a process runs on it"),
            "Its health tells how it is. Stop the process to have its schema looked at.",
        )),
        NotInspected::Missing(file) if is_one_process => Some(Finding::note(
            about,
            format!("{file} is not there"),
            "The first start makes it. If there was one, put it back from a backup before.",
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Severity;
    use super::*;

    #[test]
    fn a_file_that_is_in_use_or_not_made_yet_is_no_fault() {
        let file = || "rekey-data/identity.db".to_owned();
        let judged = |why: &NotInspected, is_one_process| {
            judge_not_inspected("identity.store", why, is_one_process).map(|finding| finding.severity)
        };

        assert_eq!(judged(&NotInspected::InUse(file()), false), Some(Severity::Note));
        assert_eq!(judged(&NotInspected::Missing(file()), true), Some(Severity::Note));
        // What `serve` does not make is missing.
        assert_eq!(judged(&NotInspected::Missing(file()), false), None);
        assert_eq!(judged(&NotInspected::Away(file()), true), None);
    }
}
