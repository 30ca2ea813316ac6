//! A message as it goes out, and the one way text becomes markup.

use rekey_primitives::secret::Zeroizing;

/// A message as it goes out. It may hold a code: no `Debug`, and wiped when dropped.
pub(crate) enum Rendered {
    Email {
        /// One line.
        subject: Zeroizing<String>,
        text: Zeroizing<String>,
        html: Zeroizing<String>,
        /// The tag of the language that it is written in.
        language: String,
    },
    Sms {
        text: Zeroizing<String>,
    },
    /// The event of a webhook, as its caller wrote it.
    Event {
        json: Zeroizing<String>,
    },
}

/// Escapes text for element content and for attributes in double quotes.
pub(crate) fn escape(page: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            _ => page.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_escaped_can_leave_its_element_or_attribute() {
        let mut page = String::new();

        escape(&mut page, "<a href=\"x\" title='y'>&");

        assert_eq!(page, "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;");
    }
}
