use argon2::PasswordVerifier;
use password_hash::phc::PasswordHash;
use rekey_primitives::entropy::SeededEntropy;
use secrecy::ExposeSecret;

use super::*;

const PLENTY: Duration = Duration::from_secs(60);

/// A hasher at a cost that makes tests quick; patience is not what they are about.
fn hasher(threads: usize, queue_max: usize) -> Hasher {
    let cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
    let settings = Settings { threads, cost, queue_max, patience_ms: 60_000, ..Settings::default() };
    Hasher::start(&settings, Arc::new(SeededEntropy::new(7))).unwrap()
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

#[test]
fn one_core_is_left_free_unless_there_is_but_one() {
    let threads = [1, 2, 3, 64].map(|cores| leaving_a_core(NonZeroUsize::new(cores).unwrap()).get());

    assert_eq!(threads, [1, 1, 2, 63]);
}

#[tokio::test]
async fn threads_that_are_named_are_taken_as_they_are() {
    let cores = granted_cores().unwrap();

    let named = hasher(cores.get() + 1, 8);
    let by_default = hasher(0, 8);

    assert_eq!(named.threads(), cores.get() + 1);
    assert_eq!(by_default.threads(), leaving_a_core(cores).get());
}

#[tokio::test]
async fn a_password_matches_its_own_hash_and_no_other_does() {
    let hasher = hasher(1, 8);
    let phc = hasher.hash(&secret("correct horse"), PLENTY).await.unwrap();

    let right = hasher.verify(&phc, &secret("correct horse"), PLENTY).await.unwrap();
    let wrong = hasher.verify(&phc, &secret("battery staple"), PLENTY).await.unwrap();

    assert_eq!(right, Verdict { matches: true, outdated: false });
    assert_eq!(wrong, Verdict { matches: false, outdated: false });
}

#[tokio::test]
async fn two_hashes_of_one_password_differ() {
    let hasher = hasher(1, 8);

    let first = hasher.hash(&secret("correct horse"), PLENTY).await.unwrap();
    let second = hasher.hash(&secret("correct horse"), PLENTY).await.unwrap();

    assert_ne!(first.expose_secret(), second.expose_secret());
}

#[tokio::test]
async fn argon2s_own_verifier_agrees_at_the_default_cost() {
    let settings = Settings { threads: 1, patience_ms: 60_000, ..Settings::default() };
    let hasher = Hasher::start(&settings, Arc::new(SeededEntropy::new(7))).unwrap();

    let phc = hasher.hash(&secret("correct horse"), PLENTY).await.unwrap();
    let read = PasswordHash::new(phc.expose_secret()).unwrap();

    assert!(argon2::Argon2::default().verify_password(b"correct horse", &read).is_ok());
    assert!(argon2::Argon2::default().verify_password(b"battery staple", &read).is_err());
}

#[tokio::test]
async fn a_hash_of_another_cost_matches_and_is_outdated() {
    let other = Cost { memory_kib: 256, passes: 2, lanes: 2 };
    let settings = Settings { threads: 1, cost: other, patience_ms: 60_000, ..Settings::default() };
    let elsewhere = Hasher::start(&settings, Arc::new(SeededEntropy::new(7))).unwrap();
    let phc = elsewhere.hash(&secret("correct horse"), PLENTY).await.unwrap();

    let verdict = hasher(1, 8).verify(&phc, &secret("correct horse"), PLENTY).await.unwrap();

    assert_eq!(verdict, Verdict { matches: true, outdated: true });
}

#[tokio::test]
async fn a_stored_hash_of_another_scheme_is_no_wrong_password_and_costs_no_hash() {
    let md5 = secret("$1$abcdefgh$ABCDEFGHIJKLMNOPQRSTU.");

    // There is no room for any.
    let refused = hasher(1, 0).verify(&md5, &secret("any"), PLENTY).await;

    assert!(matches!(refused, Err(NotHashed::Unreadable(_))));
}

#[tokio::test]
async fn no_time_left_is_said_at_once() {
    let refused = hasher(1, 8).decoy(&secret("any"), Duration::from_millis(1)).await;

    assert!(
        matches!(refused, Err(NotHashed::Busy { retry_after }) if retry_after >= Duration::from_millis(100))
    );
}

#[tokio::test]
async fn a_full_queue_refuses() {
    let refused = hasher(1, 0).decoy(&secret("any"), PLENTY).await;

    assert!(matches!(refused, Err(NotHashed::Busy { .. })));
}

#[tokio::test]
async fn a_reserved_place_counts_as_a_job_that_waits() {
    let hasher = hasher(1, 1);
    let reservation = hasher.reserve(PLENTY).unwrap();

    let meanwhile = [hasher.reserve(PLENTY).is_ok(), hasher.decoy(&secret("any"), PLENTY).await.is_ok()];
    drop(reservation);
    let in_too_short_a_time = hasher.reserve(Duration::from_millis(1)).is_ok();
    let afterwards = hasher.decoy(&secret("any"), PLENTY).await.is_ok();

    assert_eq!(meanwhile, [false, false]);
    assert!(!in_too_short_a_time);
    assert!(afterwards);
}

#[tokio::test]
async fn many_callers_on_few_threads_all_get_their_own_answer() {
    let hasher = hasher(2, 64);

    let answers = (0..32).map(|number| {
        let hasher = hasher.clone();
        tokio::spawn(async move {
            let password = secret(&format!("password {number}"));
            let phc = hasher.hash(&password, PLENTY).await.unwrap();
            hasher.verify(&phc, &password, PLENTY).await.unwrap().matches
        })
    });

    for answer in answers.collect::<Vec<_>>() {
        assert!(answer.await.unwrap());
    }
}

#[test]
fn a_cost_that_argon2_cannot_have_does_not_start() {
    let settings = Settings { cost: Cost { memory_kib: 1, passes: 0, lanes: 1 }, ..Settings::default() };

    let refused = Hasher::start(&settings, Arc::new(SeededEntropy::new(7)));

    assert!(matches!(refused, Err(NotStarted::Cost(_))));
}

#[tokio::test]
async fn a_hash_of_another_product_matches_and_is_to_be_made_anew() {
    let hasher = hasher(1, 8);
    // By Python's bcrypt.
    let bcrypt = secret("$2b$06$izLV9CRU.TmDD5GbPzLyaerXTZbmYq9YV.jQP6jPaPBiMxlDvDlye");

    let right = hasher.verify(&bcrypt, &secret("correct horse battery staple é"), PLENTY).await.unwrap();
    let wrong = hasher.verify(&bcrypt, &secret("correct horse"), PLENTY).await.unwrap();

    assert_eq!(right, Verdict { matches: true, outdated: true });
    assert_eq!(wrong, Verdict { matches: false, outdated: true });
}

#[test]
fn what_could_not_be_compared_is_not_accepted() {
    let hasher = hasher(1, 8);
    let ours =
        "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    assert_eq!(hasher.accepts(&secret(ours)), Ok(()));
    assert_eq!(hasher.accepts(&secret(&ours.replace("19456", "999999"))), Err(Unreadable::TooCostly));
    assert_eq!(hasher.accepts(&secret("$md5$abcd")), Err(Unreadable::OtherScheme));
    assert_eq!(hasher.accepts(&secret("secret")), Err(Unreadable::Malformed));
}
