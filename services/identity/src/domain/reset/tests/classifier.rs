//! Whether what a reset shows tells accounts from logins that nobody has: a classifier is trained on one half of both and
//! judges the other. Where masks are shown it must be wrong nearly as often as a coin, where kinds are, exactly as often.
//!
//! Everything is drawn from fixed seeds. The figures stand in `docs/privacy-of-accounts.md`.

use std::collections::HashMap;

use rekey_primitives::contact::{EmailAddress, PhoneNumber};
use rekey_primitives::entropy::{Entropy, SeededEntropy, below};

use super::*;
use crate::domain::eligibility::in_offering_order;
use crate::domain::fixtures::entry;
use crate::domain::reset::offer;
use crate::domain::security_info::Holding;

/// Accounts, and as many logins that nobody has.
const LOGINS: usize = 200;
/// The most that a classifier may get right where masks are shown.
const BOUND: f64 = 0.6;

const FIRST: [&str; 16] = [
    "anna", "ben", "carla", "david", "emma", "felix", "greta", "hugo", "ida", "jonas", "klara", "lukas",
    "mia", "noah", "olga", "paul",
];
const LAST: [&str; 12] = [
    "adler", "blume", "conrad", "dietz", "ernst", "fuchs", "gross", "haas", "krause", "lang", "maurer",
    "vogt",
];
const PROVIDERS: [&str; 6] =
    ["gmail.example", "gmx.example", "outlook.example", "yahoo.example", "icloud.example", "web.example"];

/// A kind of tenant: makes a login, and what an account with that login holds.
type People = fn(&Draws) -> (String, Vec<Holding>);

struct Draws(SeededEntropy);

impl Draws {
    fn below(&self, bound: u64) -> usize {
        usize::try_from(below(&self.0, bound)).unwrap()
    }

    fn of<'a>(&self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len() as u64)]
    }

    fn chance(&self, percent: u64) -> bool {
        self.below(100) < usize::try_from(percent).unwrap()
    }

    fn seed(&self) -> Seed {
        let mut bytes = [0; 32];
        self.0.fill(&mut bytes);
        Seed::new(bytes)
    }

    fn mail(&self, local: &str, domain: &str) -> Holding {
        Holding::Email(EmailAddress::parse(&format!("{local}@{domain}")).unwrap())
    }

    fn private_mail(&self, name: &str, percent_same: u64) -> Holding {
        let local =
            if self.chance(percent_same) { name } else { self.of(&["sunny", "x", "tiger", "rock", "moon"]) };
        self.mail(local, self.of(&PROVIDERS))
    }

    fn phone(&self) -> Holding {
        let number = format!("+49151{:07}{:02}", self.below(10_000_000), self.below(100));
        Holding::Phone(PhoneNumber::parse(&number).unwrap())
    }
}

/// Everybody signs in with the address that codes go to.
fn mail_only(draws: &Draws) -> (String, Vec<Holding>) {
    let login = format!("{}.{}", draws.of(&FIRST), draws.of(&LAST));
    let work = draws.mail(&login, "acme.example");
    (format!("{login}@acme.example"), vec![work])
}

/// Some have a phone, some a private address, some both.
fn mail_and_phone(draws: &Draws) -> (String, Vec<Holding>) {
    let (first, last) = (draws.of(&FIRST), draws.of(&LAST));
    let mut held = vec![draws.mail(first, "acme.example")];
    if draws.chance(55) {
        held.push(draws.phone());
    }
    if draws.chance(25) {
        held.push(draws.private_mail(first, 70));
    }
    (format!("{first}.{last}@acme.example"), held)
}

/// Employees with numbers for logins and a phone first; a private address behind it for half of them.
fn phone_first(draws: &Draws) -> (String, Vec<Holding>) {
    let mut held = vec![draws.phone()];
    if draws.chance(50) {
        held.push(draws.private_mail(draws.of(&FIRST), 80));
    }
    if draws.chance(10) {
        held.push(draws.phone());
    }
    (format!("e{}", 10_000 + draws.below(80_000)), held)
}

/// Several firms under one roof: addresses of three domains and plain logins, each with its own ways.
fn several_domains(draws: &Draws) -> (String, Vec<Holding>) {
    let (first, last) = (draws.of(&FIRST), draws.of(&LAST));
    let initials = format!("{}{last}", &first[..1]);
    match draws.below(4) {
        0 => {
            let mut held = vec![draws.private_mail(&initials, 90)];
            if draws.chance(40) {
                held.insert(0, draws.phone());
            }
            (initials, held)
        }
        firm => {
            let domain = ["north.example", "south.example", "west.example"][firm - 1];
            let mut held = vec![draws.mail(first, domain)];
            if draws.chance(30) {
                held.push(draws.private_mail(first, 75));
            }
            if draws.chance(35) {
                held.push(draws.phone());
            }
            (format!("{first}.{last}@{domain}"), held)
        }
    }
}

/// What a stranger sees of one login, as features with names.
fn features(login: &Login, shown: &[(MethodKind, String)]) -> Vec<String> {
    let typed = login.as_str();
    let (local, domain) = typed.split_once('@').unwrap_or((typed, ""));
    let first = |text: &str| text.chars().next().unwrap_or('-');
    let kinds: Vec<&str> = shown.iter().map(|(kind, _)| kind.as_str()).collect();
    let mut found = vec![format!("count {}", kinds.len()), format!("kinds {kinds:?}")];
    let mut earlier: Option<(char, char)> = None;
    for (place, (kind, mask)) in shown.iter().enumerate() {
        found.push(format!("kind {place} {}", kind.as_str()));
        let Some((before, after)) = mask.split_once('@') else {
            let digits: String = mask.chars().filter(char::is_ascii_digit).collect();
            found.push(format!("digit {place} {}", digits.chars().last().unwrap_or('-')));
            continue;
        };
        let (one, other) = (first(before), first(after));
        let with_login = (one == first(local), other == first(domain));
        found.push(format!("local {place} {one}"));
        found.push(format!("domain {place} {other}"));
        found.push(format!("as login {place} {with_login:?}"));
        found.push(format!("as login and kinds {place} {with_login:?} {kinds:?}"));
        if let Some(earlier) = earlier {
            found.push(format!("as earlier {place} {} {}", one == earlier.0, other == earlier.1));
        }
        earlier = earlier.or(Some((one, other)));
    }
    found
}

/// Naive Bayes with add-one smoothing: what each feature says for an account.
struct Classifier<'a> {
    evidence: HashMap<&'a str, f64>,
}

impl<'a> Classifier<'a> {
    fn taught_by(logins: &[&'a (bool, Vec<String>)]) -> Self {
        let mut counts: HashMap<&str, [f64; 2]> = HashMap::new();
        for (is_account, features) in logins {
            for feature in features {
                counts.entry(feature).or_default()[usize::from(*is_account)] += 1.0;
            }
        }
        // As many of both taught it, so their number falls out.
        let evidence = |[unknown, known]: [f64; 2]| (known + 1.0).ln() - (unknown + 1.0).ln();
        Self { evidence: counts.into_iter().map(|(feature, counts)| (feature, evidence(counts))).collect() }
    }

    fn is_rather_an_account(&self, features: &[String]) -> bool {
        features.iter().filter_map(|feature| self.evidence.get(feature.as_str())).sum::<f64>() > 0.0
    }
}

/// The share that the classifier gets right, each half judged by what the other taught.
fn share_right(logins: &[(bool, Vec<String>)]) -> f64 {
    let halves: [Vec<_>; 2] = [0, 1].map(|half| logins.iter().skip(half).step_by(2).collect());
    let right = |teaching: usize| {
        let classifier = Classifier::taught_by(&halves[teaching]);
        let judged = halves[1 - teaching].iter();
        judged.filter(|(is, features)| classifier.is_rather_an_account(features) == *is).count()
    };
    (right(0) + right(1)) as f64 / logins.len() as f64
}

/// Accounts and unknown logins of a kind of tenant, as its resets show them; accounts first.
fn shown_by(people: People, number: u64, policy: &Policy) -> Vec<(bool, Vec<String>)> {
    let draws = Draws(SeededEntropy::new(number));
    let accounts: Vec<Account> = (0..LOGINS).map(|_| account_of(&draws, people)).collect();
    let in_order = |account| in_offering_order(account, policy);
    let shares = Shares::of(accounts.iter().map(|account| (account, in_order(account))));
    let tenant = tenant();
    let shown = |login: &Login, account: Option<&Account>| {
        let seed = draws.seed();
        let basis = OfferBasis { seed: &seed, login, tenant: &tenant, policy, shares: &shares };
        let offer = account.map_or_else(|| basis.for_nobody(), |one| basis.for_account(&judged(one, policy)));
        let held = account.map_or(&[][..], |account| &account.security_info);
        let masks = offer.iter().map(|(_, one)| (one.kind, offer::mask(one, held, &seed)));
        (account.is_some(), features(login, &masks.collect::<Vec<_>>()))
    };
    let known = accounts.iter().map(|account| shown(&account.logins[0], Some(account)));
    let mut all: Vec<_> = known.collect();
    for _ in 0..LOGINS {
        let login = Login::parse(&people(&draws).0).unwrap();
        all.push(shown(&login, None));
    }
    all
}

fn account_of(draws: &Draws, people: People) -> Account {
    let (login, held) = people(draws);
    // Methods are shown by kind unless one is the default: the first is.
    let entries = held
        .into_iter()
        .zip(1..)
        .map(|(holding, number)| SecurityInfo { is_default: number == 1, ..entry(number, holding) });
    Account { logins: vec![Login::parse(&login).unwrap()], ..holding(entries.collect()) }
}

const TENANTS: [(&str, People); 4] = [
    ("mail only, addresses as logins", mail_only),
    ("mail and phone, addresses as logins", mail_and_phone),
    ("phone first, numbers as logins", phone_first),
    ("several domains, addresses and plain logins", several_domains),
];

#[test]
fn where_masks_are_shown_a_trained_classifier_is_little_better_than_a_coin() {
    for (name, people) in TENANTS {
        let shares: Vec<f64> =
            (1..=5).map(|number| share_right(&shown_by(people, number, &masked()))).collect();

        let mean = shares.iter().sum::<f64>() / shares.len() as f64;

        assert!(shares.iter().all(|share| *share < BOUND), "{name}: {mean:.3} of {shares:.3?}");
    }
}

#[test]
fn where_kinds_are_offered_it_is_a_coin() {
    for (name, people) in TENANTS {
        let logins = shown_by(people, 1, &Policy::default());

        assert!(logins.iter().all(|(_, features)| *features == logins[0].1), "{name}");
        assert!((share_right(&logins) - 0.5).abs() < f64::EPSILON, "{name}");
    }
}

#[test]
fn the_classifier_tells_decoys_that_look_like_no_account_here() {
    // Drawn from accounts of another tenant, it is right nearly always.
    let draws = Draws(SeededEntropy::new(1));
    let elsewhere: Vec<Account> = (0..LOGINS).map(|_| account_of(&draws, mail_only)).collect();
    let wrong = Shares::of(elsewhere.iter().map(|one| (one, one.security_info.iter().collect())));
    let (tenant, policy) = (tenant(), masked());
    let mut logins = shown_by(phone_first, 1, &policy);
    logins.truncate(LOGINS);
    for _ in 0..LOGINS {
        let (login, seed) = (Login::parse(&phone_first(&draws).0).unwrap(), draws.seed());
        let basis =
            OfferBasis { seed: &seed, login: &login, tenant: &tenant, policy: &policy, shares: &wrong };
        let offer = basis.for_nobody();
        let masks: Vec<_> = offer.iter().map(|(_, one)| (one.kind, offer::mask(one, &[], &seed))).collect();
        logins.push((false, features(&login, &masks)));
    }

    assert!(share_right(&logins) > 0.9);
}
