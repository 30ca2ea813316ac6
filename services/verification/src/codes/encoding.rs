//! Routes and grants as bytes, to be sealed or signed. Says nothing about who wrote them: open the seal or verify the
//! signature first.

use std::time::Duration;

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
use crate::domain::route::{Destinations, Fallback, Route};
use crate::domain::scope::RunId;
use crate::domain::transaction::Transaction;

/// The layout of [`FirstRoute`], of the first version.
const FIRST_ROUTE: u8 = 1;
/// The layout of [`EncodedRoute`]. Routes with one destination are written so, as the version before reads them.
const ROUTE: u8 = 2;
/// The layout of [`WideRoute`], of routes with several.
const WIDE_ROUTE: u8 = 3;
/// The layout of a [`WideRoute`] with its [`EncodedTransaction`].
const PAYMENT_ROUTE: u8 = 4;
/// The layout of an [`EncodedRoute`] with an [`EncodedFallback`], and with an [`EncodedTransaction`] where it has one.
const FALLBACK_ROUTE: u8 = 5;
/// The layout of [`EncodedGrant`].
const GRANT: u8 = 1;
/// The layout of an [`EncodedGrant`] with its [`EncodedTransaction`].
const PAYMENT_GRANT: u8 = 2;
/// The layout of an [`EncodedGrant`] with the channel of its fallback, and with an [`EncodedTransaction`] where it has one.
const FALLBACK_GRANT: u8 = 3;
/// The layout of [`EncodedTransaction`].
const TRANSACTION: u8 = 1;

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
struct WideRoute {
    route: EncodedRoute,
    /// The addresses after the first.
    others: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct EncodedFallback {
    channel: String,
    address: String,
    after_micros: u64,
}

#[derive(Serialize, Deserialize)]
struct EncodedTransaction {
    amount: String,
    payee: String,
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
    let encoded = EncodedRoute { first: first_route(route), familiar: route.familiar };
    if let Some(fallback) = &route.fallback {
        let transaction = route.transaction.as_ref().map(encoded_transaction);
        return codec::encode(FALLBACK_ROUTE, &(encoded, encoded_fallback(fallback), transaction));
    }
    let others = others(route);
    match &route.transaction {
        Some(transaction) => codec::encode(
            PAYMENT_ROUTE,
            &(WideRoute { route: encoded, others }, encoded_transaction(transaction)),
        ),
        None if others.is_empty() => codec::encode(ROUTE, &encoded),
        None => codec::encode(WIDE_ROUTE, &WideRoute { route: encoded, others }),
    }
}

/// A transaction as part of what a code is bound to and of what makes two starts the same.
pub(super) fn encode_transaction(transaction: &Transaction) -> Vec<u8> {
    codec::encode(TRANSACTION, &encoded_transaction(transaction)).to_vec()
}

fn encoded_transaction(transaction: &Transaction) -> EncodedTransaction {
    let (amount, payee) = (transaction.amount().to_owned(), transaction.payee().to_owned());
    EncodedTransaction { amount, payee }
}

fn encoded_fallback(fallback: &Fallback) -> EncodedFallback {
    EncodedFallback {
        channel: fallback.destination.channel().as_str().to_owned(),
        address: fallback.destination.as_str().to_owned(),
        after_micros: u64::try_from(fallback.after.as_micros()).unwrap_or(u64::MAX),
    }
}

fn decoded_fallback(encoded: EncodedFallback) -> Option<Fallback> {
    let channel = Channel::parse(&encoded.channel)?;
    let destination = Destination::from_stored(channel, encoded.address);
    Some(Fallback { destination, after: Duration::from_micros(encoded.after_micros) })
}

impl From<EncodedTransaction> for Transaction {
    fn from(encoded: EncodedTransaction) -> Self {
        Self::from_stored(encoded.amount, encoded.payee)
    }
}

/// A route as part of what makes two starts the same. Where the person is may change between them.
pub(super) fn encode_route_as_content(route: &Route) -> Zeroizing<Vec<u8>> {
    if let Some(fallback) = &route.fallback {
        let encoded = EncodedRoute { first: first_route(route), familiar: false };
        let none = None::<EncodedTransaction>;
        return codec::encode(FALLBACK_ROUTE, &(encoded, encoded_fallback(fallback), none));
    }
    match others(route) {
        others if others.is_empty() => codec::encode(FIRST_ROUTE, &first_route(route)),
        others => codec::encode(
            WIDE_ROUTE,
            &WideRoute { route: EncodedRoute { first: first_route(route), familiar: false }, others },
        ),
    }
}

fn others(route: &Route) -> Vec<String> {
    route.destinations.iter().skip(1).map(|destination| destination.as_str().to_owned()).collect()
}

fn first_route(route: &Route) -> FirstRoute {
    FirstRoute {
        channel: route.destinations.channel().as_str().to_owned(),
        address: route.destinations.iter().take(1).map(Destination::as_str).collect(),
        locale: route.locale.as_ref().map(|locale| locale.as_str().to_owned()),
        organisation: route.organisation.clone(),
        decoy: route.decoy,
    }
}

pub(super) fn decode_route(bytes: &[u8]) -> Option<Route> {
    type WithFallback = (EncodedRoute, EncodedFallback, Option<EncodedTransaction>);
    let (wide, transaction, fallback) = match codec::decode::<WithFallback>(FALLBACK_ROUTE, bytes) {
        Ok((route, fallback, transaction)) => {
            (WideRoute { route, others: Vec::new() }, transaction, Some(decoded_fallback(fallback)?))
        }
        Err(_) => match codec::decode(PAYMENT_ROUTE, bytes) {
            Ok((wide, transaction)) => (wide, Some(transaction), None),
            Err(_) => (decode_wide_route(bytes)?, None::<EncodedTransaction>, None),
        },
    };
    let WideRoute { route: EncodedRoute { first, familiar }, others } = wide;
    let channel = Channel::parse(&first.channel)?;
    let addresses = std::iter::once(first.address).chain(others);
    let destinations = addresses.map(|address| Destination::from_stored(channel, address)).collect();
    Some(Route {
        destinations: Destinations::new(destinations).ok()?,
        fallback,
        locale: first.locale.map(|locale| Locale::parse(&locale)).transpose().ok()?,
        organisation: first.organisation,
        transaction: transaction.map(Transaction::from),
        decoy: first.decoy,
        familiar,
    })
}

/// A route without a transaction, however many destinations it has.
fn decode_wide_route(bytes: &[u8]) -> Option<WideRoute> {
    let wide = codec::decode(WIDE_ROUTE, bytes).ok();
    let narrow = || codec::decode(ROUTE, bytes).ok();
    let alone = |route| WideRoute { route, others: Vec::new() };
    wide.or_else(|| narrow().map(alone)).or_else(|| {
        let first = codec::decode(FIRST_ROUTE, bytes).ok()?;
        Some(alone(EncodedRoute { first, familiar: false }))
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
    if let Some(channel) = grant.fallback_channel {
        let transaction = grant.transaction.as_ref().map(encoded_transaction);
        return codec::encode(FALLBACK_GRANT, &(encoded, channel.as_str(), transaction)).to_vec();
    }
    match &grant.transaction {
        Some(transaction) => {
            codec::encode(PAYMENT_GRANT, &(encoded, encoded_transaction(transaction))).to_vec()
        }
        None => codec::encode(GRANT, &encoded).to_vec(),
    }
}

pub(super) fn decode_grant(bytes: &[u8]) -> Option<Grant> {
    type WithFallback = (EncodedGrant, String, Option<EncodedTransaction>);
    let (grant, transaction, fallback) = match codec::decode::<WithFallback>(FALLBACK_GRANT, bytes) {
        Ok((grant, channel, transaction)) => (grant, transaction, Some(Channel::parse(&channel)?)),
        Err(_) => match codec::decode::<(EncodedGrant, EncodedTransaction)>(PAYMENT_GRANT, bytes) {
            Ok((grant, transaction)) => (grant, Some(transaction), None),
            Err(_) => (codec::decode(GRANT, bytes).ok()?, None, None),
        },
    };
    Some(Grant {
        id: GrantId::from_uuid(grant.id),
        tenant: TenantId::from_uuid(grant.tenant),
        caller: CallerName::parse(&grant.caller).ok()?,
        audience: CallerName::parse(&grant.audience).ok()?,
        verification: VerificationId::from_uuid(grant.verification),
        purpose: Purpose::parse(&grant.purpose).ok()?,
        subject: Subject::parse(&grant.subject).ok()?,
        transaction: transaction.map(Transaction::from),
        channel: Channel::parse(&grant.channel)?,
        fallback_channel: fallback,
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

    fn transaction() -> Transaction {
        Transaction::parse("12.00 EUR", "Berta").unwrap()
    }

    fn grant() -> Grant {
        Grant {
            id: GrantId::from_uuid(Uuid::from_u128(1)),
            tenant: TenantId::from_uuid(Uuid::from_u128(2)),
            caller: CallerName::parse("shop").unwrap(),
            audience: CallerName::parse("bank").unwrap(),
            verification: VerificationId::from_uuid(Uuid::from_u128(3)),
            purpose: Purpose::parse("payment").unwrap(),
            subject: Subject::parse("anna").unwrap(),
            transaction: Some(transaction()),
            channel: Channel::Sms,
            fallback_channel: None,
            class: ProofClass::Issued,
            binding: [9; 32],
            run_id: RunId::new("one"),
            passed_at: Timestamp::from_unix_micros(5),
            expires_at: Timestamp::from_unix_micros(6),
        }
    }

    #[test]
    fn a_grant_reads_back() {
        let plain = Grant { transaction: None, ..grant() };

        assert_eq!(decode_grant(&encode_grant(&grant())), Some(grant()));
        assert_eq!(decode_grant(&encode_grant(&plain)), Some(plain.clone()));
        for before in [grant(), plain] {
            let with_fallback = Grant { fallback_channel: Some(Channel::Email), ..before };
            assert_eq!(decode_grant(&encode_grant(&with_fallback)), Some(with_fallback));
        }
    }

    #[test]
    fn cut_or_lengthened_bytes_are_no_grant() {
        let bytes = encode_grant(&grant());
        let longer = [bytes.as_slice(), b"x"].concat();

        assert_eq!(decode_grant(&bytes[..bytes.len() - 1]), None);
        assert_eq!(decode_grant(&longer), None);
    }

    fn numbers(numbers: &[&str]) -> Destinations {
        let parsed = numbers.iter().map(|number| Destination::parse(Channel::Sms, number).unwrap());
        Destinations::new(parsed.collect()).unwrap()
    }

    #[test]
    fn a_route_reads_back() {
        let route = Route {
            destinations: numbers(&["+4915112345642"]),
            fallback: None,
            locale: Some(Locale::parse("de-AT").unwrap()),
            organisation: "Contoso".to_owned(),
            transaction: Some(transaction()),
            decoy: true,
            familiar: true,
        };
        let plain = Route { locale: None, transaction: None, decoy: false, familiar: false, ..route.clone() };

        assert_eq!(decode_route(&encode_route(&route)), Some(route));
        assert_eq!(decode_route(&encode_route(&plain)), Some(plain.clone()));
        assert_eq!(
            decode_route(&encode_route_as_content(&plain)),
            Some(plain.clone()),
            "as the first version wrote it"
        );
        assert_eq!(decode_route(b"nonsense"), None);
        let mail = Destination::parse(Channel::Email, "anna@example.com").unwrap();
        let step = Fallback { destination: mail, after: Duration::from_secs(30) };
        let with_fallback = Route { fallback: Some(step), ..plain.clone() };
        assert_eq!(decode_route(&encode_route(&with_fallback)), Some(with_fallback.clone()));
        let with_both = Route { transaction: Some(transaction()), ..with_fallback };
        assert_eq!(decode_route(&encode_route(&with_both)), Some(with_both));
        let several = numbers(&["+4915112345642", "+12125550100"]);
        let wide = Route { destinations: several, familiar: true, ..plain };
        let wide_payment = Route { transaction: Some(transaction()), ..wide.clone() };
        assert_ne!(encode_route_as_content(&wide), encode_route(&wide));
        assert_eq!(decode_route(&encode_route(&wide)), Some(wide));
        assert_eq!(decode_route(&encode_route(&wide_payment)), Some(wide_payment));
    }

    mod fuzz {
        use rekey_primitives::entropy::SeededEntropy;
        use rekey_primitives::secret::ExposeSecret as _;
        use rekey_sealing::{AeadKeys, KeyText, MacKeys, SigningKeys};

        use super::*;
        use crate::codes::CodeKeys;

        #[test]
        fn grants_and_routes_that_read_say_the_same_again() {
            let route = Route {
                destinations: numbers(&["+4915112345642", "+12125550100"]),
                fallback: None,
                locale: Some(Locale::parse("de-AT").unwrap()),
                organisation: "Contoso".to_owned(),
                transaction: Some(transaction()),
                decoy: true,
                familiar: true,
            };
            let (grant, route) = (encode_grant(&grant()), encode_route(&route));
            rekey_testing::fuzz(&[grant.as_slice(), route.as_slice()], |bytes: &[u8]| {
                if let Some(grant) = decode_grant(bytes) {
                    assert_eq!(decode_grant(&encode_grant(&grant)), Some(grant));
                }
                if let Some(route) = decode_route(bytes) {
                    assert_eq!(decode_route(&encode_route(&route)), Some(route));
                }
            });
        }

        #[test]
        fn no_grant_says_anything_that_was_not_signed() {
            let text = KeyText::generate(&SeededEntropy::new(7), Timestamp::EPOCH);
            let keys = CodeKeys {
                macs: MacKeys::from_text(&text).unwrap(),
                seals: AeadKeys::from_text(&text).unwrap(),
                grants: SigningKeys::from_text(&text).unwrap(),
            };
            let signed = keys.sign_grant(&grant()).text;
            rekey_testing::fuzz(&[signed.expose_secret().as_bytes()], |bytes: &[u8]| {
                let read = keys.verify_grant(&String::from_utf8_lossy(bytes));
                assert!(read.is_none_or(|read| read == grant()));
            });
        }
    }
}
