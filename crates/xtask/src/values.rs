//! The table of values in the chart's README, made of the comments in `values.yaml`.
//!
//! Each value has a comment above it there; a table of them has none of its own. The reader knows no more of YAML than that
//! file uses: two blanks a level, and one key a line.

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::run;

const BEGIN: &str = "<!-- values: `cargo xtask chart --write-readme` writes this table -->\n";
const END: &str = "<!-- end of values -->";

/// Refuses a README whose table is not that of today's values.
pub(crate) fn check_readme(chart: &str) -> Result<()> {
    let (path, text, wanted) = readme(chart)?;
    ensure!(text == wanted, "{path} is not of today's values: cargo xtask chart --write-readme");
    Ok(())
}

/// Writes the table anew.
pub(crate) fn write_readme(chart: &str) -> Result<()> {
    let (path, _, wanted) = readme(chart)?;
    fs::write(run::root()?.join(path), wanted).context("writing the README of the chart")
}

fn readme(chart: &str) -> Result<(String, String, String)> {
    let path = format!("{chart}/README.md");
    let text = fs::read_to_string(run::root()?.join(&path)).with_context(|| path.clone())?;
    let values = fs::read_to_string(run::root()?.join(chart).join("values.yaml"))?;
    let (before, rest) = text.split_once(BEGIN).context("the README has no place for the values")?;
    let (_, after) = rest.split_once(END).context("the place for the values has no end")?;
    let wanted = format!("{before}{BEGIN}\n{}\n{END}{after}", table(&values)?);
    Ok((path, text, wanted))
}

fn table(values: &str) -> Result<String> {
    let mut rows = vec!["| Value | Default | Meaning |".to_owned(), "|---|---|---|".to_owned()];
    let mut path: Vec<&str> = Vec::new();
    let mut comment: Vec<&str> = Vec::new();
    let mut lines = values.lines().peekable();
    while let Some(line) = lines.next() {
        let (level, content) = ((line.len() - line.trim_start().len()) / 2, line.trim());
        let Some((key, value)) = content.split_once(':').filter(|_| !content.starts_with(['#', '-'])) else {
            match content.strip_prefix('#') {
                Some(words) => comment.push(words.trim()),
                None => comment.clear(),
            }
            continue;
        };
        path.truncate(level);
        path.push(key);
        let deeper = |next: &&str| next.len() - next.trim_start().len() > level * 2;
        let is_table = value.is_empty()
            && lines.peek().is_some_and(|next| deeper(next) && !next.trim().starts_with('-'));
        if is_table {
            comment.clear();
            continue;
        }
        ensure!(!comment.is_empty(), "{} has no comment in values.yaml", path.join("."));
        let mut default = value.trim().to_owned();
        if value.is_empty() {
            while let Some(next) = lines.next_if(|next| deeper(next)) {
                default = format!("{default} {}", next.trim());
            }
        }
        let default = default.trim().replace('|', "\\|");
        rows.push(format!("| `{}` | `{default}` | {} |", path.join("."), comment.join(" ")));
        comment.clear();
    }
    Ok(rows.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn every_value_is_a_row_with_its_path_its_default_and_its_comment() {
        let values = "# About the file.\n\nimage:\n  # Which\n  # one.\n  tag: \"\"\n# Who.\ncallers:\n  - a: b\n  - c\n# On?\non: true\n";

        let table = table(values).unwrap();

        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(
            rows,
            [
                "| `image.tag` | `\"\"` | Which one. |",
                "| `callers` | `- a: b - c` | Who. |",
                "| `on` | `true` | On? |"
            ]
        );
    }

    #[test]
    fn a_value_without_a_comment_is_refused() {
        assert_eq!(table("a:\n  b: 1\n").unwrap_err().to_string(), "a.b has no comment in values.yaml");
    }
}
