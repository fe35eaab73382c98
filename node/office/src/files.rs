//! Files of matters: uploaded, kept, fetched, swept.

pub(crate) mod area;
pub(crate) mod attachments;
pub(crate) mod owned;
pub(crate) mod refusal;
pub(crate) mod sweep;
pub(crate) mod uploads;
