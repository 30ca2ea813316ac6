//! Routes and grants as bytes, to be sealed or signed. Says nothing about who wrote them: open the seal or verify the
//! signature first.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::{Channel, Destination};
use rekey_primitives::id::{GrantId, TenantId, VerificationId};
use rekey_primitives::locale::Locale;
use rekey_primitives::method::ProofClass;
use rekey_primitives::secret::Zeroizing;
use rekey_sealing::codec;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::grant::Grant;
use crate::domain::names::{CallerName, Purpose, Subject};
use crate::domain::route::Route;
use crate::domain::scope::RunId;

/// The layout of [`FirstRoute`], of the first version.
const FIRST_ROUTE: u8 = 1;
/// The layout of [`EncodedRoute`].
const ROUTE: u8 = 2;
/// The layout of [`EncodedGrant`].
const GRANT: u8 = 1;

#[derive(Serialize, Deserialize)]
struct FirstRoute {
    channel: String,
    address: String,
    locale: Option<String>,
    organisation: String,
    decoy: bool,
}

#[derive(Serialize, Deserialize)]
struct EncodedRoute {
    first: FirstRoute,
    familiar: bool,
}

#[derive(Serialize, Deserialize)]
struct EncodedGrant {
    id: Uuid,
    tenant: Uuid,
    caller: String,
    audience: String,
    verification: Uuid,
    purpose: String,
    subject: String,
    channel: String,
    class: String,
    binding: [u8; 32],
    run_id: String,
    passed_at: i64,
    expires_at: i64,
}

pub(super) fn encode_route(route: &Route) -> Zeroizing<Vec<u8>> {
    codec::encode(ROUTE, &EncodedRoute { first: first_route(route), familiar: route.familiar })
}

/// A route as part of what makes two starts the same. Where the person is may change between them.
pub(super) fn encode_route_as_content(route: &Route) -> Zeroizing<Vec<u8>> {
    codec::encode(FIRST_ROUTE, &first_route(route))
}

fn first_route(route: &Route) -> FirstRoute {
    FirstRoute {
        channel: route.destination.channel().as_str().to_owned(),
        address: route.destination.as_str().to_owned(),
        locale: route.locale.as_ref().map(|locale| locale.as_str().to_owned()),
        organisation: route.organisation.clone(),
        decoy: route.decoy,
    }
}

pub(super) fn decode_route(bytes: &[u8]) -> Option<Route> {
    let EncodedRoute { first, familiar } = codec::decode(ROUTE, bytes).ok().or_else(|| {
        let first = codec::decode(FIRST_ROUTE, bytes).ok()?;
        Some(EncodedRoute { first, familiar: false })
    })?;
    Some(Route {
        destination: Destination::from_stored(Channel::parse(&first.channel)?, first.address),
        locale: first.locale.map(|locale| Locale::parse(&locale)).transpose().ok()?,
        organisation: first.organisation,
        decoy: first.decoy,
        familiar,
    })
}

pub(super) fn encode_grant(grant: &Grant) -> Vec<u8> {
    let encoded = EncodedGrant {
        id: grant.id.as_uuid(),
        tenant: grant.tenant.as_uuid(),
        caller: grant.caller.as_str().to_owned(),
        audience: grant.audience.as_str().to_owned(),
        verification: grant.verification.as_uuid(),
        purpose: grant.purpose.as_str().to_owned(),
        subject: grant.subject.as_str().to_owned(),
        channel: grant.channel.as_str().to_owned(),
        class: grant.class.as_str().to_owned(),
        binding: grant.binding,
        run_id: grant.run_id.as_str().to_owned(),
        passed_at: grant.passed_at.unix_micros(),
        expires_at: grant.expires_at.unix_micros(),
    };
    codec::encode(GRANT, &encoded).to_vec()
}

pub(super) fn decode_grant(bytes: &[u8]) -> Option<Grant> {
    let grant: EncodedGrant = codec::decode(GRANT, bytes).ok()?;
    Some(Grant {
        id: GrantId::from_uuid(grant.id),
        tenant: TenantId::from_uuid(grant.tenant),
        caller: CallerName::parse(&grant.caller).ok()?,
        audience: CallerName::parse(&grant.audience).ok()?,
        verification: VerificationId::from_uuid(grant.verification),
        purpose: Purpose::parse(&grant.purpose).ok()?,
        subject: Subject::parse(&grant.subject).ok()?,
        channel: Channel::parse(&grant.channel)?,
        class: ProofClass::parse(&grant.class)?,
        binding: grant.binding,
        run_id: RunId::new(grant.run_id),
        passed_at: Timestamp::from_unix_micros(grant.passed_at),
        expires_at: Timestamp::from_unix_micros(grant.expires_at),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant() -> Grant {
        Grant {
            id: GrantId::from_uuid(Uuid::from_u128(1)),
            tenant: TenantId::from_uuid(Uuid::from_u128(2)),
            caller: CallerName::parse("shop").unwrap(),
            audience: CallerName::parse("bank").unwrap(),
            verification: VerificationId::from_uuid(Uuid::from_u128(3)),
            purpose: Purpose::parse("payment").unwrap(),
            subject: Subject::parse("anna").unwrap(),
            channel: Channel::Sms,
            class: ProofClass::Issued,
            binding: [9; 32],
            run_id: RunId::new("one"),
            passed_at: Timestamp::from_unix_micros(5),
            expires_at: Timestamp::from_unix_micros(6),
        }
    }

    #[test]
    fn a_grant_reads_back() {
        assert_eq!(decode_grant(&encode_grant(&grant())), Some(grant()));
    }

    #[test]
    fn cut_or_lengthened_bytes_are_no_grant() {
        let bytes = encode_grant(&grant());
        let longer = [bytes.as_slice(), b"x"].concat();

        assert_eq!(decode_grant(&bytes[..bytes.len() - 1]), None);
        assert_eq!(decode_grant(&longer), None);
    }

    #[test]
    fn a_route_reads_back() {
        let route = Route {
            destination: Destination::parse(Channel::Sms, "+4915112345642").unwrap(),
            locale: Some(Locale::parse("de-AT").unwrap()),
            organisation: "Contoso".to_owned(),
            decoy: true,
            familiar: true,
        };
        let plain = Route { locale: None, decoy: false, familiar: false, ..route.clone() };

        assert_eq!(decode_route(&encode_route(&route)), Some(route));
        assert_eq!(decode_route(&encode_route(&plain)), Some(plain.clone()));
        assert_eq!(
            decode_route(&encode_route_as_content(&plain)),
            Some(plain),
            "as the first version wrote it"
        );
        assert_eq!(decode_route(b"nonsense"), None);
    }
}
