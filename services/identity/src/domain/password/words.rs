//! Finding words in passwords in spite of how people disguise them.
//!
//! Both sides are folded alike: lower case, without accents and characters that do not show, with letters for
//! the signs and digits that stand for them. Folding loses on purpose: `i`, `l`, `1` and `!` become one letter.
//!
//! The bundled list (`common.txt`) holds some 2,200 of the passwords and base words that guessing starts
//! with, written down from general knowledge. It is a floor and no breach corpus; a tenant adds its own
//! terms, and the points catch most of what is built from listed words.

use std::collections::HashSet;
use std::fmt;
use std::sync::LazyLock;

use rekey_primitives::text::is_invisible;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use zeroize::Zeroize;

/// Shortest word that earns its single point: shorter ones are no easier to guess than their letters.
const WORD_MIN: usize = 4;

/// Longest word looked for, which bounds the work per character.
const WORD_MAX: usize = 24;

static COMMON: LazyLock<HashSet<Folded>> = LazyLock::new(|| {
    include_str!("common.txt").lines().map(str::trim).filter(|line| !line.is_empty()).map(fold).collect()
});

/// A folded text. It may be a password, so it is wiped when dropped and never printed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Folded(Vec<char>);

impl Folded {
    /// Whether the other text stands anywhere in this one.
    pub(crate) fn contains(&self, word: &Self) -> bool {
        !word.0.is_empty() && self.0.windows(word.0.len()).any(|part| part == word.0)
    }
}

/// So that parts of a candidate are looked up without copying them.
impl std::borrow::Borrow<[char]> for Folded {
    fn borrow(&self) -> &[char] {
        &self.0
    }
}

impl Drop for Folded {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Folded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Folded(..)")
    }
}

/// The bundled list, folded.
pub(crate) fn common() -> &'static HashSet<Folded> {
    &COMMON
}

/// Folds a text.
pub(crate) fn fold(text: &str) -> Folded {
    // Room for what decomposition adds, so that no half-filled copy is left behind by growing.
    let mut folded = Vec::with_capacity(4 * text.len());
    folded.extend(
        text.nfkd()
            .filter(|c| !is_combining_mark(*c) && !is_invisible(*c))
            .flat_map(char::to_lowercase)
            .map(undisguised),
    );
    Folded(folded)
}

fn undisguised(c: char) -> char {
    match c {
        '@' | '4' => 'a',
        '8' => 'b',
        '3' => 'e',
        '1' | '!' | '|' | 'l' => 'i',
        '0' => 'o',
        '$' | '5' => 's',
        '7' | '+' => 't',
        other => other,
    }
}

/// Whether two texts are equal but for at most one character added, removed or changed.
pub(crate) fn within_one_edit(left: &Folded, right: &Folded) -> bool {
    let (short, long) = if left.0.len() <= right.0.len() { (&left.0, &right.0) } else { (&right.0, &left.0) };
    if long.len() - short.len() > 1 {
        return false;
    }
    let same_front = short.iter().zip(long.iter()).take_while(|(a, b)| a == b).count();
    let skipped = usize::from(short.len() == long.len());
    short.get(same_front + skipped..).unwrap_or_default() == long.get(same_front + 1..).unwrap_or_default()
}

/// The fewest points a text can be read as: one for each known word, one for each character beside them.
pub(crate) fn points(text: &Folded, is_known: impl Fn(&[char]) -> bool) -> u32 {
    let length = text.0.len();
    let mut fewest: Vec<u32> = vec![0; length + 1];
    for end in 1..=length {
        let alone = fewest[end - 1];
        let after_word = (end.saturating_sub(WORD_MAX)..=end.saturating_sub(WORD_MIN))
            .filter(|start| end - start >= WORD_MIN && is_known(&text.0[*start..end]))
            .map(|start| fewest[start])
            .min();
        fewest[end] = 1 + after_word.map_or(alone, |before| before.min(alone));
    }
    fewest[length]
}
