//! The paths that a Rust file names, in `use` lines and elsewhere, without the code that only runs in tests.
//!
//! It reads tokens, not text, so comments and strings name nothing; it does not resolve names, so a path counts
//! by its first words: `crate`, `self`, `super` or the name of a crate.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// What one file names.
#[derive(Debug, Default)]
pub(crate) struct Named {
    /// Paths into the file's own crate, from the root of the crate.
    pub(crate) own: Vec<Vec<String>>,
    /// Every other path, as written; the first word may be a crate or something local.
    pub(crate) other: Vec<Vec<String>>,
    /// Modules in files of their own that exist only in tests, from the root of the crate.
    pub(crate) test_modules: Vec<Vec<String>>,
}

/// Reads a file that is this module of its crate.
pub(crate) fn read(source: &str, module: &[String]) -> Named {
    let tokens: TokenStream = source.parse().unwrap_or_else(|error| panic!("{}: {error}", module.join("::")));
    let mut named = Named::default();
    walk(tokens, module, &mut named);
    named
}

fn walk(tokens: TokenStream, module: &[String], named: &mut Named) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        at = step(&tokens, at, module, named);
    }
}

/// Takes in what stands at this place and returns the place after it.
fn step(tokens: &[TokenTree], at: usize, module: &[String], named: &mut Named) -> usize {
    match &tokens[at] {
        TokenTree::Punct(punct) if punct.as_char() == '#' => match tokens.get(at + 1) {
            Some(TokenTree::Group(attribute)) if is_test_only(attribute) => {
                skip_item(tokens, at + 2, module, named)
            }
            _ => at + 1,
        },
        TokenTree::Ident(word) if *word == "use" => {
            let end = position_of(tokens, at, ';');
            expand(&tokens[at + 1..end], &[], &mut |path| keep(path, module, named));
            end
        }
        TokenTree::Ident(word) if *word == "mod" => match (tokens.get(at + 1), tokens.get(at + 2)) {
            (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) => {
                let inner = [module, &[name.to_string()]].concat();
                walk(body.stream(), &inner, named);
                at + 3
            }
            _ => at + 1,
        },
        TokenTree::Ident(_) => {
            let (path, next) = path(tokens, at);
            if path.len() > 1 {
                keep(path, module, named);
            }
            next
        }
        TokenTree::Group(group) => {
            walk(group.stream(), module, named);
            at + 1
        }
        _ => at + 1,
    }
}

/// `[cfg(test)]`, or a condition that holds only if `test` does.
fn is_test_only(attribute: &Group) -> bool {
    let text = attribute.stream().to_string().replace(' ', "");
    attribute.delimiter() == Delimiter::Bracket && (text == "cfg(test)" || text.starts_with("cfg(all(test,"))
}

/// The place after the item that starts here; a module in another file is remembered.
fn skip_item(tokens: &[TokenTree], from: usize, module: &[String], named: &mut Named) -> usize {
    let is_use = |at: usize| matches!(&tokens[at], TokenTree::Ident(word) if *word == "use");
    let mut in_use = false;
    for at in from..tokens.len() {
        in_use |= is_use(at);
        match &tokens[at] {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && !in_use => return at + 1,
            TokenTree::Punct(punct) if punct.as_char() == ';' => {
                if let [.., TokenTree::Ident(word), TokenTree::Ident(name)] = &tokens[from..at]
                    && *word == "mod"
                {
                    named.test_modules.push([module, &[name.to_string()]].concat());
                }
                return at + 1;
            }
            _ => {}
        }
    }
    tokens.len()
}

fn position_of(tokens: &[TokenTree], from: usize, wanted: char) -> usize {
    let is_wanted = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted);
    tokens[from..].iter().position(is_wanted).map_or(tokens.len(), |offset| from + offset)
}

/// `a::b::c` from here, and the place after it.
fn path(tokens: &[TokenTree], at: usize) -> (Vec<String>, usize) {
    let (mut words, mut next) = (vec![tokens[at].to_string()], at + 1);
    while let [TokenTree::Punct(one), TokenTree::Punct(two), TokenTree::Ident(word), ..] = &tokens[next..]
        && (one.as_char(), two.as_char()) == (':', ':')
    {
        words.push(word.to_string());
        next += 3;
    }
    (words, next)
}

/// The paths of a `use` tree.
fn expand(tree: &[TokenTree], prefix: &[String], found: &mut impl FnMut(Vec<String>)) {
    let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
    for branch in tree.split(is_comma).filter(|branch| !branch.is_empty()) {
        let mut words = prefix.to_vec();
        let mut group = None;
        for token in branch {
            match token {
                TokenTree::Ident(word) if *word == "as" => break,
                TokenTree::Ident(word) => words.push(word.to_string()),
                TokenTree::Group(inner) => group = Some(inner),
                _ => {}
            }
        }
        match group {
            Some(inner) => expand(&inner.stream().into_iter().collect::<Vec<_>>(), &words, found),
            None => found(words),
        }
    }
}

fn keep(path: Vec<String>, module: &[String], named: &mut Named) {
    let parents = path.iter().take_while(|word| *word == "super").count();
    match path[0].as_str() {
        "crate" => named.own.push(path[1..].to_vec()),
        "self" => named.own.push([module, &path[1..]].concat()),
        "super" => {
            let base = &module[..module.len().saturating_sub(parents)];
            named.own.push([base, &path[parents..]].concat());
        }
        _ => named.other.push(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(source: &str) -> Vec<String> {
        let module = ["flows".to_owned(), "reset".to_owned()];
        read(source, &module).own.iter().map(|path| path.join("::")).collect()
    }

    #[test]
    fn a_use_tree_is_taken_apart() {
        let found = own("pub(crate) use crate::{store::{self, Failure as Broken}, domain::reset::*};");

        assert_eq!(found, ["store::self", "store::Failure", "domain::reset"]);
    }

    #[test]
    fn relative_paths_are_resolved() {
        let found = own("use super::limits; fn f() { super::super::store::open(); self::x::y() }");

        assert_eq!(found, ["flows::limits", "store::open", "flows::reset::x::y"]);
    }

    #[test]
    fn an_inner_module_counts_from_where_it_stands() {
        let found = own("mod inner { use super::super::limits; }");

        assert_eq!(found, ["flows::limits"]);
    }

    #[test]
    fn comments_strings_and_test_code_name_nothing() {
        let found = own("// crate::a::b\nfn f() { g(\"crate::a::b\") }\n#[cfg(test)] use crate::{a::b};\n\
             #[cfg(test)]\nmod tests { use crate::a::b; }\n#[cfg(test)] fn h() { crate::a::b() }\n\
             fn after() { crate::kept::here() }");

        assert_eq!(found, ["kept::here"]);
    }

    #[test]
    fn derives_and_other_crates_are_seen() {
        let named = read("#[derive(sqlx::FromRow)] struct Row; fn f() -> tonic::Status {}", &[]);

        assert_eq!(named.other, [["sqlx", "FromRow"], ["tonic", "Status"]]);
    }

    #[test]
    fn a_module_that_exists_only_in_tests_is_remembered() {
        let named = read("#[cfg(test)]\npub(crate) mod fixtures;", &["store".to_owned()]);

        assert_eq!(named.test_modules, [["store", "fixtures"]]);
    }
}
