//! Which records of a chunk become accounts.

use std::collections::HashSet;

use super::{DuplicateHandling, Flaw, Rejection, RejectionReason};
use crate::domain::account::Account;
use crate::domain::group::GroupId;

/// A record as far as it can be judged by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    /// Its first login, as a report shows it.
    pub(crate) masked_login: String,
    /// The account it is to become, and its groups; or what is wrong with it.
    pub(crate) account: Result<(Account, Vec<GroupId>), Flaw>,
}

/// What the records of a chunk name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Names<'a> {
    pub(crate) logins: Vec<&'a str>,
    pub(crate) external_ids: Vec<&'a str>,
    pub(crate) groups: Vec<GroupId>,
}

/// What there is of these names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Taken {
    /// Logins that other accounts have.
    pub(crate) logins: HashSet<String>,
    /// External ids that other accounts have.
    pub(crate) external_ids: HashSet<String>,
    /// Groups that are there.
    pub(crate) groups: HashSet<GroupId>,
}

/// What becomes of the records of a chunk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Judged {
    /// The positions of those that become accounts.
    pub(crate) created: Vec<usize>,
    pub(crate) skipped: i64,
    pub(crate) rejections: Vec<Rejection>,
}

impl<'a> Names<'a> {
    /// Those of all drafts that could become accounts.
    pub(crate) fn of(drafts: &'a [Draft]) -> Self {
        let mut names = Self::default();
        for (account, groups) in drafts.iter().filter_map(|draft| draft.account.as_ref().ok()) {
            names.logins.extend(account.logins.iter().map(|login| login.as_str()));
            names.external_ids.extend(account.external_id.as_deref());
            names.groups.extend(groups);
        }
        names.groups.sort_unstable();
        names.groups.dedup();
        names
    }
}

/// Judges the drafts of a chunk whose first record has this number. A name is taken by the first record that has it.
pub(crate) fn judge(
    drafts: &[Draft],
    mut taken: Taken,
    duplicates: DuplicateHandling,
    first_record: i64,
) -> Judged {
    let mut judged = Judged::default();
    for ((position, draft), record) in drafts.iter().enumerate().zip(first_record..) {
        match fate(draft, &taken) {
            Ok(account) => {
                taken.logins.extend(account.logins.iter().map(|login| login.as_str().to_owned()));
                taken.external_ids.extend(account.external_id.clone());
                judged.created.push(position);
            }
            Err(flaw) if duplicates == DuplicateHandling::Skip && is_duplicate(&flaw) => judged.skipped += 1,
            Err(flaw) => {
                let masked_login = draft.masked_login.clone();
                judged.rejections.push(Rejection { record, masked_login, flaw });
            }
        }
    }
    judged
}

fn fate<'a>(draft: &'a Draft, taken: &Taken) -> Result<&'a Account, Flaw> {
    let (account, groups) = draft.account.as_ref().map_err(Clone::clone)?;
    if account.logins.iter().any(|login| taken.logins.contains(login.as_str())) {
        return Err(Flaw::of(RejectionReason::LoginTaken));
    }
    if account.external_id.as_ref().is_some_and(|id| taken.external_ids.contains(id)) {
        return Err(Flaw::of(RejectionReason::ExternalIdTaken));
    }
    if groups.iter().any(|group| !taken.groups.contains(group)) {
        return Err(Flaw::of(RejectionReason::GroupNotFound));
    }
    Ok(account)
}

const fn is_duplicate(flaw: &Flaw) -> bool {
    matches!(flaw.reason, RejectionReason::LoginTaken | RejectionReason::ExternalIdTaken)
}

#[cfg(test)]
mod tests {
    use rekey_primitives::login::Login;
    use uuid::Uuid;

    use super::*;
    use crate::domain::fixtures::account;

    const STAFF: GroupId = GroupId::from_uuid(Uuid::from_u128(1));

    fn draft(login: &str, external_id: Option<&str>, groups: &[GroupId]) -> Draft {
        let logins = vec![Login::parse(login).unwrap()];
        let account = Account { logins, external_id: external_id.map(str::to_owned), ..account() };
        Draft { masked_login: format!("{}•", &login[..1]), account: Ok((account, groups.to_vec())) }
    }

    fn flawed(reason: RejectionReason) -> Draft {
        Draft { masked_login: String::new(), account: Err(Flaw::of(reason)) }
    }

    fn taken(logins: &[&str], external_ids: &[&str], groups: &[GroupId]) -> Taken {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Taken {
            logins: owned(logins),
            external_ids: owned(external_ids),
            groups: groups.iter().copied().collect(),
        }
    }

    fn reasons(judged: &Judged) -> Vec<(i64, RejectionReason)> {
        judged.rejections.iter().map(|line| (line.record, line.flaw.reason)).collect()
    }

    #[test]
    fn a_bad_record_takes_no_other_with_it() {
        let drafts = [
            draft("anna", None, &[]),
            flawed(RejectionReason::HashTooCostly),
            draft("berta", None, &[STAFF]),
            draft("carl", None, &[]),
        ];

        let judged = judge(&drafts, taken(&["anna"], &[], &[]), DuplicateHandling::Reject, 101);

        assert_eq!(judged.created, [3]);
        assert_eq!(
            reasons(&judged),
            [
                (101, RejectionReason::LoginTaken),
                (102, RejectionReason::HashTooCostly),
                (103, RejectionReason::GroupNotFound)
            ]
        );
        assert_eq!((judged.skipped, judged.rejections[0].masked_login.as_str()), (0, "a•"));
    }

    #[test]
    fn the_first_record_with_a_name_has_it() {
        let drafts = [
            draft("anna", Some("1"), &[STAFF]),
            draft("anna", Some("2"), &[]),
            draft("berta", Some("1"), &[]),
            draft("carl", Some("2"), &[]),
        ];

        let judged = judge(&drafts, taken(&[], &[], &[STAFF]), DuplicateHandling::Reject, 1);

        assert_eq!(judged.created, [0, 3]);
        assert_eq!(
            reasons(&judged),
            [(2, RejectionReason::LoginTaken), (3, RejectionReason::ExternalIdTaken)]
        );
    }

    #[test]
    fn who_is_there_is_skipped_where_that_is_asked_for_and_nothing_else_is() {
        let drafts = [
            draft("anna", None, &[]),
            draft("berta", Some("7"), &[]),
            flawed(RejectionReason::FieldInvalid),
            draft("carl", None, &[STAFF]),
        ];

        let judged = judge(&drafts, taken(&["anna"], &["7"], &[]), DuplicateHandling::Skip, 1);

        assert_eq!((judged.created.as_slice(), judged.skipped), (&[][..], 2));
        assert_eq!(
            reasons(&judged),
            [(3, RejectionReason::FieldInvalid), (4, RejectionReason::GroupNotFound)]
        );
    }
}
