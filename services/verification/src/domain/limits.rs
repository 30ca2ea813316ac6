//! How often is too often: budgets of messages, and failures in a row.
//!
//! A budget is a window that opens with the first message counted in it and closes a fixed time later; the
//! instant it closes is kept with the count, so expiry is a comparison with `now`. Budgets of one tenant are
//! spent in the step that writes the verification; those that cross tenants (destinations, networks) cannot be,
//! and are reserved before it. The window of failures slides: a fixed one would let nearly twice as many guesses
//! through around its end.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::{Destination, PhoneNumber};

use super::route::Route;

/// So many in so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// The most that may be counted.
    pub(crate) limit: u32,
    /// From the first one counted to the end of the window.
    pub(crate) length: Duration,
}

/// What a window has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    /// So many.
    pub(crate) spent: u32,
    /// When the window closes and this is worth nothing.
    pub(crate) until: Timestamp,
}

impl Window {
    /// So many an hour.
    pub(crate) const fn per_hour(limit: u32) -> Self {
        Self { limit, length: Duration::from_secs(3_600) }
    }

    /// So many a day.
    pub(crate) const fn per_day(limit: u32) -> Self {
        Self { limit, length: Duration::from_secs(86_400) }
    }

    /// The count after one more; the end of the window, if it is full.
    pub(crate) fn after_one(self, counted: Option<Count>, now: Timestamp) -> Result<Count, Timestamp> {
        match counted.filter(|count| !now.has_reached(count.until)) {
            Some(count) if count.spent >= self.limit => Err(count.until),
            Some(count) => Ok(Count { spent: count.spent + 1, ..count }),
            None if self.limit == 0 => Err(now.plus(self.length)),
            None => Ok(Count { spent: 1, until: now.plus(self.length) }),
        }
    }
}

/// Whose budget a message spends inside a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Payer {
    /// The subject, per caller.
    Subject,
    /// The tenant.
    Tenant,
    /// The tenant, for text messages to one country.
    Texts(Country),
    /// The tenant's share of decoys. Running dry is not refused, which would show: nothing is handed over.
    Decoys,
}

impl Payer {
    /// The word for it in stores.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Tenant => "tenant",
            Self::Texts(_) => "texts",
            Self::Decoys => "decoys",
        }
    }
}

/// An ITU country code without the plus sign, 1 to 3 digits, padded with zero bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Country([u8; 3]);

impl Country {
    /// The country a number is dialled in.
    pub(crate) fn of(number: &PhoneNumber) -> Self {
        let mut code = [0; 3];
        code.iter_mut().zip(number.country_code().bytes()).for_each(|(place, digit)| *place = digit);
        Self(code)
    }

    /// The digits.
    pub(crate) fn digits(self) -> String {
        self.0.iter().take_while(|&&digit| digit != 0).map(|&digit| char::from(digit)).collect()
    }
}

/// One budget that a message spends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spend {
    /// Whose.
    pub(crate) payer: Payer,
    /// Which of the payer's windows.
    pub(crate) window: Window,
}

/// The budgets, each list from the shortest window to the longest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Per address, whoever asked: nobody's mailbox is flooded through us.
    pub(crate) destination: Vec<Window>,
    /// Per network of the person asking.
    pub(crate) network: Vec<Window>,
    /// Per caller, for requests without an address of the person.
    pub(crate) caller: Vec<Window>,
    /// Per subject and caller.
    pub(crate) subject: Vec<Window>,
    /// Per tenant.
    pub(crate) tenant: Vec<Window>,
    /// Text messages per tenant and country: what a fraud can cost at most.
    pub(crate) texts: Vec<Window>,
    /// Decoys per tenant.
    pub(crate) decoys: Vec<Window>,
}

impl Limits {
    /// What one message spends inside its tenant. A decoy spends its subject's budget, which its caller can see,
    /// and never the tenant's.
    pub(crate) fn spends(&self, route: &Route) -> Vec<Spend> {
        let of = |payer, windows: &[Window]| {
            windows.iter().map(move |&window| Spend { payer, window }).collect::<Vec<_>>()
        };
        let mut spends = of(Payer::Subject, &self.subject);
        if route.decoy {
            spends.extend(of(Payer::Decoys, &self.decoys));
            return spends;
        }
        spends.extend(of(Payer::Tenant, &self.tenant));
        if let Destination::Phone(number) = &route.destination {
            spends.extend(of(Payer::Texts(Country::of(number)), &self.texts));
        }
        spends
    }
}

/// When failures in a row pause and stop a subject, for callers that keep no count of their own. NIST SP 800-63B
/// 3.2.2 asks for a stop at 100 at the latest; a new code never resets the count (3.1.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FailureRule {
    /// Failures within any stretch as long as the window that pause.
    pub(crate) pause_at: u32,
    /// The window; a pause lasts until the oldest failure that made it is so old.
    pub(crate) pause_window: Duration,
    /// Failures in a row, over whatever time, that stop until somebody releases the subject.
    pub(crate) stop_at: u32,
}

/// Failures in a row of a subject for one purpose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Failures {
    /// Since the last right code or release.
    pub(crate) in_a_row: u32,
    /// When the latest of these were, oldest first: as many as pause, and no more.
    pub(crate) latest: Vec<Timestamp>,
}

/// After so many windows without a failure a count that does not stop may be forgotten where memory is short. Seven
/// days as shipped: made-up subjects that fail for as long, at all the messages a tenant may send, still find room.
const QUIET_WINDOWS: u32 = 7;

/// Whether a subject may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It may.
    Free,
    /// Not before this instant.
    Paused(Timestamp),
    /// Not before somebody releases it.
    Stopped,
}

impl FailureRule {
    /// Judges what was counted.
    pub(crate) fn standing(&self, failures: &Failures, now: Timestamp) -> Standing {
        if failures.in_a_row >= self.stop_at {
            return Standing::Stopped;
        }
        match self.paused_until(failures).filter(|until| !now.has_reached(*until)) {
            Some(until) => Standing::Paused(until),
            None => Standing::Free,
        }
    }

    /// When the oldest of as many failures as pause leaves the window; none if there were fewer.
    fn paused_until(&self, failures: &Failures) -> Option<Timestamp> {
        let place = failures.latest.len().checked_sub(self.pause_at as usize)?;
        Some(failures.latest.get(place)?.plus(self.pause_window))
    }

    /// Whether they may be forgotten: they do not stop the subject, and have not paused it for long.
    pub(crate) fn is_over(&self, failures: &Failures, now: Timestamp) -> bool {
        let quiet = self.pause_window.saturating_mul(QUIET_WINDOWS);
        failures.in_a_row < self.stop_at
            && failures.latest.last().is_none_or(|last| now.has_reached(last.plus(quiet)))
    }

    /// The failures after one more. One noted by a clock that is behind is dated like the one before it.
    pub(crate) fn after_one(&self, failures: &Failures, now: Timestamp) -> Failures {
        let at = failures.latest.last().map_or(now, |last| now.max(*last));
        let too_many = (failures.latest.len() + 1).saturating_sub(self.pause_at as usize);
        let latest = failures.latest.iter().copied().chain([at]).skip(too_many).collect();
        Failures { in_a_row: failures.in_a_row.saturating_add(1), latest }
    }
}

#[cfg(test)]
mod tests {
    use rekey_primitives::contact::Channel;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);
    const RULE: FailureRule =
        FailureRule { pause_at: 10, pause_window: Duration::from_secs(86_400), stop_at: 100 };

    fn failed(times: u32, from: Failures, now: Timestamp) -> Failures {
        (0..times).fold(from, |failures, _| RULE.after_one(&failures, now))
    }

    #[test]
    fn a_full_window_refuses_until_it_closes() {
        let window = Window::per_hour(2);
        let first = window.after_one(None, NOW).unwrap();
        let second = window.after_one(Some(first), NOW.plus(Duration::from_secs(60))).unwrap();

        assert_eq!(window.after_one(Some(second), NOW.plus(Duration::from_secs(3_599))), Err(first.until));
        assert_eq!(window.after_one(Some(second), first.until).map(|count| count.spent), Ok(1));
    }

    #[test]
    fn a_limit_of_nothing_refuses_the_first() {
        assert!(Window::per_day(0).after_one(None, NOW).is_err());
    }

    fn payers(address: &str, decoy: bool) -> Vec<Payer> {
        let one = |limit| vec![Window::per_hour(limit)];
        let limits = Limits {
            destination: one(1),
            network: one(2),
            caller: one(3),
            subject: one(4),
            tenant: one(5),
            texts: one(6),
            decoys: one(7),
        };
        let channel = if address.starts_with('+') { Channel::Sms } else { Channel::Email };
        let destination = Destination::parse(channel, address).unwrap();
        let route = Route { destination, locale: None, organisation: String::new(), decoy };
        limits.spends(&route).iter().map(|spend| spend.payer).collect()
    }

    #[test]
    fn a_decoy_spends_no_budget_of_its_tenant() {
        assert_eq!(payers("anna@example.com", false), [Payer::Subject, Payer::Tenant]);
        assert_eq!(payers("anna@example.com", true), [Payer::Subject, Payer::Decoys]);
        assert_eq!(payers("+4915112345642", true), [Payer::Subject, Payer::Decoys]);
    }

    #[test]
    fn a_text_message_spends_the_budget_of_its_country_too() {
        let germany = Country::of(&PhoneNumber::parse("+4915112345642").unwrap());

        assert_eq!(payers("+4915112345642", false), [Payer::Subject, Payer::Tenant, Payer::Texts(germany)]);
        assert_eq!(germany.digits(), "49");
    }

    #[test]
    fn ten_failures_pause_until_the_oldest_leaves_the_window() {
        let nine = failed(9, Failures::default(), NOW);
        let ten = RULE.after_one(&nine, NOW.plus(Duration::from_secs(60)));
        let end = NOW.plus(RULE.pause_window);

        assert_eq!(RULE.standing(&nine, NOW), Standing::Free);
        assert_eq!(RULE.standing(&ten, NOW), Standing::Paused(end));
        assert_eq!(RULE.standing(&ten, end), Standing::Free);
    }

    #[test]
    fn no_stretch_as_long_as_the_window_holds_more_than_ten_failures() {
        let evening = NOW.plus(Duration::from_secs(86_100));
        let next_day = NOW.plus(RULE.pause_window);
        let nine = failed(8, failed(1, Failures::default(), NOW), evening);
        let eleven = failed(2, nine, next_day);

        assert_eq!(RULE.standing(&eleven, next_day), Standing::Paused(evening.plus(RULE.pause_window)));
        assert_eq!((eleven.in_a_row, eleven.latest.len()), (11, 10));
    }

    #[test]
    fn a_failure_noted_by_a_clock_that_is_behind_leaves_the_window_no_earlier() {
        let nine = failed(9, Failures::default(), NOW);
        let ten = RULE.after_one(&nine, NOW.minus(Duration::from_secs(60)));

        assert_eq!(ten.latest, [NOW; 10]);
    }

    #[test]
    fn failures_are_over_after_seven_quiet_windows_unless_they_stop() {
        let week = RULE.pause_window * 7;
        let one = failed(1, Failures::default(), NOW);
        let hundred = failed(100, Failures::default(), NOW);

        assert!(!RULE.is_over(&one, NOW.plus(week).minus(Duration::from_micros(1))));
        assert!(RULE.is_over(&one, NOW.plus(week)));
        assert!(!RULE.is_over(&hundred, NOW.plus(week * 100)));
    }

    #[test]
    fn a_hundred_in_a_row_stop_for_good() {
        let mut failures = Failures::default();
        for day in 0..10 {
            failures = failed(10, failures, NOW.plus(RULE.pause_window * day));
        }

        assert_eq!(failures.in_a_row, 100);
        assert_eq!(RULE.standing(&failures, NOW.plus(RULE.pause_window * 400)), Standing::Stopped);
    }
}
