//! The matters that one officer has, and who takes them when the officer leaves.
//!
//! Each is dispatched anew like any other, so that its steps say so; nothing is done to a matter that somebody
//! dispatched elsewhere in between.

use std::sync::Arc;

use domain::{
    custody::Work,
    ids::MatterId,
    matter::{Act, Matter, Target},
    people::{Account, AccountId, Permission},
};
use records::table::Table;

use super::index::Partition;
use crate::{
    Failed, Fault, MatterRefusal, Request, RequestContext, Saw, services::Matters, tables,
};

/// Entries of the index read at a time.
const CHUNK: usize = 500;

/// Who takes the matters of an officer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Successor {
    /// Another officer.
    Officer(Box<Account>),
    /// The department to which each was dispatched, or else that of the officer who leaves.
    Department,
    /// Nobody by name: each waits at its platform until the command room dispatches it.
    Nobody,
}

impl Successor {
    /// Returns to whom a matter is dispatched; `None` if there is no department that could take it.
    fn target(&self, before: Target, leaver: &Account) -> Option<Target> {
        let target = |department, officer| Target {
            platform: before.platform,
            department,
            officer,
        };
        match self {
            Self::Officer(account) => {
                let same = before.department.filter(|d| account.department == Some(*d));
                Some(target(same, Some(account.id.0)))
            }
            Self::Department => {
                let department = before.department.or(leaver.department)?;
                Some(target(Some(department), None))
            }
            Self::Nobody => Some(target(None, None)),
        }
    }
}

/// The open matters of an officer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChargedWith {
    /// How many there are.
    pub count: usize,
    /// The first of them, in the order in which they were reported.
    pub first: Vec<MatterId>,
}

/// What became of a matter that was to be handed over.
pub type HandedOver = (MatterId, Result<(), Failed<MatterRefusal>>);

fn is_with(matter: &Matter, officer: AccountId) -> Option<Target> {
    let target = matter.dispatched().filter(|_| !matter.is_closed());
    target.filter(|target| target.officer == Some(officer.0))
}

impl Matters<'_> {
    /// Returns how many open matters that are held here were dispatched to an officer by name, and the first
    /// `most` of them. Reads every open docket of this node at one moment, without the turn.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn charged_with(self, officer: AccountId, most: usize) -> Result<ChargedWith, Fault> {
        let mut read = self.read()?;
        let (mut found, mut last) = (ChargedWith::default(), None);
        loop {
            let rows = tables::Index::under(&Partition::HeldOpen).after(last.as_ref());
            let lines = read.scan(rows, CHUNK).await?;
            for (_, line) in &lines {
                let docket = read.get::<tables::Dockets>(&line.id).await?;
                let theirs = docket.and_then(|docket| is_with(&docket.matter, officer));
                if theirs.is_some() {
                    found.count += 1;
                    if found.first.len() < most {
                        found.first.push(line.id);
                    }
                }
            }
            match lines.last() {
                Some((key, _)) if lines.len() == CHUNK => last = Some(*key),
                _ => break,
            }
        }
        Ok(read.finish(found).await?)
    }

    /// Dispatches the open matters of an officer to a successor, at most `most`, one by one. Returns what became of
    /// each; those that failed are still the officer's.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn hand_over(
        self,
        leaver: &Account,
        to: &Successor,
        most: usize,
        by: &RequestContext,
    ) -> Result<Vec<HandedOver>, Fault> {
        let mut done = vec![];
        for id in self.charged_with(leaver.id, most).await?.first {
            let outcome = self.hand_over_one(id, leaver, to, by).await;
            done.push((id, outcome));
        }
        Ok(done)
    }

    async fn hand_over_one(
        self,
        id: MatterId,
        leaver: &Account,
        to: &Successor,
        by: &RequestContext,
    ) -> Result<(), Failed<MatterRefusal>> {
        let docket = self.docket(id).await?;
        let with = docket.and_then(|docket| {
            let before = is_with(&docket.matter, leaver.id)?;
            Some((before, docket.matter.version))
        });
        // Somebody dispatched it elsewhere meanwhile.
        let Some((before, version)) = with else {
            return Ok(());
        };
        let target = to.target(before, leaver);
        let target = target.ok_or(MatterRefusal::NoDepartment(id))?;
        let dispatch = Work::Do(Act::Dispatch(target));
        let by = match by.request() {
            Some(whole) => {
                let saw = Saw {
                    matter: id,
                    versions: vec![version],
                };
                let one = Request::new(whole.whence, Permission::ManageAccounts);
                RequestContext::new(by.actor().clone(), Arc::new(one.that_saw(Some(saw))))
            }
            None => by.clone(),
        };
        self.work(id, dispatch, None, by, None).await
    }
}
