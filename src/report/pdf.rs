//! The report as PDF/A-2b: everything that it needs is in it, so it opens the same in ten years.

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use krilla::color::rgb;
use krilla::configure::ConfigurationBuilder;
use krilla::configure::validate::Archival;
use krilla::geom::{PathBuilder, Point};
use krilla::metadata::{DateTime, Metadata};
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::text::TextDirection;
use krilla::{Document, SerializeSettings};

use super::Report;
use super::font::{FontError, Fonts};
use super::layout::{self, Mark, PAGE};

/// Why there is no PDF.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// The font of the site cannot be used.
    #[error(transparent)]
    Font(#[from] FontError),
    /// The document breaks a rule of PDF/A.
    #[error("the report cannot be written as PDF/A-2b: {0}")]
    Form(String),
}

/// The PDF of a report. `font` has the characters that the shipped typeface has not.
///
/// # Source
///
/// ISO 19005-2 (PDF/A-2), conformance level B.
///
/// # Errors
///
/// [`PdfError`].
pub fn pdf(report: &Report, font: Option<&Path>) -> Result<Vec<u8>, PdfError> {
    let fonts = Fonts::new(font)?;
    let failed = |error: String| PdfError::Form(error);
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_B)
        .finish()
        .map_err(|error| failed(format!("{error:?}")))?;
    let settings =
        SerializeSettings { configuration, enable_tagging: false, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    for marks in layout::pages(report, &fonts) {
        let size = PageSettings::from_wh(PAGE.0, PAGE.1).expect("A4 has a size");
        let mut page = document.start_page_with(size);
        let mut surface = page.surface();
        for mark in marks {
            draw(&mut surface, &fonts, mark);
        }
        surface.finish();
        page.finish();
    }
    document.set_metadata(metadata(report));
    document.finish().map_err(|error| failed(format!("{error:?}")))
}

fn draw(surface: &mut krilla::surface::Surface<'_>, fonts: &Fonts, mark: Mark) {
    let black = Fill { paint: rgb::Color::new(29, 45, 62).into(), ..Fill::default() };
    match mark {
        Mark::Text { mut x, y, size, bold, text } => {
            surface.set_stroke(None);
            surface.set_fill(Some(black));
            for run in fonts.runs(&text, bold) {
                let at = Point::from_xy(x, y);
                let width = run.width * size;
                surface.draw_text(at, run.font, size, &run.text, false, TextDirection::LeftToRight);
                x += width;
            }
        }
        Mark::Rule { from, to, y } => {
            let mut path = PathBuilder::new();
            path.move_to(from, y);
            path.line_to(to, y);
            let Some(path) = path.finish() else { return };
            surface.set_fill(None);
            let paint = rgb::Color::new(120, 130, 140).into();
            surface.set_stroke(Some(Stroke { paint, width: 0.5, ..Stroke::default() }));
            surface.draw_path(&path);
        }
    }
}

fn metadata(report: &Report) -> Metadata {
    let metadata = Metadata::new()
        .title(report.title.clone())
        .description(report.foot.clone())
        .language("en".to_owned())
        .creator("Carbide".to_owned())
        .authors(vec!["Carbide".to_owned()]);
    let Ok(made) = report.made.parse::<Timestamp>() else { return metadata };
    let made = made.to_zoned(TimeZone::UTC);
    let part = |value: i8| u8::try_from(value).unwrap_or_default();
    let date = DateTime::new(u16::try_from(made.year()).unwrap_or_default())
        .month(part(made.month()))
        .day(part(made.day()))
        .hour(part(made.hour()))
        .minute(part(made.minute()))
        .second(part(made.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    metadata.creation_date(date)
}
