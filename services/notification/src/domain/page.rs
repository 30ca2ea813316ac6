//! Lists: which messages are asked for, and page tokens: where a list goes on, bound to what was asked.
//!
//! A token is no secret and gives no right: the tenant comes from the call, not from the token. It is bound to its
//! arguments only so that a mixed-up call is told, instead of getting a page that fits nothing.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::NotificationId;
use uuid::Uuid;

use super::lane::Lane;
use super::state::State;

/// The last row of a page: newest first, so the next page is what is older.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// When that row was accepted.
    pub(crate) created_at: Timestamp,
    /// Its id, which orders rows of the same instant.
    pub(crate) id: NotificationId,
}

/// Which messages a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Only in this state.
    pub(crate) state: Option<State>,
    /// Only of this lane.
    pub(crate) lane: Option<Lane>,
    /// Only with this reference.
    pub(crate) reference: Option<String>,
}

/// A mark of the arguments of a list call.
pub(crate) type Arguments = [u8; 8];

impl Position {
    /// The token, URL-safe.
    pub(crate) fn token(self, arguments: Arguments) -> String {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&self.created_at.unix_micros().to_be_bytes());
        bytes[8..24].copy_from_slice(self.id.as_uuid().as_bytes());
        bytes[24..].copy_from_slice(&arguments);
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a token made for the same arguments.
    pub(crate) fn read(token: &str, arguments: Arguments) -> Option<Self> {
        let bytes: [u8; 32] = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
        let (micros, rest) = bytes.split_first_chunk::<8>()?;
        let (id, marked) = rest.split_first_chunk::<16>()?;
        (marked == arguments).then_some(Self {
            created_at: Timestamp::from_unix_micros(i64::from_be_bytes(*micros)),
            id: NotificationId::from_uuid(Uuid::from_bytes(*id)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_for_the_same_arguments_only() {
        let id = NotificationId::from_uuid(Uuid::from_u128(9));
        let position = Position { created_at: Timestamp::from_unix_micros(-5), id };

        let token = position.token([1; 8]);

        assert_eq!(Position::read(&token, [1; 8]), Some(position));
        assert_eq!(Position::read(&token, [2; 8]), None);
        assert_eq!(Position::read(&token[1..], [1; 8]), None);
        assert_eq!(Position::read("not a token", [1; 8]), None);
    }
}
