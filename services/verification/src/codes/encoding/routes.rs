//! Routes as bytes, in every layout that was written so far.

use std::time::Duration;

use rekey_primitives::contact::{Channel, Destination};
use rekey_primitives::locale::Locale;
use rekey_primitives::secret::Zeroizing;
use rekey_sealing::codec;
use serde::{Deserialize, Serialize};

use super::{EncodedTransaction, encoded_transaction};
use crate::domain::route::{Destinations, Fallback, Route};
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

pub(in crate::codes) fn encode_route(route: &Route) -> Zeroizing<Vec<u8>> {
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

/// A route as part of what makes two starts the same. Where the person is may change between them.
pub(in crate::codes) fn encode_route_as_content(route: &Route) -> Zeroizing<Vec<u8>> {
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

pub(in crate::codes) fn decode_route(bytes: &[u8]) -> Option<Route> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn transaction() -> Transaction {
        Transaction::parse("12.00 EUR", "Berta").unwrap()
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
        use super::*;

        #[test]
        fn routes_that_read_say_the_same_again() {
            let route = Route {
                destinations: numbers(&["+4915112345642", "+12125550100"]),
                fallback: None,
                locale: Some(Locale::parse("de-AT").unwrap()),
                organisation: "Contoso".to_owned(),
                transaction: Some(transaction()),
                decoy: true,
                familiar: true,
            };
            rekey_testing::fuzz(&[encode_route(&route).as_slice()], |bytes: &[u8]| {
                if let Some(route) = decode_route(bytes) {
                    assert_eq!(decode_route(&encode_route(&route)), Some(route));
                }
            });
        }
    }
}
