//! QR codes, as documents and as images.

use fast_qr::convert::Builder as _;
use fast_qr::convert::svg::SvgBuilder;
use fast_qr::{ECL, QRBuilder, QRCode};

/// Pixels of a module: large enough for the camera of a phone at arm's length from a screen.
const SCALE: usize = 6;

/// Modules of the quiet zone around a symbol (ISO/IEC 18004 section 5.3.8).
const QUIET: usize = 4;

/// A QR code in both forms; empty where the text does not fit into one.
#[derive(Default)]
pub(super) struct DrawnCode {
    pub(super) svg: String,
    pub(super) png: Vec<u8>,
}

/// Draws a text.
pub(super) fn draw(text: &str) -> DrawnCode {
    // Level M mends what a dirty screen takes away; a text that is too long for any symbol is typed instead.
    let Ok(code) = QRBuilder::new(text).ecl(ECL::M).build() else { return DrawnCode::default() };
    DrawnCode { svg: SvgBuilder::default().margin(QUIET).to_str(&code), png: png(&code).unwrap_or_default() }
}

/// The code in black and white, one bit a pixel.
fn png(code: &QRCode) -> Result<Vec<u8>, png::EncodingError> {
    let modules = code.size + 2 * QUIET;
    let pixels = modules * SCALE;
    let is_dark = |row: usize, column: usize| {
        let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < code.size);
        inside(row).zip(inside(column)).is_some_and(|(row, column)| code[row][column].value())
    };
    let mut data = Vec::with_capacity(pixels * pixels.div_ceil(8));
    for row in 0..pixels {
        for byte in 0..pixels.div_ceil(8) {
            let bits = (0..8).filter(|bit| !is_dark(row / SCALE, (byte * 8 + bit) / SCALE));
            data.push(bits.fold(0_u8, |byte, bit| byte | (0x80 >> bit)));
        }
    }
    let mut out = Vec::new();
    let side = u32::try_from(pixels).unwrap_or(u32::MAX);
    let mut encoder = png::Encoder::new(&mut out, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    encoder.write_header()?.write_image_data(&data)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_drawn_in_both_forms() {
        let drawn = draw("otpauth://totp/Acme:ada?secret=GEZDGNBV");

        assert!(drawn.svg.starts_with("<svg") && drawn.svg.ends_with("</svg>"), "{}", drawn.svg);
        let decoder = png::Decoder::new(std::io::Cursor::new(&drawn.png));
        let mut reader = decoder.read_info().unwrap();
        let mut data = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut data).unwrap();
        assert_eq!(frame.width, frame.height);
        assert!(data.contains(&0) && data.contains(&0xff), "it has dark modules and light ones");
    }

    #[test]
    fn what_does_not_fit_is_not_drawn() {
        let drawn = draw(&"x".repeat(10_000));

        assert!(drawn.svg.is_empty() && drawn.png.is_empty());
    }
}
