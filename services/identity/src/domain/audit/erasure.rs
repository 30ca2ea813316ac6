//! Erasing an account from events: what identifies its person goes, the commitment and the keyed hash stay.
//!
//! Who can write into the database could drop fields as well, to hide who did something. So what is erased counts only where the
//! same log has a sealed event of the erasure, and the link is made over the hash that this event must name.

use std::collections::BTreeSet;

use rekey_primitives::id::AccountId;

use super::chain::{ChainRow, Digest};
use super::commitment::{AccountHash, Commitments, LinkFormat, Part};
use super::{Actor, AuditEvent, EventKind, SealedEvent, Subject};

/// The kinds of events that say that an account is erased: that it was asked for, and that the account is gone. The second one
/// is younger than whatever is erased, so it is not forgotten before that.
pub(crate) const ERASURES: [EventKind; 2] = [EventKind::AccountErased, EventKind::AccountPurged];

/// An account that is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ErasedAccount {
    pub id: AccountId,
    pub hash: AccountHash,
}

/// The event without what identifies the account; `None` if nothing of it does or can be erased.
pub(crate) fn without(sealed: &SealedEvent, account: ErasedAccount, digest: Digest) -> Option<SealedEvent> {
    let LinkFormat::Committed(commitments) = &sealed.format else { return None };
    let event = &sealed.event;
    let is_actor = event.actor == Actor::Account(account.id);
    let is_subject = event.subject == Subject::Account(account.id) || event.accounts.contains(&account.id);
    // From where something was done to an account that no other account did, its person may have done it.
    let is_their_place = is_subject
        && event.ip_address.is_some()
        && !matches!(event.actor, Actor::Account(_) | Actor::Erased(_));
    let mut erased = sealed.clone();
    let mut left = commitments.clone();
    if (is_actor || is_their_place) && !commitments.actor.is_erased() {
        left.actor = Part::Erased(commitments.actor_commitment(event, digest));
        erased.event.ip_address = None;
        if is_actor {
            erased.event.actor = Actor::Erased(account.hash);
        }
    }
    if is_subject && !commitments.subject.is_erased() {
        left.subject = Part::Erased(commitments.subject_commitment(event, digest));
        erased.event.masked_place = None;
        erased.event.accounts.clear();
        if let (Subject::Account(_), Some(hash)) = (&event.subject, commitments.account_hashes.first()) {
            erased.event.subject = Subject::Erased(*hash);
        }
    }
    let is_changed = left != *commitments;
    erased.format = LinkFormat::Committed(left);
    is_changed.then_some(erased)
}

/// An event that is about to be sealed, without what identifies those of its accounts that are erased already; `None` if it has
/// none of them. Hashes are as [`Commitments::of`] made them of it.
pub(crate) fn unsealed_without(
    event: &AuditEvent<String>,
    hashes: &Commitments,
    erased: &BTreeSet<AccountHash>,
) -> Option<AuditEvent<String>> {
    let is_erased = |hash: &&AccountHash| erased.contains(hash);
    let Commitments { actor_hash, account_hashes, .. } = hashes;
    let actor = actor_hash.as_ref().filter(is_erased);
    let subject =
        account_hashes.first().filter(|_| matches!(event.subject, Subject::Account(_))).filter(is_erased);
    let concerns_erased = account_hashes.iter().any(|hash| erased.contains(hash));
    if actor.is_none() && !concerns_erased {
        return None;
    }
    let mut left = event.clone();
    let is_by_another = actor.is_none() && matches!(event.actor, Actor::Account(_) | Actor::Erased(_));
    if !is_by_another {
        left.ip_address = None;
    }
    if let Some(hash) = actor {
        left.actor = Actor::Erased(*hash);
    }
    if let Some(hash) = subject {
        left.subject = Subject::Erased(*hash);
        left.masked_place = None;
    }
    let own = account_hashes.len() - event.accounts.len();
    let accounts = event.accounts.iter().zip(account_hashes.iter().skip(own));
    left.accounts = accounts.filter(|(_, hash)| !erased.contains(hash)).map(|(id, _)| *id).collect();
    (left != *event).then_some(left)
}

/// The accounts that rows claim to be erased.
pub(crate) fn claimed(rows: &[ChainRow]) -> BTreeSet<AccountHash> {
    let commitments = rows.iter().filter_map(|row| match &row.sealed.as_ref()?.format {
        LinkFormat::Committed(commitments) if commitments.has_erased() => Some(commitments),
        LinkFormat::Committed(_) | LinkFormat::Plain => None,
    });
    commitments.flat_map(|made| made.actor_hash.iter().chain(&made.account_hashes).copied()).collect()
}

/// Whether whatever is erased in the event is so by an erasure of one of these accounts.
pub(super) fn is_founded(sealed: &SealedEvent, erased: &BTreeSet<AccountHash>) -> bool {
    let LinkFormat::Committed(commitments) = &sealed.format else { return true };
    let Commitments { actor, subject, actor_hash, account_hashes } = commitments;
    let is_subject_erased = account_hashes.iter().any(|hash| erased.contains(hash));
    // The place of an account that acted goes with that account, any other with whom it was done to.
    let is_actor_erased = actor_hash.as_ref().map_or(is_subject_erased, |hash| erased.contains(hash));
    (!actor.is_erased() || is_actor_erased) && (!subject.is_erased() || is_subject_erased)
}

#[cfg(test)]
mod tests {
    use super::super::chain::{CHAIN_START, ChainBreak, ChainPlace, Walk, next_link};
    use super::super::fixtures::{account, commitments, digest, event, hash};
    use super::*;

    const ADA: u128 = 1;
    const BEN: u128 = 2;

    fn ada() -> ErasedAccount {
        ErasedAccount { id: account(ADA), hash: hash(ADA) }
    }

    /// By one on another, from somewhere, with a message to them.
    fn sealed(actor: Actor, subject: Subject) -> SealedEvent {
        let event = AuditEvent {
            actor,
            subject,
            ip_address: Some("192.0.2.1".parse().unwrap()),
            masked_place: Some("a***@mail.example".to_owned()),
            ..event(7)
        };
        let format = LinkFormat::Committed(commitments(&event));
        SealedEvent { position: 1, link: next_link(digest, &CHAIN_START, &event, &format), format, event }
    }

    fn followed(sealed: SealedEvent, erased: &[AccountHash]) -> Result<u64, ChainBreak> {
        let row = ChainRow { position: 1, event_id: sealed.event.id, sealed: Some(sealed) };
        let mut walk = Walk::from(ChainPlace::START);
        walk.follow(&[row], digest, &erased.iter().copied().collect()).map(|()| walk.erased_events)
    }

    fn by(id: u128) -> Actor {
        Actor::Account(account(id))
    }

    fn on(id: u128) -> Subject {
        Subject::Account(account(id))
    }

    #[test]
    fn what_is_erased_of_an_event_is_the_part_of_the_account() {
        let own = without(&sealed(by(ADA), on(ADA)), ada(), digest).unwrap().event;
        let acted = without(&sealed(by(ADA), on(BEN)), ada(), digest).unwrap().event;
        let suffered = without(&sealed(by(BEN), on(ADA)), ada(), digest).unwrap().event;
        let by_a_stranger = without(&sealed(Actor::Stranger, on(ADA)), ada(), digest).unwrap().event;
        let of_others = without(&sealed(by(BEN), on(BEN)), ada(), digest);

        let erased = (Actor::Erased(hash(ADA)), Subject::Erased(hash(ADA)));
        assert_eq!(
            ((own.actor, own.subject), own.ip_address, own.masked_place),
            (erased.clone(), None, None)
        );
        assert_eq!((acted.actor, acted.subject, acted.ip_address), (erased.0, on(BEN), None));
        assert!(acted.masked_place.is_some());
        assert_eq!((suffered.actor, suffered.subject), (by(BEN), erased.1));
        assert!(suffered.ip_address.is_some() && suffered.masked_place.is_none());
        assert_eq!((by_a_stranger.actor, by_a_stranger.ip_address), (Actor::Stranger, None));
        assert_eq!(of_others, None);
    }

    #[test]
    fn a_folded_event_keeps_the_hashes_of_all_and_the_id_of_none() {
        let mut folded = sealed(Actor::Stranger, Subject::Tenant);
        folded.event.accounts = vec![account(BEN), account(ADA)];
        folded.format = LinkFormat::Committed(commitments(&folded.event));
        folded.link = next_link(digest, &CHAIN_START, &folded.event, &folded.format);

        let erased = without(&folded, ada(), digest).unwrap();

        assert_eq!((&erased.event.subject, erased.event.accounts.len()), (&Subject::Tenant, 0));
        let LinkFormat::Committed(left) = &erased.format else { panic!("plain") };
        assert_eq!(left.account_hashes, [hash(BEN), hash(ADA)]);
        assert_eq!(followed(erased, &[hash(ADA)]), Ok(1));
    }

    #[test]
    fn the_chain_holds_over_what_is_erased_and_erasing_again_does_nothing() {
        for event in [sealed(by(ADA), on(ADA)), sealed(by(BEN), on(ADA)), sealed(Actor::Stranger, on(ADA))] {
            let erased = without(&event, ada(), digest).unwrap();

            assert_eq!(without(&erased, ada(), digest), None);
            assert_eq!(followed(erased, &[hash(ADA)]), Ok(1));
            assert_eq!(followed(event, &[]), Ok(0));
        }
    }

    #[test]
    fn of_two_accounts_of_an_event_each_is_erased_by_itself() {
        let ben = ErasedAccount { id: account(BEN), hash: hash(BEN) };
        let one = without(&sealed(by(BEN), on(ADA)), ada(), digest).unwrap();

        let both = without(&one, ben, digest).unwrap();

        assert_eq!(
            (both.event.actor, &both.event.subject),
            (Actor::Erased(hash(BEN)), &Subject::Erased(hash(ADA)))
        );
        assert_eq!(followed(both.clone(), &[hash(ADA), hash(BEN)]), Ok(1));
        assert!(followed(both, &[hash(ADA)]).is_err());
    }

    #[test]
    fn what_no_erasure_of_the_log_stands_for_is_a_change() {
        let event = sealed(by(BEN), on(ADA));
        let erased = without(&event, ada(), digest).unwrap();
        let changed = Err(ChainBreak::Changed { position: 1, event_id: event.event.id });

        // Nobody was erased, another was, and the other one's hash is put in its place.
        assert_eq!(followed(erased.clone(), &[]), changed);
        assert_eq!(followed(erased.clone(), &[hash(BEN)]), changed);
        let mut renamed = erased;
        renamed.event.subject = Subject::Erased(hash(BEN));
        let LinkFormat::Committed(left) = &mut renamed.format else { panic!("plain") };
        left.account_hashes = vec![hash(BEN)];
        assert_eq!(followed(renamed, &[hash(BEN)]), changed);
    }

    #[test]
    fn what_is_changed_after_the_erasure_is_a_change() {
        let mut touched = without(&sealed(by(BEN), on(ADA)), ada(), digest).unwrap();
        touched.event.reason = Some("other".into());

        assert!(followed(touched, &[hash(ADA)]).is_err());
    }

    #[test]
    fn nothing_is_erased_of_events_of_earlier_releases() {
        let plain = SealedEvent { format: LinkFormat::Plain, ..sealed(by(ADA), on(ADA)) };

        assert_eq!(without(&plain, ada(), digest), None);
    }

    #[test]
    fn what_is_sealed_of_an_erased_account_names_it_by_its_hash() {
        let erased: BTreeSet<_> = [hash(ADA)].into();
        let left = |event: &AuditEvent<String>| unsealed_without(event, &commitments(event), &erased);
        let folded = AuditEvent {
            accounts: vec![account(BEN), account(ADA)],
            ..sealed(Actor::Stranger, Subject::Tenant).event
        };

        let own = left(&sealed(by(ADA), on(ADA)).event).unwrap();
        let suffered = left(&sealed(by(BEN), on(ADA)).event).unwrap();
        let folded = left(&folded).unwrap();

        assert_eq!((own.actor, own.subject), (Actor::Erased(hash(ADA)), Subject::Erased(hash(ADA))));
        assert_eq!((own.ip_address, own.masked_place), (None, None));
        assert_eq!((suffered.actor, suffered.ip_address.is_some()), (by(BEN), true));
        assert_eq!((folded.accounts, folded.ip_address), (vec![account(BEN)], None));
        assert_eq!(left(&sealed(by(BEN), on(BEN)).event), None);
    }

    #[test]
    fn what_was_sealed_of_an_erased_account_needs_no_erasure_behind_it() {
        let event = sealed(by(BEN), Subject::Erased(hash(ADA)));

        assert_eq!(followed(event, &[]), Ok(0));
    }
}
