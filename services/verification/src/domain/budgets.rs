//! Budgets of messages: how many may go in how long, and which budgets a message consumes.
//!
//! A budget is a window that opens with the first message counted in it and closes a fixed time later. The instant it
//! closes is stored with the count, so expiry is a comparison with `now`. Budgets inside a tenant are consumed in the
//! step that writes the verification; those that cross tenants (destinations, networks) cannot be, and are reserved
//! before it.

use std::collections::BTreeMap;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::{Destination, PhoneNumber};

use super::route::{Route, Withheld};

/// At most `limit` messages in any window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) limit: u32,
    /// From the first message counted to the end of the window.
    pub(crate) length: Duration,
}

/// What a window has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WindowCount {
    pub(crate) used: u32,
    /// When the window closes, and the count with it.
    pub(crate) closes_at: Timestamp,
}

impl Window {
    pub(crate) const fn per_hour(limit: u32) -> Self {
        Self { limit, length: Duration::from_secs(3_600) }
    }

    pub(crate) const fn per_day(limit: u32) -> Self {
        Self { limit, length: Duration::from_secs(86_400) }
    }

    /// The count after so many more messages, or when the window closes if they do not fit. A window that closes later than
    /// one of its length would was opened by a clock that was ahead, and is over.
    pub(crate) fn count(
        self,
        messages: u32,
        count: Option<WindowCount>,
        now: Timestamp,
    ) -> Result<WindowCount, Timestamp> {
        let is_open = |count: &WindowCount| count.closes_at.is_ahead(self.length, now);
        let before =
            count.filter(is_open).unwrap_or(WindowCount { used: 0, closes_at: now.plus(self.length) });
        let used = before.used.saturating_add(messages);
        if used > self.limit { Err(before.closes_at) } else { Ok(WindowCount { used, ..before }) }
    }
}

/// What a budget inside a tenant counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub(crate) enum BudgetKind {
    /// Codes sent about one subject of one caller, to however many addresses.
    Subject,
    /// Those of them that were asked for at a place of the subject's own.
    FamiliarSubject,
    /// Messages of the tenant.
    Tenant,
    /// Text messages of the tenant to one country.
    Texts(Country),
    /// Decoys of the tenant. An exhausted one refuses nothing, which would show: the message is dropped.
    Decoys,
}

/// The country of a number as [`PhoneNumber::country`] tells it, 1 to 3 characters, padded with zero bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Country([u8; 3]);

impl Country {
    pub(crate) fn of(number: &PhoneNumber) -> Self {
        Self::from_text(&number.country())
    }

    /// Reads what [`Self::text`] wrote; other characters than it writes are left out.
    pub(crate) fn from_text(text: &str) -> Self {
        let mut country = [0; 3];
        let bytes = text.bytes().filter(u8::is_ascii_alphanumeric);
        country.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = byte);
        Self(country)
    }

    pub(crate) fn text(self) -> String {
        self.0.iter().take_while(|&&byte| byte != 0).map(|&byte| char::from(byte)).collect()
    }
}

/// One budget inside a tenant that sending a code consumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TenantBudget {
    pub(crate) kind: BudgetKind,
    /// How much of it: where messages are what is counted, one for each destination that gets one.
    pub(crate) cost: u32,
    pub(crate) window: Window,
}

impl TenantBudget {
    /// What is left to be counted where texts to these countries, one for each mention, do not go out. None where nothing is.
    pub(crate) fn without_texts(self, countries: &[Country]) -> Option<Self> {
        let unsent = match self.kind {
            BudgetKind::Tenant => countries.len(),
            BudgetKind::Texts(country) => countries.iter().filter(|unsent| **unsent == country).count(),
            BudgetKind::Subject | BudgetKind::FamiliarSubject | BudgetKind::Decoys => 0,
        };
        let cost = self.cost.saturating_sub(u32::try_from(unsent).unwrap_or(u32::MAX));
        (cost > 0).then_some(Self { cost, ..self })
    }
}

/// The windows of each budget, from the shortest to the longest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Per address in a tenant, whoever asked: nobody's mailbox is flooded through us.
    pub(crate) destination: Vec<Window>,
    /// Per address, whichever tenant asked.
    pub(crate) destination_of_all_tenants: Vec<Window>,
    /// Per network of the person asking.
    pub(crate) network: Vec<Window>,
    /// Per tenant, caller and the backend that asked it, for requests without a network.
    pub(crate) caller: Vec<Window>,
    /// Per subject and caller.
    pub(crate) subject: Vec<Window>,
    /// Per tenant.
    pub(crate) tenant: Vec<Window>,
    /// Text messages per tenant and country: the most that fraud can cost.
    pub(crate) texts: Vec<Window>,
    /// Decoys per tenant.
    pub(crate) decoys: Vec<Window>,
}

impl Limits {
    /// The budgets inside its tenant that sending a code once consumes. A decoy consumes its subject's budget, which its
    /// caller can see, and never the tenant's. The subject's budget is spent once however many addresses a code goes to:
    /// whoever holds several asks no more often. The tenant's and the country's count every message, and that to another channel
    /// whether it goes or not.
    pub(crate) fn tenant_budgets(&self, route: &Route, withheld: Withheld) -> Vec<TenantBudget> {
        let of = |kind, cost, windows: &[Window]| {
            windows.iter().map(move |&window| TenantBudget { kind, cost, window }).collect::<Vec<_>>()
        };
        let subject = if route.familiar { BudgetKind::FamiliarSubject } else { BudgetKind::Subject };
        let mut budgets = of(subject, 1, &self.subject);
        if route.decoy {
            budgets.extend(of(BudgetKind::Decoys, 1, &self.decoys));
            return budgets;
        }
        let (mut messages, mut texts) = (0, BTreeMap::new());
        for (_, destination) in route.without(withheld) {
            messages += 1;
            if let Destination::Phone(number) = destination {
                *texts.entry(Country::of(number)).or_default() += 1;
            }
        }
        budgets.extend(of(BudgetKind::Tenant, messages, &self.tenant));
        for (country, count) in texts {
            budgets.extend(of(BudgetKind::Texts(country), count, &self.texts));
        }
        budgets
    }
}

#[cfg(test)]
mod tests {
    use rekey_primitives::clock::CLOCK_SKEW;
    use rekey_primitives::contact::Channel;

    use super::*;
    use crate::domain::route::Destinations;

    const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);

    #[test]
    fn a_full_window_refuses_until_it_closes() {
        let window = Window::per_hour(2);
        let first = window.count(1, None, NOW).unwrap();
        let second = window.count(1, Some(first), NOW.plus(Duration::from_secs(60))).unwrap();

        assert_eq!(window.count(1, Some(second), NOW.plus(Duration::from_secs(3_599))), Err(first.closes_at));
        assert_eq!(window.count(1, Some(second), first.closes_at).map(|count| count.used), Ok(1));
    }

    #[test]
    fn a_window_that_a_clock_ahead_opened_is_over() {
        let window = Window::per_hour(1);
        let full = WindowCount { used: 1, closes_at: NOW.plus(window.length + CLOCK_SKEW) };
        let ahead = WindowCount { closes_at: full.closes_at.plus(Duration::from_micros(1)), ..full };

        assert_eq!(window.count(1, Some(full), NOW), Err(full.closes_at));
        assert_eq!(window.count(1, Some(ahead), NOW).map(|count| count.used), Ok(1));
    }

    #[test]
    fn a_limit_of_nothing_refuses_the_first() {
        assert!(Window::per_day(0).count(1, None, NOW).is_err());
    }

    #[test]
    fn messages_are_counted_whole_or_not_at_all() {
        let window = Window::per_hour(5);
        let three = window.count(3, None, NOW).unwrap();

        assert_eq!(window.count(3, Some(three), NOW), Err(three.closes_at));
        assert_eq!(window.count(2, Some(three), NOW).map(|count| count.used), Ok(5));
        assert!(window.count(6, None, NOW).is_err());
    }

    fn kinds(address: &str, decoy: bool) -> Vec<BudgetKind> {
        budgets(&[address], decoy, Withheld::default()).iter().map(|budget| budget.kind).collect()
    }

    fn budgets(addresses: &[&str], decoy: bool, withheld: Withheld) -> Vec<TenantBudget> {
        let one = |limit| vec![Window::per_hour(limit)];
        let limits = Limits {
            destination: one(1),
            destination_of_all_tenants: one(1),
            network: one(2),
            caller: one(3),
            subject: one(4),
            tenant: one(5),
            texts: one(6),
            decoys: one(7),
        };
        let channel = |text: &str| if text.starts_with('+') { Channel::Sms } else { Channel::Email };
        let destinations = addresses.iter().map(|text| Destination::parse(channel(text), text).unwrap());
        let destinations = Destinations::new(destinations.collect()).unwrap();
        let route = Route {
            destinations,
            fallback: None,
            locale: None,
            organisation: String::new(),
            transaction: None,
            decoy,
            familiar: false,
        };
        limits.tenant_budgets(&route, withheld)
    }

    #[test]
    fn a_tenant_and_a_country_pay_for_every_address_that_gets_a_message_and_a_subject_once() {
        let numbers = ["+4915112345642", "+4915112345643", "+12125550100", "+12125550101"];

        let spent = budgets(&numbers, false, Withheld::default().with(3));

        let costs: Vec<_> = spent.iter().map(|budget| (<&str>::from(budget.kind), budget.cost)).collect();
        assert_eq!(costs, [("subject", 1), ("tenant", 3), ("texts", 2), ("texts", 1)]);
        let decoy = budgets(&numbers, true, Withheld::default());
        assert!(decoy.iter().all(|budget| budget.cost == 1));
    }

    #[test]
    fn texts_that_do_not_go_out_cost_neither_the_tenant_nor_their_country() {
        let numbers = ["+4915112345642", "+4915112345643", "+12125550100"];
        let [germany, america] =
            [numbers[0], numbers[2]].map(|number| Country::of(&PhoneNumber::parse(number).unwrap()));
        let costs_without = |countries: &[Country]| -> Vec<_> {
            let spent = budgets(&numbers, false, Withheld::default());
            let left = spent.into_iter().filter_map(|budget| budget.without_texts(countries));
            left.map(|budget| (<&str>::from(budget.kind), budget.cost)).collect()
        };

        assert_eq!(costs_without(&[]), [("subject", 1), ("tenant", 3), ("texts", 2), ("texts", 1)]);
        assert_eq!(costs_without(&[germany]), [("subject", 1), ("tenant", 2), ("texts", 1), ("texts", 1)]);
        assert_eq!(costs_without(&[germany, america]), [("subject", 1), ("tenant", 1), ("texts", 1)]);
    }

    #[test]
    fn a_decoy_consumes_no_budget_of_its_tenant() {
        assert_eq!(kinds("anna@example.com", false), [BudgetKind::Subject, BudgetKind::Tenant]);
        assert_eq!(kinds("anna@example.com", true), [BudgetKind::Subject, BudgetKind::Decoys]);
        assert_eq!(kinds("+4915112345642", true), [BudgetKind::Subject, BudgetKind::Decoys]);
    }

    #[test]
    fn a_text_message_consumes_the_budget_of_its_country_too() {
        let germany = Country::of(&PhoneNumber::parse("+4915112345642").unwrap());

        assert_eq!(
            kinds("+4915112345642", false),
            [BudgetKind::Subject, BudgetKind::Tenant, BudgetKind::Texts(germany)]
        );
        assert_eq!(germany.text(), "DE");
    }
}
