use image_webp::{ColorType, WebPEncoder};

use super::*;

/// A lossy WebP image of one pixel.
const LOSSY_WEBP: &[u8] = b"RIFF\x22\0\0\0WEBP\
    VP8 \x16\0\0\0\x30\x01\0\x9d\x01*\x01\0\x01\0\x0e\xc0\xfe%\xa4\0\x03p\0\0\0\0";

/// A WebP animation of one pixel, in one frame.
const MOVING_WEBP: &[u8] = b"RIFFR\0\0\0WEBP\
    VP8X\n\0\0\0\x12\0\0\0\0\0\0\0\0\0\
    ANIM\x06\0\0\0\xff\xff\xff\xff\0\0\
    ANMF&\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0d\0\0\0\
    VP8L\r\0\0\0/\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0";

/// The codes of a JPEG in which every coefficient is zero: one bit each says so of the first of a block and of the others.
const ZERO_CODES: &[u8] = b"\xff\xc4\0\x14\x00\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
    \xff\xc4\0\x14\x10\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// A black PNG of this size.
pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    encoded_png(width, height, false)
}

fn encoded_png(width: u32, height: u32, is_animated: bool) -> Vec<u8> {
    let mut image = Vec::new();
    let mut encoder = png::Encoder::new(&mut image, width, height);
    encoder.set_depth(png::BitDepth::One);
    if is_animated {
        encoder.set_animated(1, 0).unwrap();
    }
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&vec![0_u8; (width.div_ceil(8) * height) as usize]).unwrap();
    writer.finish().unwrap();
    image
}

/// A PNG in which a bit of a chunk is wrong, and with it the checksum.
fn damaged(mut image: Vec<u8>, chunk: &[u8; 4]) -> Vec<u8> {
    let at = image.windows(4).position(|name| name == chunk).unwrap();
    image[at + 7] ^= 1;
    image
}

/// A grey JPEG whose frame has this marker, behind a comment and a fill byte.
fn jpeg(marker: u8, width: u16, height: u16) -> Vec<u8> {
    let before: &[u8] = b"\xff\xd8\xff\xfe\0\x07hello\xff";
    let frame: [&[u8]; 4] =
        [&[0xff, marker, 0, 11, 8], &height.to_be_bytes(), &width.to_be_bytes(), &[1, 1, 0x11, 0]];
    let blocks = usize::from(width).div_ceil(8) * usize::from(height).div_ceil(8);
    let quantization: [&[u8]; 2] = [&[0xff, 0xdb, 0, 67, 0], &[1; 64]];
    let scan: [&[u8]; 3] = [b"\xff\xda\0\x08\x01\x01\0\0\x3f\0", &vec![0; blocks.div_ceil(4)], b"\xff\xd9"];
    [before, &quantization.concat(), &frame.concat(), ZERO_CODES, &scan.concat()].concat()
}

/// A black WebP image, lossless; with metadata it has the extended form.
fn webp(width: u32, height: u32, metadata: &[u8]) -> Vec<u8> {
    let mut image = Vec::new();
    let mut encoder = WebPEncoder::new(&mut image);
    encoder.set_exif_metadata(metadata.to_vec());
    encoder.encode(&vec![0; (width * height) as usize], width, height, ColorType::L8).unwrap();
    image
}

fn taken(image: Vec<u8>) -> Option<LogoFormat> {
    Logo::parse(image).map(|logo| logo.format())
}

#[test]
fn a_logo_is_known_by_its_first_bytes_and_measured() {
    let (lossless, extended) = (webp(200, 64, b""), webp(200, 64, b"somebody"));

    assert_eq!(taken(png(1024, 256)), Some(LogoFormat::Png));
    for marker in [0xc0, 0xc1, 0xc2] {
        assert_eq!(taken(jpeg(marker, 200, 64)), Some(LogoFormat::Jpeg), "{marker}");
    }
    for (image, width, height) in [(LOSSY_WEBP, 1, 1), (&lossless[..], 200, 64), (&extended[..], 200, 64)] {
        assert_eq!(LogoFormat::Webp.size(image), Some(Size { width, height }), "{image:?}");
        assert_eq!(taken(image.to_vec()), Some(LogoFormat::Webp));
    }
    assert_eq!(LogoFormat::Png.size(&png(64, 32)), Some(Size { width: 64, height: 32 }));
    assert_eq!(LogoFormat::Jpeg.size(&jpeg(0xc0, 64, 32)), Some(Size { width: 64, height: 32 }));
}

#[test]
fn what_is_no_picture_or_too_large_is_refused() {
    let heavy = [png(64, 64), vec![0; LOGO_BYTES]].concat();
    let heaviest = [png(64, 64), vec![0; LOGO_BYTES - png(64, 64).len()]].concat();
    let mut huge = webp(64, 64, b"somebody");
    // Where the extended form says how large the canvas is.
    huge[24..30].fill(0xff);

    assert!(Logo::parse(heaviest).is_some());
    for wrong in [
        Vec::new(),
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>".to_vec(),
        b"GIF89a\x01\0\x01\0".to_vec(),
        b"\xff\xd8\xff and so on".to_vec(),
        b"RIFF\x10\0\0\0WEBPANIM\x04\0\0\0\0\0\0\0".to_vec(),
        heavy,
        png(1025, 10),
        png(10, 257),
        jpeg(0xc0, 2000, 10),
        jpeg(0xc0, 64, 0),
        jpeg(0xc3, 64, 64),
        webp(1025, 10, b""),
        huge,
    ] {
        assert_eq!(Logo::parse(wrong.clone()), None, "{wrong:?}");
    }
}

#[test]
fn what_is_cut_off_or_damaged_before_its_pixels_is_refused() {
    for wrong in [
        png(64, 64)[..33].to_vec(),
        damaged(png(64, 64), b"IHDR"),
        jpeg(0xc0, 64, 64)[..140].to_vec(),
        webp(64, 64, b"")[..24].to_vec(),
        webp(64, 64, b"somebody")[..40].to_vec(),
    ] {
        assert_eq!(Logo::parse(wrong.clone()), None, "{wrong:?}");
    }
}

#[test]
fn what_moves_is_refused() {
    let moving = encoded_png(64, 64, true);

    assert_eq!(Logo::parse(damaged(moving.clone(), b"acTL")), None);
    assert_eq!(Logo::parse(moving), None);
    assert_eq!(Logo::parse(MOVING_WEBP.to_vec()), None);
    assert!(WebPDecoder::new(Cursor::new(MOVING_WEBP)).unwrap().is_animated());
}

#[test]
fn a_digest_has_one_spelling_and_is_that_of_the_bytes() {
    let logo = Logo::parse(png(64, 64)).unwrap();
    let text = logo.digest().to_string();

    assert_eq!(text, hex::encode(Sha256::digest(logo.image())));
    assert_eq!(LogoDigest::parse(&text.to_uppercase()), Ok(logo.digest()));
    assert_eq!(Logo::from_stored(logo.digest(), logo.image().to_vec()), Some(logo));
    for wrong in ["", "abc", &text[1..], &format!("{text}00"), &text.replace(&text[..1], "x")] {
        assert!(LogoDigest::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn debug_does_not_print_the_image() {
    let shown = format!("{:?}", Logo::parse(png(64, 64)).unwrap());

    assert!(shown.contains("Png") && !shown.contains("image"), "{shown}");
}

#[test]
fn whatever_is_sent_is_measured_or_refused() {
    let samples: &[&[u8]] = &[
        &png(64, 64),
        &encoded_png(64, 64, true),
        &jpeg(0xc2, 200, 64),
        LOSSY_WEBP,
        MOVING_WEBP,
        &webp(64, 64, b""),
        &webp(64, 64, b"somebody"),
    ];
    rekey_testing::fuzz(samples, |bytes: &[u8]| {
        let Some(logo) = Logo::parse(bytes.to_vec()) else { return };
        assert_eq!(Logo::from_stored(logo.digest(), bytes.to_vec()), Some(logo));
    });
}
