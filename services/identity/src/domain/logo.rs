//! The logo over a tenant's pages: an image that an administrator sent and that browsers of strangers open.
//!
//! So it is held to little: formats that hold pixels and no script (never SVG), told by their first bytes and not by what somebody
//! calls them; few bytes; and few pixels, since a small file can open into gigabytes. One that moves is refused: nothing on
//! a page that leads through a reset may. The libraries of the formats read as far as where the pixels begin, and no pixel:
//! whether they can be shown is found out by the browser.

use std::fmt;
use std::io::Cursor;

use image_webp::WebPDecoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::tenant::InvalidText;

/// Largest image in bytes. A logo that is 32 px high takes a few; the whole page may have 60 kB with it.
const LOGO_BYTES: usize = 32 * 1024;

/// Most pixels across and down: eight times what a page shows, for dense screens.
const LARGEST: Size = Size { width: 1024, height: 256 };

/// What a logo must be, for people.
pub(crate) const LOGO: &str =
    "a PNG, JPEG or WebP image that does not move, of at most 32768 bytes and 1024 by 256 pixels";

/// The most that the reader of PNG may allocate: for one chunk after the other, in a buffer that grows by doubling, and for a row.
const PNG_READER_BYTES: usize = 4 * LOGO_BYTES;

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
            Self::Png => png_size(image),
            Self::Jpeg => jpeg_size(image),
            Self::Webp => webp_size(image),
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

/// The size of a PNG, unless an animation is announced before its pixels (PNG, third edition, 5.6).
fn png_size(image: &[u8]) -> Option<Size> {
    let mut options = png::DecodeOptions::default();
    // Else what announces an animation would be passed over where its checksum is wrong, which not every browser does.
    options.set_skip_ancillary_crc_failures(false);
    options.set_ignore_text_chunk(true);
    options.set_ignore_iccp_chunk(true);
    let mut decoder = png::Decoder::new_with_options(Cursor::new(image), options);
    decoder.set_limits(png::Limits { bytes: PNG_READER_BYTES });
    let reader = decoder.read_info().ok()?;
    let info = reader.info();
    info.animation_control.is_none().then_some(Size { width: info.width, height: info.height })
}

/// The size of a JPEG, baseline or progressive: what browsers show.
fn jpeg_size(image: &[u8]) -> Option<Size> {
    let options = DecoderOptions::default()
        .set_max_width(usize::try_from(LARGEST.width).ok()?)
        .set_max_height(usize::try_from(LARGEST.height).ok()?);
    let mut decoder = JpegDecoder::new_with_options(Cursor::new(image), options);
    decoder.decode_headers().ok()?;
    let info = decoder.info()?;
    Some(Size { width: info.width.into(), height: info.height.into() })
}

/// The size of a WebP image, unless it is an animation.
fn webp_size(image: &[u8]) -> Option<Size> {
    let decoder = WebPDecoder::new(Cursor::new(image)).ok()?;
    let (width, height) = decoder.dimensions();
    (!decoder.is_animated()).then_some(Size { width, height })
}

#[cfg(test)]
pub(crate) mod tests;
