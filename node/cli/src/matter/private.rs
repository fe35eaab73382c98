//! Who a reporter is, and erasing what was written.

use api::{EraseRequest, Erased, Erasure, OpenedContact, Reach};
use clap::Subcommand;
use domain::ids::MatterId;
use serde_json::json;

use super::{Asked, Failure, Output, json, labels, one_of, show};

#[derive(Debug, Subcommand)]
pub(super) enum Private {
    /// Shows who reported a matter that is held here; that you looked is recorded first
    ///
    /// Examples:
    ///   wujitong matter contact 330825002222-1f3a9c04-17
    #[command(verbatim_doc_comment)]
    Contact {
        /// Its number
        id: MatterId,
    },
    /// Erases everything that was written in a matter (删除), here and wherever it was
    ///
    /// The steps stay, with what they prove. A node that does not hold the matter erases its own copies.
    ///
    /// Examples:
    ///   wujitong matter erase 330825002222-1f3a9c04-17 --reason consent
    #[command(verbatim_doc_comment)]
    Erase {
        /// Its number
        id: MatterId,
        /// Why
        #[arg(long, value_parser = one_of::<Erasure>(&labels::ERASURES))]
        reason: Erasure,
    },
}

impl Private {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        match self {
            Self::Contact { id } => {
                let path = asked.path(&format!("matters/{id}/contact"));
                let opened: OpenedContact = asked.client.post(&path, &json!({})).await?;
                output.facts(&opened, || show::person(&opened.contact) + "\n")
            }
            Self::Erase { id, reason } => {
                let path = asked.path(&format!("matters/{id}/erasure"));
                let request = json(&EraseRequest { reason });
                let erased: Erased = asked.client.post(&path, &request).await?;
                output.facts(&erased, || reach(erased.reach).to_owned())
            }
        }
    }
}

const fn reach(reach: Reach) -> &'static str {
    match reach {
        Reach::Everywhere => "erased here; every other division that had it is told to\n",
        Reach::Here => "erased here; whoever holds the matter still has it\n",
    }
}
