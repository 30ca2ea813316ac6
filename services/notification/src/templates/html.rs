//! The HTML body: the paragraphs of the plain one, escaped and marked up.
//!
//! Everything passes [`escape`], so no variable can become markup. A paragraph that is the code alone stands out, one
//! that is the link alone can be clicked. No images, no remote anything: nothing here tells anybody it was opened.

use rekey_primitives::secret::Zeroizing;

use super::words::Direction;
use crate::domain::content::escape;
use crate::domain::message::Variables;

const CODE_STYLE: &str = "font-size:28px;letter-spacing:4px;font-weight:bold;font-family:monospace";
const BODY_STYLE: &str =
    "font-family:sans-serif;font-size:16px;line-height:1.5;color:#1a1a1a;max-width:600px";

/// What the document is, besides its paragraphs.
pub(super) struct Document<'a> {
    pub(super) language: &'a str,
    pub(super) direction: Direction,
    pub(super) subject: &'a str,
}

impl Document<'_> {
    /// The whole document around these paragraphs.
    pub(super) fn render(&self, text: &str, variables: &Variables) -> Zeroizing<String> {
        let mut page = Zeroizing::new(String::with_capacity(1_024 + 2 * text.len()));
        page.push_str("<!doctype html>\n<html lang=\"");
        escape(&mut page, self.language);
        page.push_str("\" dir=\"");
        page.push_str(self.direction.as_str());
        page.push_str("\">\n<head>\n<meta charset=\"utf-8\">\n<title>");
        escape(&mut page, self.subject);
        page.push_str("</title>\n</head>\n<body style=\"");
        page.push_str(BODY_STYLE);
        page.push_str("\">\n");
        for paragraph in text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()) {
            push_paragraph(&mut page, paragraph, variables);
        }
        page.push_str("</body>\n</html>\n");
        page
    }
}

fn push_paragraph(page: &mut String, paragraph: &str, variables: &Variables) {
    if variables.get("code") == Some(paragraph) {
        page.push_str("<p style=\"");
        page.push_str(CODE_STYLE);
        page.push_str("\">");
        escape(page, paragraph);
    } else if variables.get("link") == Some(paragraph) {
        page.push_str("<p><a href=\"");
        escape(page, paragraph);
        page.push_str("\">");
        escape(page, paragraph);
        page.push_str("</a>");
    } else {
        page.push_str("<p>");
        for (place, line) in paragraph.lines().enumerate() {
            if place > 0 {
                page.push_str("<br>\n");
            }
            escape(page, line);
        }
    }
    page.push_str("</p>\n");
}
