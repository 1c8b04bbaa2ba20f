//! Tables of the journal.

use crate::post::purpose::reason_said;
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
        let purpose = sheet.cell(&set.purpose_said);
        let reason = set.reason.as_deref().map(reason_said).unwrap_or_default();
        let reason = sheet.cell(&reason);
        sheet.row(vec![
            set.change_set_id.to_string(),
            phase_name(set.phase),
            purpose,
            set.requested_by.clone(),
            set.documents.to_string(),
            set.begun.to_string(),
            set.ends.map_or_else(String::new, |at| at.to_string()),
            reason,
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
        let purpose = sheet.cell(&request.draft.purpose_said());
        sheet.row(vec![
            request.name.clone(),
            purpose,
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
