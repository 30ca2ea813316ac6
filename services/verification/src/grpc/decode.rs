//! Messages into the domain's types. Every wrong field is named, not only the first; what was typed is never
//! repeated.

use std::net::IpAddr;

use rekey_primitives::contact::{Channel, Destination};
use rekey_primitives::id::{RequestId, TenantId, VerificationId};
use rekey_primitives::locale::Locale;
use rekey_primitives::secret::SecretString;
use rekey_primitives::text::breaks_line;
use rekey_runtime::access::Caller;
use rekey_wire::status::Refusal;
use rekey_wire::verification::v1 as wire;
use rekey_wire::verification::v1::ErrorReason;
use tonic::{Code as GrpcCode, Request, Status};

use crate::domain::code::Code;
use crate::domain::names::{Binding, CallerName, Purpose, Subject};
use crate::domain::route::Route;
use crate::domain::scope::{Place, TenantScope};
use crate::flows::check::CheckOrder;
use crate::flows::redeem::RedeemOrder;
use crate::flows::resend::ResendOrder;
use crate::flows::start::StartOrder;

/// The longest organisation name a message shows, in characters.
const ORGANISATION: usize = 128;
/// A grant of ours is far below; nothing longer is decoded at all.
const GRANT: usize = 4_096;

/// A request being decoded on behalf of its caller.
pub(super) struct Decoding {
    caller: Caller,
    name: CallerName,
    wrong: Vec<(&'static str, String)>,
}

impl Decoding {
    /// Takes the caller that the gate let in.
    pub(super) fn of<T>(request: &Request<T>) -> Result<Self, Status> {
        let caller = request.extensions().get::<Caller>().cloned();
        let caller = caller.ok_or_else(|| Status::internal("the call passed no gate"))?;
        let name = CallerName::parse(caller.name());
        let name = name.map_err(|_| Status::internal("the caller's entry has no usable name"))?;
        Ok(Self { caller, name, wrong: Vec::new() })
    }

    pub(super) fn start(mut self, message: &wire::StartVerificationRequest) -> Result<StartOrder, Status> {
        let place = self.place(&message.tenant_id, &message.verification_id);
        let request = self.request_id(&message.request_id);
        let purpose = self.take("purpose", Purpose::parse(&message.purpose));
        let subject = self.take("subject", Subject::parse(&message.subject));
        let destination = self.destination(message.destination.as_ref());
        let audience = match message.audience.as_str() {
            "" => Some(self.name.clone()),
            other => self.take("audience", CallerName::parse(other)),
        };
        let locale = match message.locale.as_str() {
            "" => Some(None),
            tag => self.take("locale", Locale::parse(tag)).map(Some),
        };
        let binding = self.take("binding", Binding::parse(&message.binding));
        if !is_organisation(&message.organisation) {
            let rule =
                format!("must be at most {ORGANISATION} printable characters on one line, without `://`");
            self.wrong.push(("organisation", rule));
        }
        let network = self.network(message.context.as_ref());
        let place = self.allowed(place)?;
        if let Some(purpose) = &purpose
            && !self.caller.may_use_purpose(purpose.as_str())
        {
            return Err(not_allowed("purpose"));
        }
        self.context_allowed(message.context.as_ref())?;
        let fields = (place, request, purpose, subject, destination, audience, locale, binding, network);
        let (
            Some(place),
            Some(request),
            Some(purpose),
            Some(subject),
            Some(destination),
            Some(audience),
            Some(locale),
            Some(binding),
            Some(network),
        ) = fields
        else {
            return Err(self.refuse());
        };
        let organisation = message.organisation.clone();
        let route = Route { destination, locale, organisation, decoy: message.decoy };
        let counts_failures = !message.caller_counts_failures;
        self.finish(StartOrder {
            place,
            request,
            purpose,
            subject,
            route,
            audience,
            binding,
            network,
            counts_failures,
        })
    }

    pub(super) fn resend(mut self, message: &wire::ResendCodeRequest) -> Result<ResendOrder, Status> {
        let place = self.place(&message.tenant_id, &message.verification_id);
        let request = self.request_id(&message.request_id);
        let network = self.network(message.context.as_ref());
        let place = self.allowed(place)?;
        self.context_allowed(message.context.as_ref())?;
        let (Some(place), Some(request), Some(network)) = (place, request, network) else {
            return Err(self.refuse());
        };
        self.finish(ResendOrder { place, request, network })
    }

    pub(super) fn check(mut self, message: &wire::CheckVerificationRequest) -> Result<CheckOrder, Status> {
        let place = self.place(&message.tenant_id, &message.verification_id);
        let request = self.request_id(&message.request_id);
        let code = self.take("code", Code::typed(&message.code));
        let purpose = self.take("purpose", Purpose::parse(&message.purpose));
        let subject = self.take("subject", Subject::parse(&message.subject));
        let network = self.network(message.context.as_ref());
        let place = self.allowed(place)?;
        self.context_allowed(message.context.as_ref())?;
        let (Some(place), Some(request), Some(code), Some(purpose), Some(subject), Some(_)) =
            (place, request, code, purpose, subject, network)
        else {
            return Err(self.refuse());
        };
        self.finish(CheckOrder { place, request, code, purpose, subject })
    }

    pub(super) fn cancel(
        mut self,
        message: &wire::CancelVerificationRequest,
    ) -> Result<(Place, RequestId), Status> {
        let place = self.place(&message.tenant_id, &message.verification_id);
        let request = self.request_id(&message.request_id);
        let place = self.allowed(place)?;
        let (Some(place), Some(request)) = (place, request) else { return Err(self.refuse()) };
        self.finish((place, request))
    }

    pub(super) fn get(mut self, message: &wire::GetVerificationRequest) -> Result<Place, Status> {
        let place = self.place(&message.tenant_id, &message.verification_id);
        let place = self.allowed(place)?;
        let Some(place) = place else { return Err(self.refuse()) };
        self.finish(place)
    }

    pub(super) fn redeem(mut self, message: &wire::RedeemGrantRequest) -> Result<RedeemOrder, Status> {
        let tenant = self.take("tenant_id", TenantId::parse(&message.tenant_id));
        let request = self.request_id(&message.request_id);
        let binding = self.take("binding", Binding::parse(&message.binding));
        if message.grant.is_empty() || message.grant.len() > GRANT {
            self.wrong.push(("grant", "must be a grant as CheckVerification returned it".to_owned()));
        }
        self.tenant_allowed(tenant)?;
        let (Some(tenant), Some(request), Some(binding)) = (tenant, request, binding) else {
            return Err(self.refuse());
        };
        let scope = TenantScope { tenant, caller: self.name.clone() };
        let grant = SecretString::from(message.grant.as_str());
        self.finish(RedeemOrder { scope, request, grant, binding })
    }

    pub(super) fn release(
        mut self,
        message: &wire::ReleaseSubjectRequest,
    ) -> Result<(TenantScope, Purpose, Subject, RequestId), Status> {
        let tenant = self.take("tenant_id", TenantId::parse(&message.tenant_id));
        let request = self.request_id(&message.request_id);
        let purpose = self.take("purpose", Purpose::parse(&message.purpose));
        let subject = self.take("subject", Subject::parse(&message.subject));
        self.tenant_allowed(tenant)?;
        if let Some(purpose) = &purpose
            && !self.caller.may_use_purpose(purpose.as_str())
        {
            return Err(not_allowed("purpose"));
        }
        let (Some(tenant), Some(request), Some(purpose), Some(subject)) = (tenant, request, purpose, subject)
        else {
            return Err(self.refuse());
        };
        let scope = TenantScope { tenant, caller: self.name.clone() };
        self.finish((scope, purpose, subject, request))
    }

    fn take<T, E: std::fmt::Display>(&mut self, field: &'static str, read: Result<T, E>) -> Option<T> {
        read.map_err(|wrong| self.wrong.push((field, wrong.to_string()))).ok()
    }

    fn place(&mut self, tenant: &str, verification: &str) -> Option<Place> {
        let tenant = self.take("tenant_id", TenantId::parse(tenant));
        let id = self.take("verification_id", VerificationId::parse(verification));
        let scope = TenantScope { tenant: tenant?, caller: self.name.clone() };
        Some(Place { scope, id: id? })
    }

    fn request_id(&mut self, text: &str) -> Option<RequestId> {
        self.take("request_id", RequestId::parse(text))
    }

    fn destination(&mut self, destination: Option<&wire::Destination>) -> Option<Destination> {
        use wire::destination::Address;

        match destination.and_then(|destination| destination.address.as_ref()) {
            Some(Address::EmailAddress(text)) => {
                self.take("destination.email_address", Destination::parse(Channel::Email, text))
            }
            Some(Address::PhoneNumber(text)) => {
                self.take("destination.phone_number", Destination::parse(Channel::Sms, text))
            }
            None => {
                self.wrong.push(("destination", "must hold an address".to_owned()));
                None
            }
        }
    }

    /// Where the person is: the outer option is about the field, the inner about the person.
    fn network(&mut self, context: Option<&wire::RequestContext>) -> Option<Option<IpAddr>> {
        match context.map_or("", |context| context.ip_address.as_str()) {
            "" => Some(None),
            text => {
                let read = text.parse::<IpAddr>().map_err(|_| "must be an IPv4 or IPv6 address");
                self.take("context.ip_address", read).map(Some)
            }
        }
    }

    /// Permission before existence: a tenant out of reach is refused before anything else is said.
    fn allowed(&self, place: Option<Place>) -> Result<Option<Place>, Status> {
        self.tenant_allowed(place.as_ref().map(|place| place.scope.tenant))?;
        Ok(place)
    }

    fn tenant_allowed(&self, tenant: Option<TenantId>) -> Result<(), Status> {
        match tenant {
            Some(tenant) if !self.caller.may_reach(tenant) => Err(not_allowed("tenant_id")),
            _ => Ok(()),
        }
    }

    fn context_allowed(&self, context: Option<&wire::RequestContext>) -> Result<(), Status> {
        let is_asserted =
            context.is_some_and(|context| !context.ip_address.is_empty() || !context.user_agent.is_empty());
        if is_asserted && !self.caller.may_assert_context() { Err(not_allowed("context")) } else { Ok(()) }
    }

    fn finish<T>(self, order: T) -> Result<T, Status> {
        if self.wrong.is_empty() { Ok(order) } else { Err(self.refuse()) }
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

fn not_allowed(what: &str) -> Status {
    Refusal::new(
        GrpcCode::PermissionDenied,
        ErrorReason::CallerNotAllowed,
        "the caller may not name or assert this",
    )
    .with("field", what)
    .into_status()
}

/// A name that notification puts into a message: it refuses breaks of lines and links, and then no code would go out.
fn is_organisation(text: &str) -> bool {
    text.chars().count() <= ORGANISATION && !text.chars().any(breaks_line) && !text.contains("://")
}

#[cfg(test)]
mod tests;
