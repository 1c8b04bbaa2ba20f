//! Every sentence that the program can say to the page has a text in each language of the page.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use carbide::check::RuleSet;

const OTHERS: [&str; 3] = ["de", "zh", "ja"];

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The program without its unit tests and comments.
fn program() -> String {
    code_below("src")
}

fn code_below(folder: &str) -> String {
    let mut files = Vec::new();
    rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut files);
    let code = |path: PathBuf| {
        let source = std::fs::read_to_string(path).unwrap();
        let source = source.split("#[cfg(test)]\nmod").next().unwrap().to_owned();
        let lines = source.lines().filter(|line| !line.trim_start().starts_with("//"));
        lines.collect::<Vec<_>>().join("\n")
    };
    files.into_iter().map(code).collect::<Vec<_>>().join("\n")
}

/// A literal at the beginning of `code`, and what stands behind it.
fn literal(code: &str) -> Option<(String, &str)> {
    let rest = code.trim_start().strip_prefix('"')?;
    let (mut text, mut chars) = (String::new(), rest.char_indices());
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((text, &rest[at + 1..])),
            '\\' => match chars.next()?.1 {
                '\n' => {
                    while rest[chars.offset()..].starts_with(char::is_whitespace) {
                        chars.next();
                    }
                }
                'n' => text.push('\n'),
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
    None
}

/// As the page writes what stands in braces, and the formula.
fn as_page(text: &str) -> String {
    text.replace(":.", ":").replace(":+.", ":+").replace("CO2e", "CO₂e")
}

/// Keys and English texts of every sentence in the program.
fn said_by_program() -> BTreeMap<String, String> {
    let mut said = BTreeMap::new();
    for part in program().split("said!(").skip(1) {
        let Some((key, rest)) = literal(part) else { continue };
        let rest = rest.trim_start().strip_prefix(',').unwrap_or_default();
        let (text, _) = literal(rest).unwrap_or_else(|| panic!("{key} has no literal text"));
        let text = as_page(&text);
        let before = said.insert(key.clone(), text.clone());
        assert!(before.is_none_or(|before| before == text), "two sentences have the key {key}");
    }
    // What the shipped rules say; a plant that writes its own reads them as it wrote them.
    for rule in RuleSet::default().list() {
        said.insert(format!("rule.{}.action", rule.id), rule.action);
        let then = rule.on_deadline.into_iter();
        said.extend(then.map(|then| (format!("rule.{}.deadline", rule.id), then)));
    }
    said.insert("join.all".to_owned(), " and ".to_owned());
    said.insert("join.list".to_owned(), ", ".to_owned());
    said
}

fn path_of(language: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("web/src/said/{language}.json"))
}

fn texts(language: &str) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(path_of(language)).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{language}: {error}"))
}

/// The names in braces, without decimals.
fn names(text: &str) -> BTreeSet<&str> {
    let inside = text.split('{').skip(1).filter_map(|part| part.split('}').next());
    inside.map(|name| name.split(':').next().unwrap_or_default()).collect()
}

/// The longest run of English words, apart from commands and names in code, settings and braces.
fn english_run(text: &str) -> usize {
    let outside: Vec<&str> = text.split('`').step_by(2).collect();
    let (mut longest, mut run) = (0, 0);
    for word in outside.join(" # ").split([' ', '\n']) {
        let english = word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase() || c == ',');
        run = if english { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[test]
fn the_english_of_the_page_is_that_of_the_program() {
    let said = said_by_program();
    if std::env::var_os("CARBIDE_WRITE_TEXTS").is_some() {
        let json = serde_json::to_string_pretty(&said).unwrap();
        std::fs::write(path_of("en"), json + "\n").unwrap();
    }

    let page = texts("en");

    assert!(said.len() > 20, "{}", said.len());
    let differ: Vec<_> = said.iter().filter(|(key, text)| page.get(*key) != Some(*text)).collect();
    let gone: Vec<_> = page.keys().filter(|key| !said.contains_key(*key)).collect();
    let how = "CARBIDE_WRITE_TEXTS=1 cargo test --test capability languages writes en.json anew";
    assert!(differ.is_empty() && gone.is_empty(), "{how}: {differ:#?}, no longer said: {gone:?}");
}

#[test]
fn every_sentence_has_a_text_with_the_same_facts_in_each_language() {
    let english = texts("en");
    for language in OTHERS {
        let other = texts(language);
        let missing: Vec<_> = english.iter().filter(|(key, _)| !other.contains_key(*key)).collect();
        let unknown: Vec<_> = other.keys().filter(|key| !english.contains_key(*key)).collect();
        assert!(missing.is_empty(), "{language} has no text for {missing:#?}");
        assert!(unknown.is_empty(), "{language} has texts for {unknown:?}, which nobody says");
        for (key, text) in &other {
            assert_eq!(names(text), names(&english[key]), "{language}: {key}");
            assert!(!text.trim().is_empty() || key.starts_with("join."), "{language}: {key}");
        }
    }
}

#[test]
fn no_text_of_another_language_is_english() {
    for language in OTHERS {
        for (key, text) in texts(language) {
            // German words look like English ones to the test; below it is compared.
            let longest = if language == "de" { 0 } else { english_run(&text) };
            assert!(longest < 3, "{language}: {key} is English: {text}");
        }
    }
    let (english, german) = (texts("en"), texts("de"));
    for (key, text) in &german {
        let words = english_run(&english[key]);
        assert!(words < 3 || *text != english[key], "de: {key} is English: {text}");
    }
}

#[test]
fn every_column_of_a_table_has_a_head_in_the_page() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/src/texts/en.ts");
    let page = std::fs::read_to_string(page).unwrap();
    let program = code_below("src/serve/sheets");
    let mut columns = BTreeSet::new();
    for kind in ["text", "key", "number", "instant"] {
        let begins = format!("Column::{kind}(");
        columns.extend(program.split(&begins).skip(1).filter_map(|rest| Some(literal(rest)?.0)));
    }

    // Heads of the table that people fill in: they are read back, so they have one language.
    let filled_in = ["read_energy", "right_energy"];
    let shown = columns.iter().filter(|key| !filled_in.contains(&key.as_str()));
    let missing: Vec<_> = shown.filter(|key| !page.contains(&format!("col_{key}:"))).collect();

    assert!(columns.len() > 40, "{columns:?}");
    assert!(missing.is_empty(), "web/src/texts has no head for {missing:?}");
}
