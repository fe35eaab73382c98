//! Cells that can never be: they are kept apart, so that a person can see them, and count nowhere.

use api::CellApart;
use domain::{
    alarm::AlarmKind,
    authority::{Denied, Neighbour},
    envelope::Payload,
    rollup::{CellKey, CellRefusal, CellReport, Counters, Heard},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use store::{Range, record};
use topology::DivisionCode;
use wire::refusal::RefusalCode;

use super::{
    super::{Office, OfficeError, Received, keys, unit_of_work::UnitOfWork},
    account::Account,
    cell_of,
};

/// Cells of one child that are kept apart; beyond that they are refused and counted only.
const MOST_APART: u32 = 256;

/// A cell that is kept apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetApart {
    /// What the child said.
    pub report: CellReport,
    /// Why it does not count.
    pub why: CellRefusal,
    /// When it was last said.
    pub at: Timestamp,
}

domain::records!(SetApart);

impl UnitOfWork<'_> {
    /// Keeps a cell apart, and raises an alarm.
    pub(crate) async fn set_apart(
        &mut self,
        child: DivisionCode,
        report: &CellReport,
        why: CellRefusal,
    ) -> Result<(), OfficeError> {
        let mut account = self.child_account(child).await?;
        account.refused += 1;
        let key = keys::apart(child, &report.key);
        let known: Option<SetApart> = self.read(&key).await?;
        let later = |known: &SetApart| known.report.stamp < report.stamp;
        if known.as_ref().is_none_or(later) && (known.is_some() || account.apart < MOST_APART) {
            account.apart += u32::from(known.is_none());
            let apart = SetApart {
                report: report.clone(),
                why,
                at: self.now,
            };
            self.view.put(key, record::write(&apart));
        }
        self.put_child_account(child, &account);
        let key = &report.key;
        let standing = keys::standing_alarm(AlarmKind::FiguresRefused, Some(child));
        let stands = self.view.peek(&standing).await?.is_some();
        if stands && !account.refused.is_power_of_two() {
            return Ok(());
        }
        let detail = format!(
            "{} refused so far; the last: {} at {}, matters of {}, {}: {why}",
            account.refused,
            key.day,
            key.acting,
            key.origin,
            key.category.as_str()
        );
        self.raise(AlarmKind::FiguresRefused, Some(child), &detail)
            .await
    }

    /// A child may not say this at all; what it says of figures is kept apart all the same.
    pub(crate) async fn set_denied_apart(
        &mut self,
        from: Neighbour,
        received: &Received,
        denied: Denied,
    ) -> Result<(), OfficeError> {
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

    /// The child said something of this cell that counts.
    pub(super) async fn no_longer_apart(
        &mut self,
        child: DivisionCode,
        account: &mut Account,
        report: &CellReport,
    ) -> Result<(), OfficeError> {
        if account.apart == 0 {
            return Ok(());
        }
        let key = keys::apart(child, &report.key);
        let known: Option<SetApart> = self.read(&key).await?;
        if known.is_some_and(|known| known.report.stamp <= report.stamp) {
            self.view.delete(key);
            account.apart -= 1;
        }
        Ok(())
    }

    /// Looks again at those whose day or policy may have come.
    pub(super) async fn judge_again(&mut self, child: DivisionCode) -> Result<(), OfficeError> {
        let found = self.cells_under(&keys::apart_prefix(child)).await?;
        for (key, bytes) in found {
            let apart: SetApart = record::read(&bytes)?;
            debug_assert!(cell_of(&key, &keys::apart_prefix(child)).is_ok());
            if apart.why.may_pass() && self.judge(child, &apart.report).await?.is_ok() {
                let _judged_before = self.hear_cell(child, &apart.report).await?;
            }
        }
        Ok(())
    }
}

impl Office {
    /// What lives of children's stores had counted that are lost, and what stays counted of it.
    pub async fn lost_figures(&self) -> Result<Vec<(CellKey, Counters)>, OfficeError> {
        let mut lost = vec![];
        let found: Vec<(bytes::Bytes, Heard)> = self
            .read_all(Range::prefix(keys::HEARD_CELLS), usize::MAX)
            .await?;
        for (key, heard) in found {
            let cell = key
                .get(keys::HEARD_CELLS.len() + 8..)
                .and_then(CellKey::from_bytes);
            if let Some(cell) = cell.filter(|_| heard.lost() != Counters::default()) {
                lost.push((cell, heard.lost()));
            }
        }
        Ok(lost)
    }

    /// The cells of children that are kept apart, by child.
    pub async fn figures_apart(&self) -> Result<Vec<(DivisionCode, SetApart)>, OfficeError> {
        let found: Vec<(_, SetApart)> = self
            .read_all(Range::prefix(keys::APART), usize::MAX)
            .await?;
        let child = |key: &[u8]| {
            let code = key.get(keys::APART.len()..)?.first_chunk::<8>()?;
            DivisionCode::from_u64(u64::from_be_bytes(*code))
        };
        let of_child = |(key, apart): (bytes::Bytes, _)| Some((child(&key)?, apart));
        Ok(found.into_iter().filter_map(of_child).collect())
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
