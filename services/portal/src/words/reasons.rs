//! Why identity or notification refused something, as the end of a sentence: a text for each published reason, under its name in lower
//! case.

use super::words;

words! { ReasonWords:
    role_missing
}
