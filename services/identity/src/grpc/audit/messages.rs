//! Filters and spans from the wire; events, counts and breaks onto it.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::AccountId;
use rekey_wire::identity::v1 as wire;
use rekey_wire::{audit_events, time};

use super::super::decode::Fields;
use super::super::encode::{count, moment, page_token};
use crate::audit_log::Verified;
use crate::domain::audit::chain::ChainBreak;
use crate::domain::audit::commitment::{Commitments, LinkFormat, Part};
use crate::domain::audit::filter::EventFilter;
use crate::domain::audit::funnel::{FunnelCount, FunnelSpan};
use crate::domain::audit::{AccountHash, Actor, EventKind, Outcome, SealedEvent, Subject};

/// What a filter asks for; nothing where none was sent.
pub(in crate::grpc) fn filter(fields: &mut Fields, sent: Option<wire::AuditFilter>) -> Option<EventFilter> {
    let sent = sent.unwrap_or_default();
    let account = |text: &str| AccountId::parse(text).ok();
    let account_id = fields.optional("filter.account_id", &sent.account_id, account, "a UUID");
    let actor_id = fields.optional("filter.actor_id", &sent.actor_id, account, "a UUID");
    let known = |text: &str| text.parse::<EventKind>().ok().map(|kind| kind.as_str().to_owned());
    let kind =
        fields.optional("filter.kind", &sent.kind, known, "a kind of events, as `docs/audit.md` lists them");
    let outcome = outcome(fields, sent.outcome);
    let since = maybe_time(fields, "filter.start_time", sent.start_time.as_ref());
    let until = maybe_time(fields, "filter.end_time", sent.end_time.as_ref());
    let trace = |text: &str| hex::decode(text).ok()?.try_into().ok();
    let trace_id = fields.optional("filter.support_code", &sent.support_code, trace, "32 hexadecimal digits");
    let hash = |text: &str| Some(AccountHash(hex::decode(text).ok()?.try_into().ok()?));
    let account_hash =
        fields.optional("filter.account_hash", &sent.account_hash, hash, "32 hexadecimal digits");
    let actor_hash = fields.optional("filter.actor_hash", &sent.actor_hash, hash, "32 hexadecimal digits");
    Some(EventFilter {
        account_hash: account_hash?,
        actor_hash: actor_hash?,
        account_id: account_id?,
        actor_id: actor_id?,
        kind: kind?,
        outcome: outcome?,
        since: since?,
        until: until?,
        trace_id: trace_id?,
    })
}

/// The outer option says whether it was right, the inner one whether it was there.
pub(in crate::grpc) fn outcome(fields: &mut Fields, sent: i32) -> Option<Option<Outcome>> {
    let known = match wire::AuditOutcome::try_from(sent) {
        Ok(wire::AuditOutcome::Unspecified) => Some(None),
        Ok(wire::AuditOutcome::Success) => Some(Some(Outcome::Success)),
        Ok(wire::AuditOutcome::Refused) => Some(Some(Outcome::Refused)),
        Ok(wire::AuditOutcome::Failed) => Some(Some(Outcome::Failed)),
        Err(_) => None,
    };
    fields.take("filter.outcome", known, "one of the published outcomes")
}

pub(in crate::grpc) fn maybe_time(
    fields: &mut Fields,
    field: &'static str,
    sent: Option<&prost_types::Timestamp>,
) -> Option<Option<Timestamp>> {
    let Some(sent) = sent else { return Some(None) };
    let read = time::unix_micros(sent).map(Timestamp::from_unix_micros);
    fields.take(field, read, "a moment").map(Some)
}

/// The span that resets are counted in.
pub(in crate::grpc) fn span(fields: &mut Fields, sent: &wire::GetResetFunnelRequest) -> Option<FunnelSpan> {
    let since = maybe_time(fields, "start_time", sent.start_time.as_ref())?;
    let until = maybe_time(fields, "end_time", sent.end_time.as_ref())?;
    let since = fields.take("start_time", since, "a moment")?;
    let until = fields.take("end_time", until, "a moment")?;
    let whole = until.unix_micros().saturating_sub(since.unix_micros());
    let seconds = match &sent.period {
        Some(period) => time::std_duration(period).filter(|period| period.subsec_nanos() == 0),
        None => {
            u64::try_from(whole).ok().map(|whole| std::time::Duration::from_secs(whole.div_ceil(1_000_000)))
        }
    };
    let span = seconds.and_then(|seconds| FunnelSpan::new(since, until, seconds.as_secs()));
    fields.take(
        "end_time",
        span,
        "after `start_time`, at most 93 days, in at most 744 periods of whole seconds",
    )
}

/// An event as webhooks get it.
pub(crate) fn cloud_event(sealed: SealedEvent) -> Vec<u8> {
    audit_events::cloud_event(&event(sealed)).to_string().into_bytes()
}

pub(in crate::grpc) fn event(sealed: SealedEvent) -> wire::AuditEvent {
    let SealedEvent { position, link, format, event } = sealed;
    let proof = Proof::of(&format);
    let (actor_kind, actor_id) = match event.actor {
        Actor::Stranger => (wire::AuditActorKind::Stranger, String::new()),
        Actor::Account(id) => (wire::AuditActorKind::Account, id.to_string()),
        Actor::Service => (wire::AuditActorKind::Service, String::new()),
        Actor::Rekey => (wire::AuditActorKind::Rekey, String::new()),
        Actor::Erased(_) => (wire::AuditActorKind::Erased, String::new()),
    };
    let (subject_kind, account_id, unknown_login_hash) = match event.subject {
        Subject::Tenant => (wire::AuditSubjectKind::Tenant, String::new(), String::new()),
        Subject::Account(id) => (wire::AuditSubjectKind::Account, id.to_string(), String::new()),
        Subject::UnknownLogin(key) => (wire::AuditSubjectKind::UnknownLogin, String::new(), hex::encode(key)),
        Subject::Erased(_) => (wire::AuditSubjectKind::Erased, String::new(), String::new()),
    };
    wire::AuditEvent {
        event_id: event.id.to_string(),
        tenant_id: event.tenant_id.to_string(),
        event_time: moment(event.at),
        kind: event.kind,
        outcome: match event.outcome {
            Outcome::Success => wire::AuditOutcome::Success,
            Outcome::Refused => wire::AuditOutcome::Refused,
            Outcome::Failed => wire::AuditOutcome::Failed,
        }
        .into(),
        reason: event.reason.map(Into::into).unwrap_or_default(),
        actor_kind: actor_kind.into(),
        actor_id,
        caller: event.caller.unwrap_or_default(),
        account_id,
        unknown_login_hash,
        account_ids: event.accounts.iter().map(ToString::to_string).collect(),
        ip_address: event.ip_address.map(|ip| ip.to_string()).unwrap_or_default(),
        masked_destination: event.masked_place.unwrap_or_default(),
        support_code: event.trace_id.map(hex::encode).unwrap_or_default(),
        count: count(event.count),
        position,
        link: hex::encode(link),
        link_format: proof.link_format,
        subject_kind: subject_kind.into(),
        actor_hash: proof.actor_hash,
        account_hashes: proof.account_hashes,
        actor_salt: proof.actor.0,
        subject_salt: proof.subject.0,
        actor_commitment: proof.actor.1,
        subject_commitment: proof.subject.1,
    }
}

/// What a link is made over besides the fields of an event.
#[derive(Default)]
struct Proof {
    link_format: i32,
    actor_hash: String,
    account_hashes: Vec<String>,
    /// Salt and commitment, of which one is empty.
    actor: (String, String),
    subject: (String, String),
}

impl Proof {
    fn of(format: &LinkFormat) -> Self {
        let LinkFormat::Committed(Commitments { actor, subject, actor_hash, account_hashes }) = format else {
            return Self { link_format: 1, ..Self::default() };
        };
        let part = |part: &Part| match part {
            Part::Whole(salt) => (hex::encode(salt), String::new()),
            Part::Erased(commitment) => (String::new(), hex::encode(commitment)),
        };
        Self {
            link_format: 2,
            actor_hash: actor_hash.map(|hash| hash.to_string()).unwrap_or_default(),
            account_hashes: account_hashes.iter().map(ToString::to_string).collect(),
            actor: part(actor),
            subject: part(subject),
        }
    }
}

pub(in crate::grpc) fn verified(verified: Verified) -> wire::VerifyAuditResponse {
    wire::VerifyAuditResponse {
        r#break: verified.broken.map(broken),
        first_position: verified.first_position,
        verified_position: verified.at.position,
        verified_link: verified.at.link.map(hex::encode).unwrap_or_default(),
        next_page_token: page_token(verified.next),
        erased_events: i64::try_from(verified.erased_events).unwrap_or(i64::MAX),
    }
}

fn broken(broken: ChainBreak) -> wire::AuditBreak {
    use wire::AuditBreakKind as Kind;
    let at = |kind: Kind, position| wire::AuditBreak { kind: kind.into(), position, ..Default::default() };
    match broken {
        ChainBreak::Missing { from, to } => wire::AuditBreak { last_position: to, ..at(Kind::Missing, from) },
        ChainBreak::Changed { position, event_id } => {
            wire::AuditBreak { event_id: event_id.to_string(), ..at(Kind::Changed, position) }
        }
        ChainBreak::Moved { position, event_id, found_at } => wire::AuditBreak {
            event_id: event_id.to_string(),
            found_position: found_at,
            ..at(Kind::Moved, position)
        },
        ChainBreak::Inserted { position, event_id } => {
            wire::AuditBreak { event_id: event_id.to_string(), ..at(Kind::Inserted, position) }
        }
    }
}

/// Every period of the span, also those without a reset.
pub(in crate::grpc) fn funnel(span: &FunnelSpan, counts: &[FunnelCount]) -> wire::GetResetFunnelResponse {
    let periods = (0..span.periods()).map(|period| {
        let (begins, ends) = span.bounds(period);
        let step =
            |step| Some(steps(counts.iter().filter(|count| count.period == period && count.step == step)));
        wire::ResetFunnelPeriod {
            start_time: moment(begins),
            end_time: moment(ends),
            started: step(EventKind::ResetStarted),
            code_sent: step(EventKind::ResetCodeSent),
            proof_submitted: step(EventKind::ResetProofSubmitted),
            completed: step(EventKind::ResetCompleted),
            repudiated: step(EventKind::ResetRepudiated),
        }
    });
    wire::GetResetFunnelResponse { periods: periods.collect() }
}

fn steps<'a>(counts: impl Iterator<Item = &'a FunnelCount>) -> wire::ResetFunnelStep {
    let mut step = wire::ResetFunnelStep::default();
    for FunnelCount { outcome, count, .. } in counts {
        let place = match outcome {
            Outcome::Success => &mut step.succeeded,
            Outcome::Refused => &mut step.refused,
            Outcome::Failed => &mut step.failed,
        };
        *place += i64::try_from(*count).unwrap_or(i64::MAX);
    }
    step
}
