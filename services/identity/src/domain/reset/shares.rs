//! What a tenant's accounts look like to somebody who starts their resets: a coarse table of shares, and decoys drawn from it.
//!
//! It counts, for logins that are addresses and for plain ones, which methods accounts show in which order, how the first
//! letters of their addresses go with those of the login and of the address before, and which letters there are otherwise.
//! It is counted rarely, of accounts by age, so that whoever creates accounts by the thousand does not shape it. A decoy is a
//! draw from it by the login's own seed: as long as the table stands it is always the same, and where shares move a little,
//! few decoys move.

use std::collections::BTreeMap;

use rekey_primitives::contact::Destination;
use rekey_primitives::login::Login;
use rekey_primitives::method::MethodKind;
use serde::{Deserialize, Serialize};

use super::decoy::{Look, Seed};
use super::offer::{OFFERED_MAX, fitting};
use crate::domain::account::Account;
use crate::domain::policy::ResetRules;
use crate::domain::security_info::{SecurityInfo, most_of};
use crate::domain::tenant::Tenant;

/// The most accounts that a table counts. Enough for shares of a percent, and read in milliseconds.
pub(crate) const ACCOUNTS_MAX: u32 = 1_000;
/// With fewer accounts a table would show them one by one: then decoys look as accounts do elsewhere.
const ACCOUNTS_MIN: u32 = 20;

/// The first letters of most people's names, where a table knows none.
const NAMES: &[u8] = b"aabcdejjklmmnprsst";
/// The first letters of the large providers of mail.
const PROVIDERS: &[u8] = b"gggoyhiw";

/// The table of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Shares {
    /// Of logins that are addresses.
    addresses: FormShares,
    /// Of other logins.
    plain: FormShares,
}

/// Shares among logins of one form. Every number is a count of logins or of their addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct FormShares {
    logins: u32,
    /// By the kinds of methods in their order, such as `email,phone`.
    patterns: BTreeMap<String, u32>,
    /// Of the first address, and of those after it.
    mails: [MailShares; 2],
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct MailShares {
    /// What the letter before the `@` and the one after it go with: rows and columns as [`Relation`].
    relations: [[u32; 3]; 3],
    /// Letters that go with nothing.
    locals: BTreeMap<char, u32>,
    domains: BTreeMap<char, u32>,
}

/// What a letter goes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    /// The login's.
    Login,
    /// That of the first address shown.
    First,
    Other,
}

/// The first letters of an address: before the `@` and after it. None where a letter is neither a plain one nor a digit.
type Letters = [Option<u8>; 2];

/// What decoys of one login are drawn by.
#[derive(Clone, Copy)]
pub(super) struct Draw<'a> {
    pub(super) seed: &'a Seed,
    pub(super) login: &'a Login,
    pub(super) tenant: &'a Tenant,
    pub(super) rules: &'a ResetRules,
}

impl Shares {
    /// Counts accounts, each with what it would show.
    pub(crate) fn of<'a>(accounts: impl IntoIterator<Item = (&'a Account, Vec<&'a SecurityInfo>)>) -> Self {
        let mut shares = Self::default();
        for (account, shown) in accounts {
            for login in account.logins.iter().filter(|_| !shown.is_empty()) {
                shares.form_mut(login).count(login, &shown);
            }
        }
        shares
    }

    /// Both tables as one.
    #[cfg(test)]
    pub(super) fn plus(self, other: &Self) -> Self {
        Self { addresses: self.addresses.plus(&other.addresses), plain: self.plain.plus(&other.plain) }
    }

    fn form_mut(&mut self, login: &Login) -> &mut FormShares {
        if login.as_str().contains('@') { &mut self.addresses } else { &mut self.plain }
    }

    /// The shares that a login is drawn from: those of its form, of both forms where too few have it, or of accounts
    /// elsewhere.
    fn of_login(&self, login: &Login) -> FormShares {
        let of_form = if login.as_str().contains('@') { &self.addresses } else { &self.plain };
        let both = || self.addresses.clone().plus(&self.plain);
        [of_form.clone(), both()]
            .into_iter()
            .find(|shares| shares.logins >= ACCOUNTS_MIN)
            .unwrap_or_else(FormShares::elsewhere)
    }

    /// The decoys of a login that has nothing to show.
    pub(super) fn decoys(&self, draw: &Draw<'_>) -> Vec<(MethodKind, Look)> {
        let shares = self.of_login(draw.login);
        let kinds = shares.draw_kinds(draw);
        let mut first: Option<Letters> = None;
        let mut decoys = Vec::with_capacity(kinds.len());
        for (kind, place) in kinds.into_iter().zip(0_u64..) {
            let letters = shares.mails[usize::from(first.is_some())].draw(draw, first, 16 * (place + 1));
            if kind == MethodKind::Email && first.is_none() {
                first = Some(letters.map(Some));
            }
            let digits = draw.seed.choice(16 * (place + 1) + 15);
            let digit = |digits: u64| b'0' + u8::try_from(digits % 10).unwrap_or(0);
            decoys.push((kind, Look::new(letters[0], letters[1], [digit(digits), digit(digits / 10)])));
        }
        decoys
    }
}

impl FormShares {
    /// How accounts look that nobody counted: mail first, a phone beside it for some.
    fn elsewhere() -> Self {
        let patterns = [("email", 55), ("email,phone", 30), ("email,email", 8), ("phone,email", 7)];
        let first = [[70, 0, 20], [0, 0, 0], [0, 0, 10]];
        let later = [[10, 0, 60], [0, 0, 10], [0, 0, 20]];
        Self {
            logins: 100,
            patterns: patterns.map(|(kinds, share)| (kinds.to_owned(), share)).into(),
            mails: [first, later].map(|relations| MailShares { relations, ..MailShares::default() }),
        }
    }

    fn count(&mut self, login: &Login, shown: &[&SecurityInfo]) {
        self.logins += 1;
        let kinds: Vec<&str> = fitting(shown.to_vec()).iter().map(|entry| entry.kind().as_str()).collect();
        *self.patterns.entry(kinds.join(",")).or_default() += 1;
        let login = letters_of(login.as_str());
        let mut first: Option<Letters> = None;
        for entry in shown {
            let Some(Destination::Email(address)) = entry.destination() else { continue };
            let letters = letters_of(address.as_str());
            self.mails[usize::from(first.is_some())].count(letters, login, first);
            first = first.or(Some(letters));
        }
    }

    fn plus(mut self, other: &Self) -> Self {
        self.logins += other.logins;
        for (pattern, count) in &other.patterns {
            *self.patterns.entry(pattern.clone()).or_default() += count;
        }
        for (mails, others) in self.mails.iter_mut().zip(&other.mails) {
            mails.add(others);
        }
        self
    }

    /// Kinds in an order that accounts have, as far as today's policy lets them: of kinds that it allows, and as many as it
    /// asks for.
    fn draw_kinds(&self, draw: &Draw<'_>) -> Vec<MethodKind> {
        let fitting = |shares: &Self| -> BTreeMap<Vec<MethodKind>, u32> {
            let mut fitting = BTreeMap::new();
            for (pattern, count) in &shares.patterns {
                let mut kinds: Vec<_> = pattern.split(',').filter_map(MethodKind::parse).collect();
                kinds.retain(|kind| draw.rules.allowed_methods.contains(kind));
                if kinds.len() >= usize::from(draw.rules.proofs_required) {
                    *fitting.entry(kinds).or_default() += count;
                }
            }
            fitting
        };
        let patterns = [fitting(self), fitting(&Self::elsewhere())];
        let drawn = patterns.iter().find_map(|patterns| pick(patterns, draw.seed.choice(0)));
        drawn.cloned().unwrap_or_else(|| as_many_as_asked(draw.rules))
    }
}

/// Where nobody has what policy asks for: its kinds in turn.
fn as_many_as_asked(rules: &ResetRules) -> Vec<MethodKind> {
    let kinds = rules.allowed_methods.iter().copied();
    let in_turn = (0..OFFERED_MAX).flat_map(|turn| kinds.clone().filter(move |kind| turn < most_of(*kind)));
    in_turn.take(usize::from(rules.proofs_required)).collect()
}

impl MailShares {
    fn count(&mut self, letters: Letters, login: Letters, first: Option<Letters>) {
        let first = first.unwrap_or_default();
        let [local, domain] = [0, 1].map(|part| relation(letters[part], login[part], first[part]));
        self.relations[local as usize][domain as usize] += 1;
        for (part, relation, counts) in [(0, local, &mut self.locals), (1, domain, &mut self.domains)] {
            if let (Relation::Other, Some(letter)) = (relation, letters[part]) {
                *counts.entry(char::from(letter)).or_default() += 1;
            }
        }
    }

    fn add(&mut self, other: &Self) {
        for (row, others) in self.relations.iter_mut().zip(&other.relations) {
            row.iter_mut().zip(others).for_each(|(count, more)| *count += more);
        }
        for (counts, others) in [(&mut self.locals, &other.locals), (&mut self.domains, &other.domains)] {
            for (letter, count) in others {
                *counts.entry(*letter).or_default() += count;
            }
        }
    }

    /// Letters of an address; `choices` is the first of the numbers of its choices.
    fn draw(&self, draw: &Draw<'_>, first: Option<Letters>, choices: u64) -> [u8; 2] {
        let (login, first) = (letters_of(draw.login.as_str()), first.unwrap_or_default());
        let relations: BTreeMap<(usize, usize), u32> =
            (0..9).map(|cell| ((cell / 3, cell % 3), self.relations[cell / 3][cell % 3])).collect();
        let (local, domain) = pick(&relations, draw.seed.choice(choices)).copied().unwrap_or((2, 2));
        let names = || NAMES.iter().map(|letter| (char::from(*letter), 1));
        let own_domains = draw.tenant.domains.iter().filter_map(|domain| domain.as_str().chars().next());
        let domains = PROVIDERS.iter().map(|letter| (char::from(*letter), 1));
        let domains = own_domains.map(|letter| (letter, 4)).chain(domains);
        let [local_choice, domain_choice] = [1, 2].map(|number| draw.seed.choice(choices + number));
        [
            letter(local, [login[0], first[0]], [self.locals.clone(), counted(names())], local_choice),
            letter(domain, [login[1], first[1]], [self.domains.clone(), counted(domains)], domain_choice),
        ]
    }
}

/// A letter that goes with what it was drawn to go with; where there is none of that, or it goes with nothing, one of those
/// counted, or else of those assumed.
fn letter(relation: usize, given: [Option<u8>; 2], letters: [BTreeMap<char, u32>; 2], choice: u64) -> u8 {
    if let Some(letter) = given.get(relation).copied().flatten() {
        return letter;
    }
    let is_free = |letter: &char| u8::try_from(*letter).is_ok_and(|letter| !given.contains(&Some(letter)));
    let free = letters.map(|mut letters| {
        letters.retain(|letter, _| letter.is_ascii_alphanumeric() && is_free(letter));
        letters
    });
    let drawn = free.iter().find_map(|letters| pick(letters, choice));
    drawn.and_then(|letter| u8::try_from(*letter).ok()).unwrap_or(b'm')
}

fn counted(letters: impl Iterator<Item = (char, u32)>) -> BTreeMap<char, u32> {
    let mut counts = BTreeMap::new();
    for (letter, count) in letters {
        *counts.entry(letter).or_default() += count;
    }
    counts
}

fn relation(letter: Option<u8>, login: Option<u8>, first: Option<u8>) -> Relation {
    match letter {
        Some(_) if letter == login => Relation::Login,
        Some(_) if letter == first => Relation::First,
        _ => Relation::Other,
    }
}

/// The first letters of an address or a login, in lower case; a plain login has but one.
fn letters_of(text: &str) -> Letters {
    let first = |part: &str| {
        let letter = part.bytes().next().map(|byte| byte.to_ascii_lowercase());
        letter.filter(u8::is_ascii_alphanumeric)
    };
    match text.rsplit_once('@') {
        Some((local, domain)) => [first(local), first(domain)],
        None => [first(text), None],
    }
}

/// The one that the choice falls on, each by its share; none where nothing was counted. The order is fixed and a choice is a
/// fraction of the whole, so that a small change of shares moves few choices.
fn pick<T: Ord>(shares: &BTreeMap<T, u32>, choice: u64) -> Option<&T> {
    let whole: u64 = shares.values().copied().map(u64::from).sum();
    let mut left = (u128::from(choice) * u128::from(whole)) >> 64;
    shares.iter().find_map(|(one, share)| {
        let share = u128::from(*share);
        if left < share {
            return Some(one);
        }
        left -= share;
        None
    })
}
