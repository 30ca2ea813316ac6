//! A form in which values leave memory for a while: in tokens, queues and stored records.
//!
//! A byte that says the version of the layout, then the value in `postcard`: fields in their order, without names, so a
//! changed field is a new version. The version is the caller's and belongs to one kind of value; a reader of an old one
//! stands beside the new one for as long as the old lives.

use postcard::ser_flavors::Size;
use rekey_primitives::secret::Zeroizing;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The bytes are not this kind of value in this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the encoded value does not read")]
pub struct Unreadable;

/// The value behind its version. The buffer is wiped when it is dropped.
///
/// # Panics
/// If the value has no form at all: `postcard` needs to know how long a sequence is before it writes it.
pub fn encode<T: Serialize>(version: u8, value: &T) -> Zeroizing<Vec<u8>> {
    // The exact room from the start: a vector that grows leaves plain text behind.
    let size =
        postcard::serialize_with_flavor(value, Size::default()).expect("values of ours know their lengths");
    let mut bytes = Zeroizing::new(vec![0; 1 + size]);
    bytes[0] = version;
    postcard::to_slice(value, &mut bytes[1..]).expect("the size was asked for a moment ago");
    bytes
}

/// The value, if the bytes are it in this version and nothing else.
pub fn decode<T: DeserializeOwned>(version: u8, bytes: &[u8]) -> Result<T, Unreadable> {
    let (first, rest) = bytes.split_first().ok_or(Unreadable)?;
    if *first != version {
        return Err(Unreadable);
    }
    let (value, rest) = postcard::take_from_bytes(rest).map_err(|_| Unreadable)?;
    if rest.is_empty() { Ok(value) } else { Err(Unreadable) }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Ticket {
        number: u32,
        holder: Option<String>,
        stops: Vec<u8>,
    }

    fn ticket() -> Ticket {
        Ticket { number: 300, holder: Some("Ada".to_owned()), stops: vec![1, 2] }
    }

    #[test]
    fn a_value_reads_back_in_its_version_alone() {
        let bytes = encode(3, &ticket());

        assert_eq!(decode(3, &bytes), Ok(ticket()));
        assert_eq!(decode::<Ticket>(4, &bytes), Err(Unreadable));
    }

    #[test]
    fn what_is_cut_short_or_goes_on_does_not_read() {
        let bytes = encode(3, &ticket());

        for length in 0..bytes.len() {
            assert_eq!(decode::<Ticket>(3, &bytes[..length]), Err(Unreadable), "{length} bytes");
        }
        assert_eq!(decode::<Ticket>(3, &[bytes.as_slice(), &[0]].concat()), Err(Unreadable));
    }

    /// Stores keep such bytes: the layout must not change by itself.
    #[test]
    fn the_layout_is_what_it_was() {
        assert_eq!(encode(3, &ticket()).as_slice(), [3, 0xac, 0x02, 1, 3, b'A', b'd', b'a', 2, 1, 2]);
    }
}
