//! One text in the hands of the engine, which is given little: a filter, some fuel, no depth.
//!
//! Fuel bounds the steps of a rendering and what it makes, about 64 bytes for each; with texts of one language this small,
//! it is a second line behind [`source`](super::source).

use minijinja::value::Kwargs;
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, Value};
use rekey_primitives::secret::Zeroizing;

use super::plurals::Plurals;
use crate::domain::template_text::{Part, TemplateParts};

/// A megabyte of output, or some thousand variables: twenty times what a part of 8 kB with ordinary values needs.
const FUEL: u64 = 20_000;
/// An expression nests nowhere.
const DEPTH: usize = 16;

/// A text that can be rendered.
pub(super) struct CompiledText {
    engine: Environment<'static>,
}

impl CompiledText {
    /// Compiles the parts of a text in the language of that tag.
    ///
    /// # Errors
    /// A part does not read.
    pub(super) fn compile(parts: &TemplateParts, tag: &str) -> Result<Self, Error> {
        let mut engine = Environment::empty();
        engine.set_undefined_behavior(UndefinedBehavior::Strict);
        // The part decides, not a file name: only the markup of `html` is HTML, and it escapes by itself.
        engine.set_auto_escape_callback(|_| AutoEscape::None);
        engine.set_fuel(Some(FUEL));
        engine.set_recursion_limit(DEPTH);
        let plurals = Plurals::of(tag);
        engine.add_filter("plural", move |number: String, forms: Kwargs| plurals.form(&number, &forms));
        for part in Part::ALL {
            engine.add_template_owned(part.as_str(), parts.part(part).to_owned())?;
        }
        Ok(Self { engine })
    }

    /// Renders a part.
    ///
    /// # Errors
    /// A variable is missing, or the fuel is used up.
    pub(super) fn render(&self, part: Part, values: &Value) -> Result<Zeroizing<String>, Error> {
        self.engine.get_template(part.as_str())?.render(values).map(Zeroizing::new)
    }
}
