//! The colours that follow from an organisation's accent, so that everything in them can be read on what it stands on.
//!
//! The grounds are those of `assets/style.css`. Where an accent is too near to one of them it goes towards black or white in
//! sixteenths, no further than it must.

use rekey_primitives::colour::Colour;

/// The least contrast of text (WCAG 2.2, 1.4.3, level AA).
const READABLE: f64 = 4.5;

const BLACK: Colour = Colour::of([0; 3]);

/// What pages are laid on; links stand there as well as on cards, which are white.
const LIGHT_GROUND: Colour = Colour::of([0xf4, 0xf5, 0xf7]);

/// Cards in dark mode. The ground is darker still.
const DARK_CARD: Colour = Colour::of([0x17, 0x1d, 0x24]);

/// An accent and what follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Palette {
    /// Of buttons, under white text.
    pub(crate) accent: Colour,
    /// Of links on the ground of a page.
    pub(crate) link: Colour,
    /// Of links and buttons in dark mode; the text of buttons is dark there.
    pub(crate) dark: Colour,
}

impl Palette {
    /// The colours of an accent; none for one that carries no white text, which identity takes from nobody.
    pub(crate) fn of(accent: Colour) -> Option<Self> {
        let is_readable = accent.contrast_with(Colour::WHITE) >= READABLE;
        is_readable.then(|| Self {
            accent,
            link: readable(accent, BLACK, LIGHT_GROUND),
            dark: readable(accent, Colour::WHITE, DARK_CARD),
        })
    }
}

/// The colour on the way from one to another that is the first to be readable on a ground.
fn readable(from: Colour, to: Colour, ground: Colour) -> Colour {
    let mut way = (0..=16).map(|sixteenths| mixed(from, to, sixteenths));
    way.find(|colour| colour.contrast_with(ground) >= READABLE).unwrap_or(to)
}

/// A mixture with so many parts in sixteen of another colour.
fn mixed(one: Colour, other: Colour, sixteenths: u16) -> Colour {
    let (one, other) = (one.channels(), other.channels());
    Colour::of(std::array::from_fn(|at| {
        let sum = u16::from(one[at]) * (16 - sixteenths) + u16::from(other[at]) * sixteenths;
        u8::try_from(sum / 16).unwrap_or(u8::MAX)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: &str = include_str!("../assets/style.css");

    /// The text of buttons in dark mode.
    const DARK_TEXT: &str = "#0c1116";

    fn colour(text: &str) -> Colour {
        Colour::parse(text).unwrap()
    }

    #[test]
    fn whatever_the_accent_all_of_it_can_be_read() {
        for accent in ["#000000", "#767676", "#0b57a4", "#b3170b", "#12652f", "#0000ff", "#8a2be2", "#7f0000"]
        {
            let palette = Palette::of(colour(accent)).unwrap();

            let contrasts = [
                palette.accent.contrast_with(Colour::WHITE),
                palette.link.contrast_with(Colour::WHITE),
                palette.link.contrast_with(LIGHT_GROUND),
                palette.dark.contrast_with(DARK_CARD),
                palette.dark.contrast_with(colour(DARK_TEXT)),
            ];
            assert_eq!(palette.accent, colour(accent));
            assert!(contrasts.iter().all(|contrast| *contrast >= READABLE), "{accent}: {contrasts:?}");
        }
    }

    #[test]
    fn a_colour_changes_no_further_than_it_must() {
        let plain = Palette::of(colour("#0b57a4")).unwrap();
        let black = Palette::of(BLACK).unwrap();

        assert_eq!(plain.link, plain.accent);
        assert_eq!(mixed(BLACK, Colour::WHITE, 8), colour("#7f7f7f"));
        assert_eq!(black.dark, colour("#8f8f8f"));
        assert_ne!(Palette::of(colour("#767676")).unwrap().link, colour("#767676"));
    }

    #[test]
    fn an_accent_that_carries_no_white_text_is_none() {
        for faint in ["#777777", "#ffffff", "#ffd75e"] {
            assert_eq!(Palette::of(colour(faint)), None, "{faint}");
        }
    }

    #[test]
    fn the_grounds_are_those_of_the_stylesheet() {
        assert!(STYLE.contains(&format!("--ground: {LIGHT_GROUND};")));
        assert!(STYLE.contains(&format!("--card: {DARK_CARD};")));
        assert!(STYLE.contains(&format!("--on-accent: {DARK_TEXT};")));
        assert!(STYLE.contains("--on-accent: #ffffff;") && STYLE.contains("--card: #ffffff;"));
    }
}
