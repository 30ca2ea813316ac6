use secrecy::SecretString;

use super::*;
use crate::hashing::phc::Stored;

/// What `vectors/make.py` and `vectors/make.mjs` wrote.
const VECTORS: &str = include_str!("vectors/vectors.txt");

const PASSWORD: &str = "correct horse battery staple é";

/// From the description of Firebase's scrypt: the password "user1password".
const FIREBASE: &str = "$firescrypt$ln=14,r=8,p=1$42xEC+ixf3L2lw==$\
    lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==$Bw==$\
    jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==";

const SALT: &str = "c2l4dGVlbiBvZiBieXRlcw";

const TAG: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn read(text: &str) -> Result<Imported, Unreadable> {
    Imported::parse(text, &Limits::default())
}

fn is_of(hash: &Imported, password: &str) -> bool {
    hash.is_tag(&hash.derive(password.as_bytes()))
}

#[test]
fn hashes_of_other_libraries_are_of_their_password_and_of_no_other() {
    let vectors: Vec<(&str, &str)> = VECTORS.lines().map(|line| line.split_once('\t').unwrap()).collect();
    let imported = vectors.iter().filter(|(_, text)| !text.starts_with("$argon2"));

    let judged: Vec<_> = imported
        .map(|(made_by, text)| {
            let hash = read(text).unwrap_or_else(|why| panic!("{made_by}: {why}"));
            (*made_by, is_of(&hash, PASSWORD), is_of(&hash, "correct horse battery staple e"))
        })
        .collect();

    assert_eq!((vectors.len(), judged.len()), (15, 12));
    assert!(judged.iter().all(|(_, right, other)| *right && !other), "{judged:?}");
}

#[test]
fn argon2_of_other_libraries_is_read_beside_our_own() {
    let read = VECTORS.lines().filter_map(|line| line.split_once('\t')).filter_map(|(_, text)| {
        let argon2 = text.starts_with("$argon2").then(|| SecretString::from(text))?;
        Some(Stored::parse(&argon2, &Limits::default()).is_ok())
    });

    assert_eq!(read.collect::<Vec<_>>(), [true; 3]);
}

#[test]
fn the_published_hash_of_firebase_is_of_its_password() {
    let hash = read(FIREBASE).unwrap();

    assert!(is_of(&hash, "user1password"));
    assert!(!is_of(&hash, "user2password"));
}

#[test]
fn bcrypt_looks_at_72_bytes_as_it_does_elsewhere() {
    // Of 80 letters x, by Python's bcrypt.
    let hash = read("$2b$05$8c7EqSzOXYzwJYYGWsc37.9rwn1AmErdZhRY1aWqSAjrhFoyx13JK").unwrap();

    assert!(is_of(&hash, &"x".repeat(80)));
    assert!(is_of(&hash, &"x".repeat(72)));
    assert!(!is_of(&hash, &"x".repeat(71)));
}

#[test]
fn work_is_bounded_before_it_is_done() {
    let bcrypt_tail = "a".repeat(53);
    for (within, beyond) in [
        (format!("$2b$14${bcrypt_tail}"), format!("$2b$15${bcrypt_tail}")),
        // 256 MiB, and memory beyond it; 512 MiB of work, and more.
        (format!("$scrypt$ln=18,r=8,p=2${SALT}${TAG}"), format!("$scrypt$ln=19,r=8,p=1${SALT}${TAG}")),
        (format!("$scrypt$ln=14,r=8,p=32${SALT}${TAG}"), format!("$scrypt$ln=14,r=8,p=33${SALT}${TAG}")),
        (format!("$scrypt$ln=1024,r=8,p=1${SALT}${TAG}"), format!("$scrypt$ln=524288,r=8,p=1${SALT}${TAG}")),
        (format!("$pbkdf2-sha256$2000000${SALT}${TAG}"), format!("$pbkdf2-sha256$2000001${SALT}${TAG}")),
        // Two blocks of SHA-1 make 32 bytes.
        (format!("$pbkdf2$1000000${SALT}${TAG}"), format!("$pbkdf2$1000001${SALT}${TAG}")),
        (FIREBASE.to_owned(), FIREBASE.replace("ln=14", "ln=19")),
    ] {
        assert!(read(&within).is_ok(), "{within}");
        assert_eq!(read(&beyond).err(), Some(Unreadable::TooCostly), "{beyond}");
    }
    let wide = format!("$scrypt$ln=1,r=1048576,p=2${SALT}${TAG}");
    assert_eq!(read(&wide).err(), Some(Unreadable::TooCostly));
    let absurd = format!("$scrypt$ln=63,r=4294967295,p=4294967295${SALT}${TAG}");
    assert_eq!(read(&absurd).err(), Some(Unreadable::TooCostly));
}

#[test]
fn other_schemes_are_told_from_broken_strings() {
    for other in
        ["$1$salt$hash", "$6$rounds=5000$salt$hash", "$md5$abcd", "bcrypt_sha256$$2b$12$abc", "$2x$05$aa"]
    {
        assert_eq!(read(other).err(), Some(Unreadable::OtherScheme), "{other}");
    }
    for broken in [
        "",
        "password",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "$2b$12$tooshort",
        "$2b$3$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "$2b$03$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "$2b$+5$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        &format!("$scrypt$ln=0,r=8,p=1${SALT}${TAG}"),
        &format!("$scrypt$ln=1000,r=8,p=1${SALT}${TAG}"),
        &format!("$scrypt$r=8,ln=10,p=1${SALT}${TAG}"),
        &format!("$scrypt$ln=10,r=0,p=1${SALT}${TAG}"),
        &format!("$pbkdf2-sha256$0${SALT}${TAG}"),
        &format!("$pbkdf2-sha256$i=1000,l=64${SALT}${TAG}"),
        &format!("$pbkdf2-sha256$1000$a${TAG}"),
        // A tag that chance would give sooner than a guess.
        &format!("$pbkdf2-sha256$1000${SALT}$AAAA"),
        &format!("$pbkdf2-sha256$1000${SALT}$AAAAAAAAAAAAAAAAAAAAAB!"),
        &format!("{FIREBASE}$more"),
    ] {
        assert_eq!(read(broken).err(), Some(Unreadable::Malformed), "{broken}");
    }
}
