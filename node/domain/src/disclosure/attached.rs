//! Files beside the form of a disclosure: photos, documents, texts.

use serde::{Deserialize, Serialize};

use super::{BadDisclosure, Disclosure, DisclosureAct, Stage, Work};
use crate::{
    actor::Actor,
    attachment::Attachment,
    foreign::plain_line,
    personal,
    suite::{Digest, Suite},
    time::Timestamp,
};

/// The most files of an edition.
pub const MOST_ATTACHED: usize = 8;
/// The most files that are ever added to one disclosure, in all of its editions and drafts.
pub const MOST_EVER: u32 = 200;
/// The most characters of the name of a file.
const MOST_NAME: usize = 60;

/// A file beside the form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// Its number in the disclosure, from 1; none is given twice.
    pub no: u32,
    /// What it is called, 1 to 60 characters.
    pub name: Box<str>,
    /// The file.
    pub file: Attachment,
    /// SHA-256 of the file as everybody gets it.
    pub sha256: Digest,
    /// Lines of a text that look like personal data; 0 for files that cannot be searched.
    pub personal: u32,
}

/// A file to add.
#[derive(Clone, Debug)]
pub struct NewAttached {
    /// What it is called.
    pub name: String,
    /// The file.
    pub file: Attachment,
    /// SHA-256 of the file as everybody gets it.
    pub sha256: Digest,
    /// Lines of a text that look like personal data.
    pub personal: u32,
}

impl Attached {
    /// Returns whether a person has to look for personal data in it, because the program cannot.
    pub fn is_opaque(&self) -> bool {
        self.file.media != crate::attachment::Media::Text
    }
}

/// Returns the SHA-256 of a file, whatever algorithms it is sealed with.
pub fn digest_of(file: &[u8]) -> Digest {
    Suite::P256Sha256.digest(&[file])
}

/// Counts the lines of a text that look like personal data.
pub fn personal_lines(text: &str) -> u32 {
    let found = text.lines().filter(|line| personal::find(line).is_some());
    u32::try_from(found.count()).unwrap_or(u32::MAX)
}

impl Work {
    /// Returns how many lines of attached texts look like personal data.
    pub(super) fn personal_attached(&self) -> usize {
        let lines = self.attached.iter().map(|one| one.personal as usize);
        lines.sum()
    }

    /// Returns whether it has files that only a person can look through.
    pub fn has_opaque(&self) -> bool {
        self.attached.iter().any(Attached::is_opaque)
    }
}

impl Disclosure {
    /// Adds a file to the draft. Returns its number.
    ///
    /// # Errors
    /// [`BadDisclosure::Stage`], [`BadDisclosure::FileName`], [`BadDisclosure::Told`],
    /// [`BadDisclosure::ManyFiles`].
    pub fn attach(
        &mut self,
        new: NewAttached,
        (by, now): (Actor, Timestamp),
    ) -> Result<u32, BadDisclosure> {
        let name: Box<str> = plain_line(&new.name).into();
        let no = self.attached + 1;
        let work = self.work_at(DisclosureAct::Attach, &[Stage::Draft])?;
        let is_taken = work.attached.iter().any(|one| one.name == name);
        if !(1..=MOST_NAME).contains(&name.chars().count()) || is_taken {
            return Err(BadDisclosure::FileName);
        }
        super::act::told(&name)?;
        if work.attached.len() >= MOST_ATTACHED || no > MOST_EVER {
            return Err(BadDisclosure::ManyFiles);
        }
        work.attached.push(Attached {
            no,
            name: name.clone(),
            file: new.file,
            sha256: new.sha256,
            personal: new.personal,
        });
        work.is_written_by(&by);
        self.attached = no;
        self.note(DisclosureAct::Attach, &name, (by, now))?;
        Ok(no)
    }

    /// Takes a file out of the draft.
    ///
    /// # Errors
    /// [`BadDisclosure::Stage`], [`BadDisclosure::NoFile`].
    pub fn detach(
        &mut self,
        no: u32,
        (by, now): (Actor, Timestamp),
    ) -> Result<Attached, BadDisclosure> {
        let work = self.work_at(DisclosureAct::Detach, &[Stage::Draft])?;
        let at = work.attached.iter().position(|one| one.no == no);
        let gone = work.attached.remove(at.ok_or(BadDisclosure::NoFile(no))?);
        work.is_written_by(&by);
        self.note(DisclosureAct::Detach, &gone.name, (by, now))?;
        Ok(gone)
    }
}

#[cfg(test)]
mod tests;
