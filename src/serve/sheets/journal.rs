//! Tables of the journal.

use crate::present::sheet::{Column, Sheet};
use crate::serve::metrics::phase_name;
use crate::serve::plant::JournalView;

/// Change sets, the newest first.
pub(super) fn change_sets(journal: &JournalView) -> Sheet {
    let mut sheet = Sheet::new(
        "change-sets",
        vec![
            Column::text("change_set"),
            Column::key("phase"),
            Column::text("purpose"),
            Column::text("requested_by"),
            Column::number("documents", "", 0),
            Column::instant("begun"),
            Column::instant("window_ends"),
            Column::text("reason"),
        ],
    );
    for set in journal.change_sets.iter().rev() {
        sheet.row(vec![
            set.change_set_id.to_string(),
            phase_name(set.phase),
            set.purpose.clone(),
            set.requested_by.clone(),
            set.documents.to_string(),
            set.begun.to_string(),
            set.ends.map_or_else(String::new, |at| at.to_string()),
            set.reason.clone().unwrap_or_default(),
        ]);
    }
    sheet
}

/// Requests for approval, the newest first.
pub(super) fn requests(journal: &JournalView) -> Sheet {
    let mut sheet = Sheet::new(
        "requests",
        vec![
            Column::text("request"),
            Column::text("purpose"),
            Column::text("requested_by"),
            Column::instant("requested_at"),
            Column::number("documents", "", 0),
            Column::text("approved_by"),
            Column::text("posted_as"),
            Column::text("hash"),
        ],
    );
    for request in journal.requests.iter().rev() {
        sheet.row(vec![
            request.name.clone(),
            request.draft.purpose.clone(),
            request.draft.requested_by.clone(),
            request.at.to_string(),
            request.draft.documents.len().to_string(),
            request.approved_by.clone().unwrap_or_default(),
            request.posted_as.as_ref().map_or_else(String::new, ToString::to_string),
            request.hash.clone(),
        ]);
    }
    sheet
}
