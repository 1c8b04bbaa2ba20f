//! Typefaces of the PDF: the one that ships, and one of the site for what that one has not.

use std::path::Path;
use std::sync::Arc;

use krilla::text::Font;

const REGULAR: &[u8] = include_bytes!("fonts/72-Regular.ttf");
const BOLD: &[u8] = include_bytes!("fonts/72-Bold.ttf");

/// Why a font of the site cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FontError {
    /// The file cannot be read.
    #[error("report.font {path}: {reason}")]
    File {
        /// File.
        path: String,
        /// What the system said.
        reason: std::io::Error,
    },
    /// It is no font.
    #[error("report.font {0}: this is no TrueType or OpenType font")]
    Form(String),
}

/// One typeface.
struct Face {
    font: Font,
    bytes: Arc<Vec<u8>>,
}

impl Face {
    fn of(bytes: Vec<u8>) -> Option<Self> {
        let bytes = Arc::new(bytes);
        ttf_parser::Face::parse(&bytes, 0).ok()?;
        let shared: Arc<dyn AsRef<[u8]> + Send + Sync> = Arc::clone(&bytes) as _;
        Some(Self { font: Font::new(shared.into(), 0)?, bytes })
    }

    fn parsed(&self) -> ttf_parser::Face<'_> {
        ttf_parser::Face::parse(&self.bytes, 0).expect("was parsed when it was taken in")
    }
}

/// The typefaces of a document.
pub struct Fonts {
    regular: Face,
    bold: Face,
    site: Option<Face>,
}

/// Text of one typeface.
pub struct Run {
    /// Its font.
    pub font: Font,
    /// The text.
    pub text: String,
    /// Width at size 1.
    pub width: f32,
}

impl Fonts {
    /// The typefaces that ship, and `site` for characters that they have not.
    ///
    /// # Errors
    ///
    /// [`FontError`] if `site` is no font that can be read.
    pub fn new(site: Option<&Path>) -> Result<Self, FontError> {
        let shipped =
            |bytes: &[u8]| Face::of(bytes.to_vec()).expect("the fonts that ship are fonts");
        let site = site.map(|path| {
            let name = path.display().to_string();
            let bytes = std::fs::read(path)
                .map_err(|reason| FontError::File { path: name.clone(), reason })?;
            Face::of(bytes).ok_or(FontError::Form(name))
        });
        Ok(Self { regular: shipped(REGULAR), bold: shipped(BOLD), site: site.transpose()? })
    }

    /// Text as runs of one typeface each. A character that none has becomes `?`: an archive must not
    /// hold an empty box that looks like nothing.
    pub fn runs(&self, text: &str, bold: bool) -> Vec<Run> {
        let own = if bold { &self.bold } else { &self.regular };
        let parsed = own.parsed();
        let site = self.site.as_ref().map(|face| (face, face.parsed()));
        let mut runs: Vec<(bool, Run)> = Vec::new();
        for character in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
            let (is_site, character, face, glyphs) = match (&site, parsed.glyph_index(character)) {
                (Some((face, glyphs)), None) if glyphs.glyph_index(character).is_some() => {
                    (true, character, *face, glyphs)
                }
                (_, Some(_)) => (false, character, own, &parsed),
                _ => (false, '?', own, &parsed),
            };
            let glyph = glyphs.glyph_index(character).unwrap_or_default();
            let advance = f32::from(glyphs.glyph_hor_advance(glyph).unwrap_or(0));
            let width = advance / f32::from(glyphs.units_per_em());
            match runs.last_mut() {
                Some((same, run)) if *same == is_site => {
                    run.text.push(character);
                    run.width += width;
                }
                _ => {
                    let run = Run { font: face.font.clone(), text: character.into(), width };
                    runs.push((is_site, run));
                }
            }
        }
        runs.into_iter().map(|(_, run)| run).collect()
    }

    /// Width of a text at size 1.
    pub fn width(&self, text: &str, bold: bool) -> f32 {
        self.runs(text, bold).iter().map(|run| run.width).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_that_no_typeface_has_is_a_question_mark() {
        let fonts = Fonts::new(None).unwrap();

        let runs = fonts.runs("Stahl 钢 \u{142}\u{3b1}", false);

        assert_eq!(runs.len(), 1);
        assert_eq!(runs[0].text, "Stahl ? \u{142}\u{3b1}");
        assert!(fonts.width("WW", true) > fonts.width("ii", true));
    }

    #[test]
    fn a_font_that_is_none_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();

        let refusal = Fonts::new(Some(file.path())).err().unwrap().to_string();

        assert!(refusal.contains("no TrueType"), "{refusal}");
    }
}
