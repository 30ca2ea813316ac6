//! Messages into requests of the use cases. Every wrong field is named, not only the first; values are never repeated.

mod rights;

use std::borrow::Cow;
use std::net::IpAddr;

use rekey_primitives::contact::{Channel, Destination};
use rekey_primitives::id::{RequestId, TenantId, VerificationId};
use rekey_primitives::locale::Locale;
use rekey_primitives::secret::SecretString;
use rekey_runtime::access::Caller;
use rekey_wire::status::Refusal;
use rekey_wire::time;
use rekey_wire::verification::v1 as wire;
use rekey_wire::verification::v1::ErrorReason;
use tonic::{Code as GrpcCode, Request, Status};

use crate::codes::Requester;
use crate::codes::cancel::CancelRequest;
use crate::codes::check::CheckRequest;
use crate::codes::redeem::RedeemRequest;
use crate::codes::release::ReleaseRequest;
use crate::codes::resend::ResendRequest;
use crate::codes::start::StartRequest;
use crate::domain::code::Code;
use crate::domain::names::{Binding, CallerName, ORGANISATION_MAX, Purpose, Subject, is_organisation};
use crate::domain::route::{Destinations, Fallback, InvalidDestinations, InvalidFallback, Route};
use crate::domain::scope::{ScopedId, TenantScope};
use crate::domain::transaction::{InvalidTransaction, Transaction};

/// A grant of ours is far below; nothing longer is decoded at all.
const GRANT: usize = 4_096;

/// Decodes a request on behalf of its caller, and collects what is wrong with it.
pub(super) struct Decoder {
    caller: Caller,
    name: CallerName,
    wrong: Vec<(Cow<'static, str>, String)>,
}

impl Decoder {
    /// For the caller that access control let in.
    pub(super) fn of<T>(request: &Request<T>) -> Result<Self, Status> {
        let caller = request.extensions().get::<Caller>().cloned();
        let caller = caller.ok_or_else(|| Status::internal("the call passed no access control"))?;
        let name = CallerName::parse(caller.name());
        let name = name.map_err(|_| Status::internal("the caller's entry has no usable name"))?;
        Ok(Self { caller, name, wrong: Vec::new() })
    }

    pub(super) fn start(mut self, message: &wire::StartVerificationRequest) -> Result<StartRequest, Status> {
        let id = self.id(&message.tenant_id, &message.verification_id);
        let request_id = self.request_id(&message.request_id);
        let purpose = self.take("purpose", Purpose::parse(&message.purpose));
        let subject = self.take("subject", Subject::parse(&message.subject));
        let transaction = self.transaction(purpose.as_ref(), message.transaction.as_ref());
        let route = self.route(purpose.as_ref(), message);
        let audience = match message.audience.as_str() {
            "" => Some(self.name.clone()),
            other => self.take("audience", CallerName::parse(other)),
        };
        let binding = self.take("binding", Binding::parse(&message.binding));
        let requester = self.requester(message.context.as_ref());
        self.judge_tenant(id.as_ref().map(|id| id.scope.tenant))?;
        self.judge_purpose(purpose.as_ref())?;
        self.judge_audience(audience.as_ref())?;
        self.judge_context(message.context.as_ref(), message.familiar || message.challenge_passed)?;
        let counts_failures = !message.caller_counts_failures;
        self.finish(|| {
            Some(StartRequest {
                id: id?,
                request_id: request_id?,
                purpose: purpose?,
                subject: subject?,
                route: Route { transaction: transaction?, ..route? },
                audience: audience?,
                binding: binding?,
                requester: requester?,
                counts_failures,
                challenge_passed: message.challenge_passed,
            })
        })
    }

    pub(super) fn resend(mut self, message: &wire::ResendCodeRequest) -> Result<ResendRequest, Status> {
        let id = self.id(&message.tenant_id, &message.verification_id);
        let request_id = self.request_id(&message.request_id);
        let requester = self.requester(message.context.as_ref());
        self.judge_tenant(id.as_ref().map(|id| id.scope.tenant))?;
        self.judge_context(message.context.as_ref(), false)?;
        self.finish(|| Some(ResendRequest { id: id?, request_id: request_id?, requester: requester? }))
    }

    pub(super) fn check(mut self, message: &wire::CheckVerificationRequest) -> Result<CheckRequest, Status> {
        let id = self.id(&message.tenant_id, &message.verification_id);
        let request_id = self.request_id(&message.request_id);
        let code = self.take("code", Code::parse(&message.code));
        let purpose = self.take("purpose", Purpose::parse(&message.purpose));
        let subject = self.take("subject", Subject::parse(&message.subject));
        let transaction = self.transaction(purpose.as_ref(), message.transaction.as_ref());
        self.requester(message.context.as_ref());
        self.judge_tenant(id.as_ref().map(|id| id.scope.tenant))?;
        self.judge_context(message.context.as_ref(), false)?;
        self.finish(|| {
            Some(CheckRequest {
                id: id?,
                request_id: request_id?,
                code: code?,
                purpose: purpose?,
                subject: subject?,
                transaction: transaction?,
            })
        })
    }

    pub(super) fn cancel(
        mut self,
        message: &wire::CancelVerificationRequest,
    ) -> Result<CancelRequest, Status> {
        let id = self.id(&message.tenant_id, &message.verification_id);
        let request_id = self.request_id(&message.request_id);
        self.judge_tenant(id.as_ref().map(|id| id.scope.tenant))?;
        self.finish(|| Some(CancelRequest { id: id?, request_id: request_id? }))
    }

    pub(super) fn get(mut self, message: &wire::GetVerificationRequest) -> Result<ScopedId, Status> {
        let id = self.id(&message.tenant_id, &message.verification_id);
        self.judge_tenant(id.as_ref().map(|id| id.scope.tenant))?;
        self.finish(|| id)
    }

    pub(super) fn redeem(mut self, message: &wire::RedeemGrantRequest) -> Result<RedeemRequest, Status> {
        let scope = self.scope(&message.tenant_id);
        let request_id = self.request_id(&message.request_id);
        let binding = self.take("binding", Binding::parse(&message.binding));
        if message.grant.is_empty() || message.grant.len() > GRANT {
            self.wrong.push(("grant".into(), "must be a grant as CheckVerification returned it".to_owned()));
        }
        self.judge_tenant(scope.as_ref().map(|scope| scope.tenant))?;
        let grant = SecretString::from(message.grant.as_str());
        let issuers = self.caller.grant_issuers();
        self.finish(|| {
            Some(RedeemRequest { scope: scope?, request_id: request_id?, grant, binding: binding?, issuers })
        })
    }

    pub(super) fn release(mut self, message: &wire::ReleaseSubjectRequest) -> Result<ReleaseRequest, Status> {
        let scope = self.scope(&message.tenant_id);
        let request_id = self.request_id(&message.request_id);
        let purpose = self.take("purpose", Purpose::parse(&message.purpose));
        let subject = self.take("subject", Subject::parse(&message.subject));
        self.judge_tenant(scope.as_ref().map(|scope| scope.tenant))?;
        self.judge_purpose(purpose.as_ref())?;
        self.finish(|| {
            Some(ReleaseRequest {
                scope: scope?,
                purpose: purpose?,
                subject: subject?,
                request_id: request_id?,
            })
        })
    }

    pub(super) fn take<T, E: std::fmt::Display>(
        &mut self,
        field: impl Into<Cow<'static, str>>,
        read: Result<T, E>,
    ) -> Option<T> {
        read.map_err(|wrong| self.wrong.push((field.into(), wrong.to_string()))).ok()
    }

    pub(super) fn tenant(&mut self, text: &str) -> Option<TenantId> {
        self.take("tenant_id", TenantId::parse(text))
    }

    fn scope(&mut self, tenant: &str) -> Option<TenantScope> {
        let tenant = self.tenant(tenant)?;
        Some(TenantScope { tenant, caller: self.name.clone() })
    }

    fn id(&mut self, tenant: &str, verification: &str) -> Option<ScopedId> {
        let scope = self.scope(tenant);
        let verification = self.take("verification_id", VerificationId::parse(verification));
        Some(ScopedId { scope: scope?, verification: verification? })
    }

    fn request_id(&mut self, text: &str) -> Option<RequestId> {
        self.take("request_id", RequestId::parse(text))
    }

    fn route(
        &mut self,
        purpose: Option<&Purpose>,
        message: &wire::StartVerificationRequest,
    ) -> Option<Route> {
        let destinations = self.destinations(&message.destinations);
        let fallback = self.fallback(purpose, destinations.as_ref(), &message.fallbacks);
        let locale = match message.locale.as_str() {
            "" => Some(None),
            tag => self.take("locale", Locale::parse(tag)).map(Some),
        };
        let organisation = message.organisation.clone();
        if !is_organisation(&organisation) {
            let rule =
                format!("must be at most {ORGANISATION_MAX} printable characters on one line, without `://`");
            self.wrong.push(("organisation".into(), rule));
        }
        let (decoy, familiar) = (message.decoy, message.familiar);
        let (destinations, fallback, locale) = (destinations?, fallback?, locale?);
        Some(Route { destinations, fallback, locale, organisation, transaction: None, decoy, familiar })
    }

    /// The one step to another channel, where there is one.
    fn fallback(
        &mut self,
        purpose: Option<&Purpose>,
        destinations: Option<&Destinations>,
        given: &[wire::Fallback],
    ) -> Option<Option<Fallback>> {
        let given = match given {
            [] => return Some(None),
            [one] => one,
            _ => return self.take("fallbacks", Err(InvalidFallback::Count)),
        };
        let destination = given.destination.clone().unwrap_or_default();
        let destination = self.destination("fallbacks[0].destination", &destination);
        let after = given.after.as_ref().and_then(time::std_duration).ok_or("must be a length of time");
        let after = self.take("fallbacks[0].after", after);
        let template = purpose?.template();
        let fallback = Fallback::new(destinations?, template, destination?, after?);
        let field = match fallback {
            Err(InvalidFallback::SameChannel) => "fallbacks[0].destination",
            Err(InvalidFallback::After) => "fallbacks[0].after",
            _ => "fallbacks",
        };
        self.take(field, fallback).map(Some)
    }

    /// What the person approves: given where the purpose's message shows it, and nowhere else, so that nobody takes for
    /// approved what nobody was shown.
    fn transaction(
        &mut self,
        purpose: Option<&Purpose>,
        given: Option<&wire::Transaction>,
    ) -> Option<Option<Transaction>> {
        let is_shown = purpose?.template().shows_transaction();
        let what = match given {
            Some(given) if is_shown => match Transaction::parse(&given.amount, &given.payee) {
                Ok(transaction) => return Some(Some(transaction)),
                Err(InvalidTransaction::Amount(what)) => ("transaction.amount", what),
                Err(InvalidTransaction::Payee(what)) => ("transaction.payee", what),
            },
            None if !is_shown => return Some(None),
            Some(_) => ("transaction", "left out: the message of this purpose shows none"),
            None => ("transaction", "given: the message of this purpose shows it"),
        };
        self.wrong.push((what.0.into(), format!("must be {}", what.1)));
        None
    }

    fn destinations(&mut self, given: &[wire::Destination]) -> Option<Destinations> {
        if given.len() > Destinations::MOST {
            self.take("destinations", Destinations::new(Vec::new()))?;
        }
        let read: Vec<_> = given
            .iter()
            .enumerate()
            .map(|(index, one)| self.destination(&format!("destinations[{index}]"), one))
            .collect();
        let destinations = Destinations::new(read.into_iter().collect::<Option<_>>()?);
        let field = match destinations {
            Err(InvalidDestinations::OtherChannel { index } | InvalidDestinations::Repeated { index }) => {
                format!("destinations[{index}]").into()
            }
            Err(InvalidDestinations::Count) | Ok(_) => Cow::Borrowed("destinations"),
        };
        self.take(field, destinations)
    }

    fn destination(&mut self, field: &str, destination: &wire::Destination) -> Option<Destination> {
        use wire::destination::Address;

        match &destination.address {
            Some(Address::EmailAddress(text)) => {
                self.take(format!("{field}.email_address"), Destination::parse(Channel::Email, text))
            }
            Some(Address::PhoneNumber(text)) => {
                self.take(format!("{field}.phone_number"), Destination::parse(Channel::Sms, text))
            }
            None => self.take(field.to_owned(), Err("must hold an address")),
        }
    }

    fn requester(&mut self, context: Option<&wire::RequestContext>) -> Option<Requester> {
        let Some(context) = context else { return Some(Requester::default()) };
        let network = match context.ip_address.as_str() {
            "" => Some(None),
            text => {
                let read = text.parse::<IpAddr>().map_err(|_| "must be an IPv4 or IPv6 address");
                self.take("context.ip_address", read).map(Some)
            }
        };
        let backend = match context.backend.as_str() {
            "" => Some(None),
            text => self.take("context.backend", CallerName::parse(text)).map(Some),
        };
        Some(Requester { network: network?, backend: backend? })
    }

    /// Builds the request; none of its fields may be wrong.
    pub(super) fn finish<T>(self, build: impl FnOnce() -> Option<T>) -> Result<T, Status> {
        match build() {
            Some(request) if self.wrong.is_empty() => Ok(request),
            _ => Err(self.refuse()),
        }
    }

    fn refuse(self) -> Status {
        let refusal = Refusal::new(
            GrpcCode::InvalidArgument,
            ErrorReason::FieldInvalid,
            "one or more fields are missing or malformed",
        );
        self.wrong
            .into_iter()
            .fold(refusal, |refusal, (field, what)| refusal.field(field, what))
            .into_status()
    }
}

#[cfg(test)]
mod tests;
