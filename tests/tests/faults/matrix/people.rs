//! The load: people who reset their passwords again and again, by mail and by text message, and do everything twice at once that
//! may happen once.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use rekey_testing::{Mail, Taken, Text};
use rekey_tests::backend::Backend;
use rekey_tests::code_in;
use rekey_tests::person::Person;
use rekey_tests::waiting::eventually;
use rekey_wire::identity::v1::MethodKind;

use super::cell::Cell;
use super::reset;
use super::site::Site;

/// People who are at it at any moment: two cores hash no more at once.
const AT_ONCE: usize = 4;

/// How a person is reached.
#[derive(Debug, Clone)]
pub(super) enum Address {
    Mail(String),
    Phone(String),
}

/// What one person did, and what they know.
#[derive(Debug)]
pub(super) struct Diary {
    pub(super) person: Person,
    pub(super) address: Address,
    /// Passwords in the order they were set; the first is the one they were given.
    pub(super) passwords: Vec<String>,
    /// Passwords that the other one of two completions at once would have set.
    pub(super) unset: Vec<String>,
    /// Codes in the order they arrived.
    pub(super) codes: Vec<String>,
    /// How often a code was accepted to be sent.
    pub(super) sends: usize,
    /// Resets that came to nothing, and why.
    pub(super) void: Vec<String>,
    /// The access token of the session that is open.
    pub(super) session: String,
    /// Those of sessions that resets ended.
    pub(super) ended: Vec<String>,
}

/// What arrives anywhere.
pub(super) struct Post {
    mails: Vec<Taken<Mail>>,
    texts: Vec<Taken<Text>>,
}

/// Everybody.
pub(super) struct Crowd {
    pub(super) cell: Cell,
    pub(super) backend: Backend,
    pub(super) post: Post,
    people: Mutex<Vec<Diary>>,
    /// Two who wait for the end of the fault.
    waiting: Mutex<Vec<Diary>>,
    /// How often each was through.
    done: Vec<AtomicUsize>,
    is_over: AtomicBool,
}

impl Crowd {
    /// People with a mailbox or a phone in turn, signed in.
    pub(super) async fn gather(cell: Cell, site: &Site) -> Self {
        let mut people = Vec::new();
        for number in 0..AT_ONCE + 2 {
            people.push(Diary::begin(&site.backend, number).await);
        }
        let waiting = people.split_off(AT_ONCE);
        Self {
            cell,
            backend: site.backend.clone(),
            post: Post::of(site),
            done: people.iter().map(|_| AtomicUsize::new(0)).collect(),
            people: Mutex::new(people),
            waiting: Mutex::new(waiting),
            is_over: AtomicBool::new(false),
        }
    }

    /// People reset their passwords until this is through; what they did, and what it gives.
    pub(super) async fn live_through<T>(&self, work: impl Future<Output = T>) -> (Vec<Diary>, T) {
        let work = async {
            let given = work.await;
            self.is_over.store(true, Ordering::Relaxed);
            given
        };
        let people = std::mem::take(&mut *self.people.lock().unwrap());
        let living = people.into_iter().enumerate().map(async |(number, mut diary)| {
            while !self.is_over.load(Ordering::Relaxed) {
                if reset::go_through(self, &mut diary).await {
                    self.done[number].fetch_add(1, Ordering::Relaxed);
                }
            }
            diary
        });
        let (given, mut diaries) = tokio::join!(work, join_all(living));
        diaries.append(&mut self.waiting.lock().unwrap());
        (diaries, given)
    }

    /// Waits until everybody was through once more.
    pub(super) async fn go_on(&self) {
        let done = || self.done.iter().map(|done| done.load(Ordering::Relaxed)).collect::<Vec<_>>();
        let before = done();
        let went_on = async || done().iter().zip(&before).all(|(now, before)| now > before).then_some(());
        eventually("everybody gets through", went_on).await;
    }

    /// Those who waited reset their passwords, each once.
    pub(super) async fn get_in_again(&self) {
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap());
        let back = join_all(waiting.into_iter().map(async |mut diary| {
            while !reset::go_through(self, &mut diary).await {}
            diary
        }));
        let back = back.await;
        *self.waiting.lock().unwrap() = back;
    }
}

impl Diary {
    async fn begin(backend: &Backend, number: usize) -> Self {
        let name = format!("person-{number}");
        // Numbers that nobody has.
        let phone = format!("+121255501{number:02}");
        let has_phone = number % 2 == 1;
        let person = backend.person_with(&name, |new| {
            new.password = format!("seven quiet lanterns under snow {}", new.request_id);
            if has_phone {
                new.email_addresses.clear();
                new.phone_numbers = vec![phone.clone()];
            }
        });
        let person = person.await;
        let session = backend.access_token(&person.login, &person.password).await;
        Self {
            address: if has_phone { Address::Phone(phone) } else { Address::Mail(person.login.clone()) },
            passwords: vec![person.password.clone()],
            session: session.expect("the first password signs in"),
            person,
            unset: Vec::new(),
            codes: Vec::new(),
            sends: 0,
            void: Vec::new(),
            ended: Vec::new(),
        }
    }

    /// How many resets were acknowledged.
    pub(super) fn resets(&self) -> usize {
        self.passwords.len() - 1
    }

    /// The password that is theirs now.
    pub(super) fn password(&self) -> &str {
        self.passwords.last().expect("everybody was given one")
    }

    /// Everything that must stand on no disk.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &String> {
        self.passwords.iter().chain(&self.unset).chain(&self.codes)
    }
}

impl Address {
    /// The kind of the method by which it proves something.
    pub(super) const fn kind(&self) -> MethodKind {
        match self {
            Self::Mail(_) => MethodKind::Email,
            Self::Phone(_) => MethodKind::Phone,
        }
    }
}

impl Post {
    pub(super) fn of(site: &Site) -> Self {
        let (mails, texts) = site.deployment.ground.taken();
        Self { mails, texts }
    }

    /// Every mail, and every text message.
    pub(super) fn all(&self) -> (Vec<Mail>, Vec<Text>) {
        let mails = self.mails.iter().flat_map(Taken::so_far).collect();
        (mails, self.texts.iter().flat_map(Taken::so_far).collect())
    }

    /// The codes that were sent to an address.
    pub(super) fn codes_to(&self, address: &Address) -> BTreeSet<String> {
        let (mails, texts) = self.all();
        match address {
            Address::Mail(address) => {
                let theirs = mails.iter().filter(|mail| mail.recipients.contains(address));
                theirs.filter_map(|mail| code_in(mail.text.as_deref()?)).collect()
            }
            Address::Phone(number) => {
                let theirs = texts.iter().filter(|text| text.to == *number);
                theirs.filter_map(|text| code_in(&text.text)).collect()
            }
        }
    }

    /// A code that was sent to an address, as soon as there is one that is not among these.
    pub(super) async fn new_code(
        &self,
        address: &Address,
        known: &[String],
        patience: Duration,
    ) -> Option<String> {
        let look = async || self.codes_to(address).into_iter().find(|code| !known.contains(code));
        rekey_tests::waiting::within(patience, look).await
    }
}
