//! The logo over a tenant's pages: an image that an administrator sent and that browsers of strangers open.
//!
//! So it is held to little: formats that hold pixels and no script (never SVG), told by their first bytes and not by what somebody
//! calls them; few bytes; and few pixels, since a small file can open into gigabytes. One that moves is refused: nothing on
//! a page that leads through a reset may. Only as much of a format is read here as says this; whether the rest can be shown is
//! found out by the browser.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::tenant::InvalidText;

/// Largest image in bytes. A logo that is 32 px high takes a few; the whole page may have 60 kB with it.
const LOGO_BYTES: usize = 32 * 1024;

/// Most pixels across and down: eight times what a page shows, for dense screens.
const LARGEST: Size = Size { width: 1024, height: 256 };

/// What a logo must be, for people.
pub(crate) const LOGO: &str =
    "a PNG, JPEG or WebP image that does not move, of at most 32768 bytes and 1024 by 256 pixels";

/// The flag of a moving image in the header of an extended WebP file.
const MOVING: u8 = 0x02;

/// What an image is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogoFormat {
    Png,
    Jpeg,
    Webp,
}

/// A logo, as it was sent.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
pub(crate) struct Logo {
    digest: LogoDigest,
    format: LogoFormat,
    #[debug(skip)]
    image: Vec<u8>,
}

/// The SHA-256 of a logo, by which policies name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct LogoDigest([u8; 32]);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Size {
    width: u32,
    height: u32,
}

impl LogoFormat {
    /// The format that begins like this.
    fn of(image: &[u8]) -> Option<Self> {
        if image.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if image.starts_with(b"\xff\xd8\xff") {
            Some(Self::Jpeg)
        } else if image.starts_with(b"RIFF") && image.get(8..12) == Some(b"WEBP") {
            Some(Self::Webp)
        } else {
            None
        }
    }

    /// The size of an image of this format, if it does not move.
    fn size(self, image: &[u8]) -> Option<Size> {
        match self {
            Self::Png => png_size(image.get(8..)?),
            Self::Jpeg => jpeg_size(image.get(2..)?),
            Self::Webp => webp_size(image.get(12..)?),
        }
    }

    /// Its name among media types.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }
}

impl Logo {
    /// Takes an image that may be a logo; [`LOGO`] says which.
    pub(crate) fn parse(image: Vec<u8>) -> Option<Self> {
        if image.len() > LOGO_BYTES {
            return None;
        }
        let format = LogoFormat::of(&image)?;
        let size = format.size(&image)?;
        let fits = (1..=LARGEST.width).contains(&size.width) && (1..=LARGEST.height).contains(&size.height);
        let digest = LogoDigest(Sha256::digest(&image).into());
        fits.then_some(Self { digest, format, image })
    }

    /// Takes a logo that was stored, whatever may be one by now.
    pub(crate) fn from_stored(digest: LogoDigest, image: Vec<u8>) -> Option<Self> {
        LogoFormat::of(&image).map(|format| Self { digest, format, image })
    }

    pub(crate) fn digest(&self) -> LogoDigest {
        self.digest
    }

    pub(crate) fn format(&self) -> LogoFormat {
        self.format
    }

    pub(crate) fn image(&self) -> &[u8] {
        &self.image
    }

    pub(crate) fn into_image(self) -> Vec<u8> {
        self.image
    }
}

impl LogoDigest {
    /// Reads 64 hexadecimal digits.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidText> {
        let mut digest = [0; 32];
        let read = hex::decode_to_slice(text, &mut digest);
        read.map(|()| Self(digest)).map_err(|_| InvalidText { what: "digest of a logo" })
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for LogoDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl TryFrom<String> for LogoDigest {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, InvalidText> {
        Self::parse(&text)
    }
}

impl From<LogoDigest> for String {
    fn from(digest: LogoDigest) -> Self {
        digest.to_string()
    }
}

/// The size that stands in the header of a PNG, unless an animation is announced before its pixels (PNG, third edition, 5.6).
fn png_size(chunks: &[u8]) -> Option<Size> {
    let (b"IHDR", header, mut rest) = png_chunk(chunks)? else { return None };
    let size = Size { width: number(header, 0)?, height: number(header, 4)? };
    loop {
        let (name, _, behind) = png_chunk(rest)?;
        match name {
            b"IDAT" => return Some(size),
            b"acTL" => return None,
            _ => rest = behind,
        }
    }
}

/// The first chunk of a PNG: its name, its data, and what stands behind its checksum.
fn png_chunk(bytes: &[u8]) -> Option<(&[u8; 4], &[u8], &[u8])> {
    let length = usize::try_from(number(bytes, 0)?).ok()?;
    let (name, rest) = bytes.get(4..)?.split_first_chunk::<4>()?;
    let (data, rest) = rest.split_at_checked(length)?;
    Some((name, data, rest.get(4..)?))
}

/// The size in the frame header of a JPEG, baseline or progressive: what browsers show (ITU T.81, B.2.2).
fn jpeg_size(segments: &[u8]) -> Option<Size> {
    let mut rest = segments;
    loop {
        let ([0xff, marker], segment) = rest.split_first_chunk::<2>()? else { return None };
        match *marker {
            // Any number of these may stand before a marker.
            0xff => rest = rest.get(1..)?,
            0xc0..=0xc2 => {
                return Some(Size { height: short(segment, 3)?.into(), width: short(segment, 5)?.into() });
            }
            _ => rest = segment.get(usize::from(short(segment, 0)?)..)?,
        }
    }
}

/// The size in the first chunk of a WebP file (RFC 9649, 2.5 to 2.7 and 3.4).
fn webp_size(chunks: &[u8]) -> Option<Size> {
    let (name, rest) = chunks.split_first_chunk::<4>()?;
    let data = rest.get(4..)?;
    match name {
        b"VP8 " => {
            let size = data.get(3..)?.strip_prefix(b"\x9d\x01\x2a")?;
            let side = |at: usize| little(size, at, 2).map(|side| side & 0x3fff);
            Some(Size { width: side(0)?, height: side(2)? })
        }
        b"VP8L" => {
            let sides = little(data.strip_prefix(b"\x2f")?, 0, 4)?;
            Some(Size { width: (sides & 0x3fff) + 1, height: ((sides >> 14) & 0x3fff) + 1 })
        }
        b"VP8X" => {
            let is_moving = data.first()? & MOVING != 0;
            let side = |at: usize| little(data, at, 3).map(|side| side + 1);
            let size = Size { width: side(4)?, height: side(7)? };
            (!is_moving).then_some(size)
        }
        _ => None,
    }
}

/// Four bytes, the most significant first.
fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk::<4>()?))
}

/// Two bytes, the most significant first.
fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk::<2>()?))
}

/// So many bytes, at most four, the least significant first.
fn little(bytes: &[u8], at: usize, length: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.get(..length)?;
    Some(bytes.iter().rev().fold(0, |number, byte| (number << 8) | u32::from(*byte)))
}

#[cfg(test)]
pub(crate) mod tests;
