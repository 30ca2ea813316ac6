use super::*;

/// A PNG of this size with these chunks before its pixels. Checksums are not looked at.
pub(crate) fn png(width: u32, height: u32, before: &[&[u8; 4]]) -> Vec<u8> {
    let mut image = b"\x89PNG\r\n\x1a\n".to_vec();
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    image.extend(chunk(b"IHDR", &header));
    for name in before {
        image.extend(chunk(name, b"12345678"));
    }
    image.extend(chunk(b"IDAT", b"pixels"));
    image.extend(chunk(b"IEND", b""));
    image
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&length[..], name, data, &[0; 4]].concat()
}

/// A JPEG whose frame has this marker, behind a comment and a fill byte.
fn jpeg(marker: u8, width: u16, height: u16) -> Vec<u8> {
    let before: &[u8] = b"\xff\xd8\xff\xfe\x00\x07hello\xff";
    let (width, height) = (width.to_be_bytes(), height.to_be_bytes());
    [before, &[0xff, marker, 0, 11, 8], &height, &width, &[1, 1, 0x11, 0]].concat()
}

fn webp(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_le_bytes();
    [&b"RIFF\0\0\0\0WEBP"[..], name, &length, data].concat()
}

fn taken(image: Vec<u8>) -> Option<LogoFormat> {
    Logo::parse(image).map(|logo| logo.format())
}

#[test]
fn a_logo_is_known_by_its_first_bytes_and_measured() {
    let lossy = webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a\xc8\x00\x40\x00");
    // 199 and 63, in 14 bits each.
    let lossless = webp(b"VP8L", b"\x2f\xc7\xc0\x0f\x00");
    let extended = webp(b"VP8X", b"\x10\0\0\0\xc7\0\0\x3f\0\0");

    assert_eq!(taken(png(1024, 256, &[b"gAMA"])), Some(LogoFormat::Png));
    for marker in [0xc0, 0xc1, 0xc2] {
        assert_eq!(taken(jpeg(marker, 200, 64)), Some(LogoFormat::Jpeg), "{marker}");
    }
    for image in [lossy, lossless, extended] {
        let size = LogoFormat::Webp.size(&image);

        assert_eq!(size, Some(Size { width: 200, height: 64 }), "{image:?}");
        assert_eq!(taken(image), Some(LogoFormat::Webp));
    }
}

#[test]
fn what_is_no_picture_or_too_large_or_moves_is_refused() {
    let heavy = [png(64, 64, &[]), vec![0; LOGO_BYTES]].concat();
    let heaviest = [png(64, 64, &[]), vec![0; LOGO_BYTES - png(64, 64, &[]).len()]].concat();

    assert!(Logo::parse(heaviest).is_some());
    for wrong in [
        Vec::new(),
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>".to_vec(),
        b"GIF89a\x01\0\x01\0".to_vec(),
        heavy,
        png(1025, 10, &[]),
        png(10, 257, &[]),
        png(0, 10, &[]),
        png(64, 64, &[b"acTL"]),
        png(64, 64, &[])[..33].to_vec(),
        jpeg(0xc0, 2000, 10),
        jpeg(0xc3, 64, 64),
        jpeg(0xc0, 64, 64)[..14].to_vec(),
        webp(b"VP8X", b"\x12\0\0\0\xc7\0\0\x3f\0\0"),
        webp(b"VP8X", b"\x10\0\0\0\xff\xff\xff\xff\xff\xff"),
        webp(b"VP8L", b"\x2f\xff\xff\xff\xff"),
        webp(b"ANIM", b"12345678"),
    ] {
        assert_eq!(Logo::parse(wrong.clone()), None, "{wrong:?}");
    }
}

#[test]
fn a_digest_has_one_spelling_and_is_that_of_the_bytes() {
    let logo = Logo::parse(png(64, 64, &[])).unwrap();
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
    let shown = format!("{:?}", Logo::parse(png(64, 64, &[])).unwrap());

    assert!(shown.contains("Png") && !shown.contains("image"), "{shown}");
}

#[test]
fn whatever_is_sent_is_measured_or_refused() {
    let samples: &[&[u8]] = &[
        &png(64, 64, &[b"gAMA"]),
        &jpeg(0xc2, 200, 64),
        &webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a\xc8\x00\x40\x00"),
        &webp(b"VP8L", b"\x2f\xc7\xc0\x0f\x00"),
        &webp(b"VP8X", b"\x10\0\0\0\xc7\0\0\x3f\0\0"),
    ];
    rekey_testing::fuzz(samples, |bytes: &[u8]| {
        let Some(logo) = Logo::parse(bytes.to_vec()) else { return };
        assert_eq!(Logo::from_stored(logo.digest(), bytes.to_vec()), Some(logo));
    });
}
