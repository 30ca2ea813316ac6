//! Key files, and what was sealed.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::SeededEntropy;

use crate::{AeadKeys, KeyText, Rotation};

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
