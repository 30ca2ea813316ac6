//! What scripts answer, read as outcomes.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::GrantId;

use super::record::{Record, number, optional_time, time};
use crate::domain::abuse::breaker::BreakerStage;
use crate::domain::abuse::{AbuseRule, Findings};
use crate::domain::refusal::Refusal;
use crate::domain::route::Withheld;
use crate::domain::scope::RunId;
use crate::domain::verification::CodeTimes;
use crate::store::{CheckOutcome, Failure, PassedCheck, PendingMessage, SendOutcome, Snapshot};

/// What every script but `acknowledge` returns: texts, the first of them a word that says what follows.
pub(super) type Reply = Vec<Vec<u8>>;

/// The run of the store, then fields and values.
pub(super) fn snapshot(reply: Reply) -> Result<Snapshot, Failure> {
    let mut values = reply.into_iter();
    let run_id = RunId::new(text(values.next(), "run id")?);
    Ok(Snapshot { run_id, verification: Record::of(values).read_if_any()? })
}

pub(super) fn check_outcome(reply: Reply, now: Timestamp) -> Result<CheckOutcome, Failure> {
    match reply.first().map(Vec::as_slice) {
        Some(b"rejected") => Ok(tripped(reply.get(1)).map_or(CheckOutcome::Rejected, CheckOutcome::Tripped)),
        Some(b"run_changed") => {
            Ok(CheckOutcome::RunChanged(RunId::new(text(reply.into_iter().nth(1), "run id")?)))
        }
        Some(b"passed") => {
            let mut values = reply.into_iter().skip(1);
            let grant = GrantId::parse(&text(values.next(), "grant")?);
            let grant = grant.map_err(|_| Failure::Unreadable("grant"))?;
            let at = time(&values.next().ok_or(Failure::Unreadable("a time"))?)?;
            let verification = Record::of(values).read_if_any()?;
            let verification = verification.ok_or(Failure::Unreadable("what passed"))?;
            Ok(CheckOutcome::Passed(Box::new(PassedCheck { grant, at, verification })))
        }
        _ => refusal(&reply, now).map(CheckOutcome::Refused),
    }
}

/// The stage that a rejected code tripped the breaker into. Nothing is said of it where a call is repeated.
fn tripped(stage: Option<&Vec<u8>>) -> Option<BreakerStage> {
    std::str::from_utf8(stage?).ok()?.parse().ok()
}

pub(super) fn send_outcome(reply: &Reply, now: Timestamp) -> Result<SendOutcome, Failure> {
    let mut values = reply.iter().map(Vec::as_slice);
    let mut next = || values.next().ok_or(Failure::Unreadable("a reply cut short"));
    Ok(match next()? {
        kind @ (b"counted" | b"unacknowledged") => {
            let message = PendingMessage {
                number: number(next()?)?,
                sent_at: time(next()?)?,
                sealed_code: next()?.to_vec(),
                sealed_route: next()?.to_vec(),
                times: CodeTimes { expires_at: time(next()?)?, next_send_at: optional_time(next()?)? },
                is_dropped: next()? == b"1",
                withheld: Withheld::from_bits(number(next()?)?),
                findings: Findings {
                    shadow: rules(next()?)?,
                    cut_off: Withheld::from_bits(number(next()?)?),
                    shadow_cut_off: Withheld::from_bits(number(next()?)?),
                },
            };
            if kind == b"counted" {
                SendOutcome::Counted(message)
            } else {
                SendOutcome::Unacknowledged(message)
            }
        }
        b"nothing_to_send" => {
            let times = CodeTimes { expires_at: time(next()?)?, next_send_at: optional_time(next()?)? };
            SendOutcome::NothingToSend { times, sent: next()? == b"1" }
        }
        b"refused" => SendOutcome::Refused(refusal(reply, now)?),
        b"not_reserved" => SendOutcome::NotReserved,
        b"stale" => SendOutcome::Stale,
        _ => return Err(Failure::Unreadable("a reply of no known kind")),
    })
}

/// Names of rules, comma-separated.
fn rules(names: &[u8]) -> Result<Vec<AbuseRule>, Failure> {
    let unreadable = Failure::Unreadable("a rule");
    let Ok(names) = std::str::from_utf8(names) else { return Err(unreadable) };
    let names = names.split(',').filter(|name| !name.is_empty());
    names.map(|name| name.parse::<AbuseRule>()).collect::<Result<_, _>>().map_err(|_| unreadable)
}

/// `{'done'}`, or a refusal.
pub(super) fn done(reply: &Reply, now: Timestamp) -> Result<Result<(), Refusal>, Failure> {
    match reply.first().map(Vec::as_slice) {
        Some(b"done") => Ok(Ok(())),
        _ => refusal(reply, now).map(Err),
    }
}

/// `{'refused', reason, until}`.
pub(super) fn refusal(reply: &Reply, now: Timestamp) -> Result<Refusal, Failure> {
    let wait = || -> Result<Duration, Failure> {
        Ok(time(reply.get(2).ok_or(Failure::Unreadable("a refusal without an end"))?)?.since(now))
    };
    Ok(match reply.get(1).map(Vec::as_slice) {
        Some(b"request_id_reused") => Refusal::RequestIdReused,
        Some(b"not_found") => Refusal::VerificationNotFound,
        Some(b"differs") => Refusal::VerificationDiffers,
        Some(b"over") => Refusal::VerificationOver,
        Some(b"too_soon") => Refusal::ResendTooSoon(wait()?),
        Some(b"sends_exhausted") => Refusal::SendsExhausted,
        Some(b"subject" | b"familiar_subject") => Refusal::SubjectLimited(wait()?),
        Some(b"tenant" | b"texts") => Refusal::TenantLimited(wait()?),
        Some(b"paused") => Refusal::SubjectPaused(wait()?),
        Some(b"stopped") => Refusal::SubjectStopped,
        Some(b"grant_invalid") => Refusal::GrantInvalid,
        Some(b"prefix") => Refusal::PrefixLimited(wait()?),
        Some(b"challenge") => Refusal::ChallengeRequired,
        Some(b"guessing") => Refusal::GuessingLimited(wait()?),
        _ => return Err(Failure::Unreadable("a refusal of no known kind")),
    })
}

fn text(bytes: Option<Vec<u8>>, what: &'static str) -> Result<String, Failure> {
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(Failure::Unreadable(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_of_nothing_has_a_run_and_no_verification() {
        let seen = snapshot(vec![b"run".to_vec()]).unwrap();

        assert_eq!(seen, Snapshot { run_id: RunId::new("run"), verification: None });
    }

    #[test]
    fn a_reply_that_does_not_read_is_a_failure_and_no_outcome() {
        let cut = vec![b"counted".to_vec(), b"1".to_vec()];

        assert!(matches!(send_outcome(&cut, Timestamp::EPOCH), Err(Failure::Unreadable(_))));
        assert!(matches!(send_outcome(&vec![b"?".to_vec()], Timestamp::EPOCH), Err(Failure::Unreadable(_))));
    }
}
