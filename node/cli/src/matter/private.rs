//! The contact of a reporter, and erasing the text of a matter.

use api::{ContactReason, ContactRequest, EraseRequest, Erased, Erasure, OpenedContact, Reach};
use clap::Subcommand;
use domain::ids::MatterId;

use super::{Asked, Failure, Output, one_of, show};

#[derive(Debug, Subcommand)]
pub(super) enum Private {
    /// Shows who reported a matter that is held here; the audit trail records it and the reason first
    ///
    /// Examples:
    ///   wujitong matter contact 330825002222-1f3a9c04-17 --reason visit
    #[command(verbatim_doc_comment)]
    Contact {
        /// Number of the matter
        id: MatterId,
        /// What the contact is needed for
        #[arg(long, value_parser = one_of::<ContactReason>())]
        reason: ContactReason,
    },
    /// Erases all text of a matter (删除), here and at every other node that had it
    ///
    /// The steps and their proofs stay. A node that does not hold the matter erases only its own
    /// copies.
    ///
    /// Examples:
    ///   wujitong matter erase 330825002222-1f3a9c04-17 --reason consent
    #[command(verbatim_doc_comment)]
    Erase {
        /// Number of the matter
        id: MatterId,
        /// The reason
        #[arg(long, value_parser = one_of::<Erasure>())]
        reason: Erasure,
    },
}

impl Private {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        match self {
            Self::Contact { id, reason } => {
                let path = asked.path(&format!("matters/{id}/contact"));
                let request = ContactRequest { reason };
                let opened: OpenedContact = asked.client.post(&path, &request).await?;
                output.facts(&opened, || show::person(&opened.contact) + "\n")
            }
            Self::Erase { id, reason } => {
                let path = asked.path(&format!("matters/{id}/erasure"));
                let request = EraseRequest { reason };
                let erased: Erased = asked.client.post(&path, &request).await?;
                output.facts(&erased, || reach(erased.reach).to_owned())
            }
        }
    }
}

const fn reach(reach: Reach) -> &'static str {
    match reach {
        Reach::Everywhere => "erased here; every other division that had it is told to erase it\n",
        Reach::Here => "erased here; the holder of the matter still has it\n",
    }
}
