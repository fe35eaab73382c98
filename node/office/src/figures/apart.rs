//! Impossible cells: they are set apart, so that a person can see them, and are not counted.

use api::CellApart;
use domain::{
    alarm::{AlarmKind, details},
    authority::{Denied, Neighbour},
    envelope::Payload,
    rollup::{CellKey, CellRefusal, CellReport, Counters},
};
use records::table::Table;
use topology::DivisionCode;
use wire::refusal::RefusalCode;

use super::account::Account;
pub use crate::tables::figures::SetApart;
use crate::{Fault, Received, services::Figures, tables, unit_of_work::UnitOfWork};

/// The most cells of one child that are set apart; more are refused and only counted.
const MOST_APART: u32 = 256;

impl UnitOfWork<'_> {
    /// Sets a cell apart, and raises an alarm.
    pub(crate) async fn set_apart(
        &mut self,
        child: DivisionCode,
        report: &CellReport,
        why: CellRefusal,
    ) -> Result<(), Fault> {
        let mut account = self.child_account(child).await?;
        account.refused += 1;
        let key = (child, report.key.clone());
        let known = self.view.get::<tables::CellsApart>(&key).await?;
        let later = |known: &SetApart| known.report.stamp < report.stamp;
        if known.as_ref().is_none_or(later) && (known.is_some() || account.apart < MOST_APART) {
            account.apart += u32::from(known.is_none());
            let apart = SetApart {
                report: report.clone(),
                why,
                at: self.now,
            };
            self.view.put::<tables::CellsApart>(&key, &apart);
        }
        self.put_child_account(child, &account);
        let key = &report.key;
        let standing = (Some(child), AlarmKind::FiguresRefused);
        let stands = self.view.has::<tables::Alarms>(&standing).await?;
        if stands && !account.refused.is_power_of_two() {
            return Ok(());
        }
        let detail = details::figures_refused(
            account.refused,
            key.day,
            key.acting,
            key.origin,
            key.category.as_str(),
            why.said(),
        );
        self.raise(AlarmKind::FiguresRefused, Some(child), &detail)
            .await
    }

    /// Sets apart figures of an envelope that the child may not send.
    pub(crate) async fn set_denied_apart(
        &mut self,
        from: Neighbour,
        received: &Received,
        denied: Denied,
    ) -> Result<(), Fault> {
        let (Neighbour::Child(child), Payload::Cell(report)) = (from, &received.envelope.payload)
        else {
            return Ok(());
        };
        let why = match denied {
            Denied::SpeaksForAnother => CellRefusal::NotItsDivision,
            Denied::UnknownDivision => CellRefusal::UnknownOrigin,
            _ => return Ok(()),
        };
        self.set_apart(child, report, why).await
    }

    /// Removes a cell that is set apart, because the child reported a value that counts.
    pub(super) async fn no_longer_apart(
        &mut self,
        child: DivisionCode,
        account: &mut Account,
        report: &CellReport,
    ) -> Result<(), Fault> {
        if account.apart == 0 {
            return Ok(());
        }
        let key = (child, report.key.clone());
        let known = self.view.get::<tables::CellsApart>(&key).await?;
        if known.is_some_and(|known| known.report.stamp <= report.stamp) {
            self.view.delete::<tables::CellsApart>(&key);
            account.apart -= 1;
        }
        Ok(())
    }

    /// Checks again the cells whose day or policy may have come.
    pub(super) async fn judge_again(&mut self, child: DivisionCode) -> Result<(), Fault> {
        let apart = tables::CellsApart::under(&child);
        for (_, apart) in self.view.scan(apart, usize::MAX).await? {
            if apart.why.may_pass() && self.judge(child, &apart.report).await?.is_ok() {
                let _judged_before = self.hear_cell(child, &apart.report).await?;
            }
        }
        Ok(())
    }
}

impl Figures<'_> {
    /// Returns the counts of lost lives of children's stores that stay counted.
    pub async fn lost(self) -> Result<Vec<(CellKey, Counters)>, Fault> {
        let mut lost = vec![];
        let heard = self.list(tables::HeardCells::all(), usize::MAX).await?;
        for ((_, cell), heard) in heard {
            if heard.lost() != Counters::default() {
                lost.push((cell, heard.lost()));
            }
        }
        Ok(lost)
    }

    /// Returns the cells of children that are set apart, by child.
    pub async fn apart(self) -> Result<Vec<(DivisionCode, SetApart)>, Fault> {
        let found = self.list(tables::CellsApart::all(), usize::MAX).await?;
        let of_child = |((child, _), apart)| (child, apart);
        Ok(found.into_iter().map(of_child).collect())
    }
}

impl SetApart {
    /// Returns the cell of a child as people see it.
    pub fn shown(&self, child: DivisionCode) -> CellApart {
        let apart = self;
        let key = &apart.report.key;
        CellApart {
            child,
            acting: key.acting,
            origin: key.origin,
            category: key.category.as_str().to_owned(),
            day: key.day.to_string(),
            reason: RefusalCode::from(apart.why).name().to_owned(),
            detail: apart.why.to_string(),
            at_ms: apart.at.0,
            figures: apart.report.counters.into(),
        }
    }
}
