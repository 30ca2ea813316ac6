//! Page tokens: where a list goes on, bound to what was asked.
//!
//! A token is no secret and gives no right: the tenant comes from the call, not from the token. It is bound to its
//! arguments only so that a mixed-up call is told, instead of getting a page that fits nothing.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::NotificationId;
use rekey_sealing::{codec, digest};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::lane::Lane;
use crate::domain::page::{Filter, Position};
use crate::domain::scope::CallerScope;
use crate::domain::state::State;

const VERSION: u8 = 1;

/// A mark of the arguments of a list call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Arguments([u8; 8]);

#[derive(Serialize, Deserialize)]
struct PageToken {
    created_at_micros: i64,
    id: Uuid,
    arguments: Arguments,
}

impl Arguments {
    pub(super) fn of(scope: &CallerScope, filter: &Filter) -> Self {
        let number = |number: Option<i16>| number.unwrap_or(0).to_be_bytes();
        let whole = digest(&[
            b"notification list",
            scope.tenant_id().as_uuid().as_bytes(),
            scope.caller().as_bytes(),
            &number(filter.state.map(State::number)),
            &number(filter.lane.map(Lane::number)),
            filter.reference.as_deref().unwrap_or_default().as_bytes(),
            filter.trace_id.as_ref().map(<[u8; 16]>::as_slice).unwrap_or_default(),
        ]);
        let mut mark = [0; 8];
        mark.copy_from_slice(&whole[..8]);
        Self(mark)
    }
}

/// The token, URL-safe.
pub(super) fn write(position: Position, arguments: Arguments) -> String {
    let (created_at_micros, id) = (position.created_at.unix_micros(), position.id.as_uuid());
    let token = PageToken { created_at_micros, id, arguments };
    BASE64_URL_SAFE_NO_PAD.encode(codec::encode(VERSION, &token))
}

/// Reads a token made for the same arguments.
pub(super) fn read(token: &str, arguments: Arguments) -> Option<Position> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
    let token: PageToken = codec::decode(VERSION, &bytes).ok()?;
    (token.arguments == arguments).then_some(Position {
        created_at: Timestamp::from_unix_micros(token.created_at_micros),
        id: NotificationId::from_uuid(token.id),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_for_the_same_arguments_only() {
        let id = NotificationId::from_uuid(Uuid::from_u128(9));
        let position = Position { created_at: Timestamp::from_unix_micros(-5), id };
        let (own, other) = (Arguments([1; 8]), Arguments([2; 8]));

        let token = write(position, own);

        assert_eq!(read(&token, own), Some(position));
        assert_eq!(read(&token, other), None);
        assert_eq!(read(&token[1..], own), None);
        assert_eq!(read("not a token", own), None);
    }

    mod fuzz {
        use super::*;

        #[test]
        fn a_token_that_reads_is_of_these_arguments_and_says_the_same_again() {
            let id = NotificationId::from_uuid(Uuid::from_u128(9));
            let position = Position { created_at: Timestamp::from_unix_micros(-5), id };
            let (own, other) = (Arguments([1; 8]), Arguments([2; 8]));
            rekey_testing::fuzz(&[write(position, own).as_bytes()], |bytes: &[u8]| {
                let token = String::from_utf8_lossy(bytes);
                if let Some(position) = read(&token, own) {
                    assert_eq!(read(&write(position, own), own), Some(position));
                    assert_eq!(read(&token, other), None);
                }
            });
        }
    }
}
