//! Key files, what was sealed, and tokens.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::SeededEntropy;

use crate::{AeadKeys, KeyText, PublicKeys, Rotation, SigningKeys, codec, jwt};

#[test]
fn a_key_file_is_read_or_refused_and_its_rotation_reads_again() {
    let entropy = SeededEntropy::new(7);
    let first = KeyText::generate(&entropy, Timestamp::EPOCH);
    let second = KeyText::rotated(&first, Rotation::Add, &entropy, Timestamp::EPOCH).unwrap();
    let samples = [first.as_bytes(), second.as_bytes()];
    rekey_testing::fuzz(&samples, |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        if let Ok(keys) = KeyText::parse(&text) {
            let _ = keys.made_at();
            let entropy = SeededEntropy::new(8);
            if let Ok(grown) = KeyText::rotated(&text, Rotation::Add, &entropy, Timestamp::EPOCH) {
                assert!(KeyText::parse(&grown).is_ok());
            }
        }
    });
}

#[test]
fn nothing_but_what_was_sealed_is_opened() {
    let entropy = SeededEntropy::new(7);
    let keys = AeadKeys::from_text(&KeyText::generate(&entropy, Timestamp::EPOCH)).unwrap();
    let sealed = keys.seal(&entropy, b"row", b"what nobody may read");
    rekey_testing::fuzz(&[sealed.as_slice()], |bytes: &[u8]| {
        assert_eq!(keys.open(b"row", bytes).is_ok(), bytes == sealed);
        assert!(keys.open(b"other row", bytes).is_err());
    });
}

#[test]
fn nothing_but_what_was_signed_is_a_token() {
    let signer =
        SigningKeys::from_text(&KeyText::generate(&SeededEntropy::new(7), Timestamp::EPOCH)).unwrap();
    let (token, known) =
        (jwt::sign(&signer, r#"{"sub":"anna","exp":1}"#), PublicKeys::from(signer.public_keys()));
    rekey_testing::fuzz(&[token.as_bytes()], |bytes: &[u8]| {
        assert_eq!(jwt::verify(&known, &String::from_utf8_lossy(bytes)).is_ok(), bytes == token.as_bytes());
    });
}

#[test]
fn a_value_that_reads_says_the_same_again() {
    type Value = (u64, Option<String>, Vec<u16>);
    let sample = codec::encode(1, &(300_u64, Some("Ada".to_owned()), vec![1_u16, 400]));
    rekey_testing::fuzz(&[sample.as_slice()], |bytes: &[u8]| {
        if let Ok(value) = codec::decode::<Value>(1, bytes) {
            assert_eq!(codec::decode(1, &codec::encode(1, &value)), Ok(value));
        }
    });
}
