//! The plain text of a reset token.

use super::*;
use crate::domain::reset::token;

#[test]
fn a_reset_that_reads_says_the_same_again() {
    let state = state(&holding(vec![email(1), phone(2), authenticator(3)]), &masked());
    let (bare, proved) = (token::encode(&state), token::encode(&passed(&state, &[0, 2])));
    rekey_testing::fuzz(&[bare.as_slice(), proved.as_slice()], |bytes: &[u8]| {
        if let Ok(read) = token::decode(bytes) {
            let again = token::decode(&token::encode(&read));
            assert!(again.is_ok_and(|again| again == read));
        }
    });
}
