//! Fields one after the other, each with its length before it: how sealed and signed things become bytes.
//!
//! Both ends are this code, so there is no schema and nothing optional: a reader takes exactly what a writer put
//! in, and anything else is no message.

use rekey_primitives::secret::Zeroizing;

/// Puts fields one after the other.
#[derive(Default)]
pub(crate) struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    /// Begins with `label`, which no other kind of message begins with.
    pub(crate) fn new(label: &str) -> Self {
        let mut bytes = Vec::with_capacity(512);
        bytes.extend(u16::try_from(label.len()).unwrap_or(u16::MAX).to_be_bytes());
        bytes.extend(label.as_bytes());
        Self(Zeroizing::new(bytes))
    }

    /// Adds a field.
    ///
    /// # Panics
    /// When it is longer than 65,535 bytes; every field here is bounded far below that where it is parsed.
    #[must_use]
    pub(crate) fn field(mut self, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        let length = u16::try_from(bytes.len()).expect("fields are bounded where they are parsed");
        self.0.extend(length.to_be_bytes());
        self.0.extend(bytes);
        self
    }

    /// The bytes.
    pub(crate) fn finish(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}

/// Takes fields in the order they were put.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Begins where [`Writer::new`] began; none if the label is another.
    pub(crate) fn new(label: &str, bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Self(bytes);
        (reader.field()? == label.as_bytes()).then_some(reader)
    }

    /// The next field.
    pub(crate) fn field(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (field, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(field)
    }

    /// The next field, as text.
    pub(crate) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.field()?).ok()
    }

    /// The next field, of a length that is known.
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.field()?.try_into().ok()
    }

    /// Whether everything was taken.
    pub(crate) fn is_done(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_read_back_in_order() {
        let bytes = Writer::new("test 1").field("abc").field([7; 4]).field("").finish();
        let mut reader = Reader::new("test 1", &bytes).unwrap();

        assert_eq!(reader.text(), Some("abc"));
        assert_eq!(reader.array(), Some([7; 4]));
        assert_eq!(reader.field(), Some(&[][..]));
        assert!(reader.is_done());
    }

    #[test]
    fn a_cut_message_or_another_kind_is_no_message() {
        let bytes = Writer::new("test 1").field("abc").finish();

        assert!(Reader::new("test 2", &bytes).is_none());
        assert!(Reader::new("test 1", &bytes[..bytes.len() - 1]).unwrap().field().is_none());
    }
}
