//! What follows from each docket that a decision changes.
//!
//! A projection is one function of how a docket was before the decision and how it is after it. All run once, when
//! the decision is submitted, however often the docket was written before; what they write is part of the same unit.
//! A new one is a function beside what it keeps, and a line in [`UnitOfWork::project`].

use crate::{Fault, unit_of_work::UnitOfWork};

impl UnitOfWork<'_> {
    /// Writes what follows from the dockets that this decision changed.
    pub(super) async fn project(&mut self) -> Result<(), Fault> {
        let dockets = std::mem::take(&mut self.dockets);
        for change in dockets.changes() {
            self.project_index(change);
            self.project_published(change);
            self.project_answered(change);
            self.project_compliance(change);
            self.project_feed(change);
            self.project_dealings(change).await?;
            self.project_log(change);
        }
        Ok(())
    }
}
