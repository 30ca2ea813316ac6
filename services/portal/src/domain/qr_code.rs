//! The QR code that identity drew, read out of its SVG document: pages show the drawing within markup of their own, so that nothing of
//! a neighbour's text is markup here.

/// A drawing in dark and light.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QrCode {
    /// Modules of a side, quiet zone included.
    pub(crate) side: u32,
    /// The dark modules, as data of an SVG path.
    pub(crate) path: String,
}

impl QrCode {
    /// Reads a document; none where it holds no drawing, or anything but lines in it.
    pub(crate) fn read(svg: &str) -> Option<Self> {
        let within = |name: &str| {
            let (_, rest) = svg.split_once(&format!("{name}=\""))?;
            rest.split_once('"').map(|(value, _)| value)
        };
        let mut sizes = within("viewBox")?.split(' ');
        let side = sizes.nth(2)?.parse::<u32>().ok()?;
        let path = within(" d")?;
        let is_line = |c: char| c.is_ascii_digit() || "MmHhVvLlZz,.- ".contains(c);
        (!path.is_empty() && path.chars().all(is_line)).then(|| Self { side, path: path.to_owned() })
    }
}

/// A key in groups of four, as people type it.
pub(crate) fn grouped(key: &str) -> String {
    let mut text = String::with_capacity(key.len() + key.len() / 4);
    for (place, character) in key.chars().enumerate() {
        if place > 0 && place % 4 == 0 {
            text.push(' ');
        }
        text.push(character);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_is_read_out_of_its_document() {
        let svg = r##"<svg viewBox="0 0 41 41" xmlns="x"><rect width="41px" height="41px" fill="#ffffff"/><path d="M4,4h1v1h-1M5,4h1v1h-1" fill="#000000"/></svg>"##;

        let read = QrCode::read(svg).unwrap();

        assert_eq!((read.side, &*read.path), (41, "M4,4h1v1h-1M5,4h1v1h-1"));
    }

    #[test]
    fn what_holds_more_than_lines_is_not_shown() {
        for svg in [
            "",
            "<svg></svg>",
            r#"<svg viewBox="0 0 x y"><path d="M1,1h1"/></svg>"#,
            r#"<svg viewBox="0 0 9 9"><path d=""/></svg>"#,
            r#"<svg viewBox="0 0 9 9"><path d="M1<script>"/></svg>"#,
        ] {
            assert_eq!(QrCode::read(svg), None, "{svg}");
        }
    }

    #[test]
    fn a_key_is_typed_in_groups_of_four() {
        assert_eq!(grouped("GEZDGNBVGY"), "GEZD GNBV GY");
        assert_eq!((grouped("GEZD"), grouped("")), ("GEZD".to_owned(), String::new()));
    }
}
