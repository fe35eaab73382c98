//! The part of the story that takes a receipt and checks it.

use cli::{Failure, labels};
use domain::{
    ids::MatterId,
    receipt::{Finding, Kind},
};
use identity::Roots;
use serde::Serialize;

use super::story::{Teller, clerk, ensure};

use ::topology::DivisionCode;

/// The receipt of the matter that passed most tiers, and the result of its check.
#[derive(Debug, Serialize)]
pub(super) struct Proven {
    pub(super) matter: String,
    pub(super) file: String,
    pub(super) root: String,
    /// Signed receipts of the divisions that took or decided it.
    pub(super) receipts: Vec<Signed>,
    /// Number of checks that passed.
    pub(super) checked: usize,
    /// Facts that the file cannot prove.
    pub(super) not_checked: Vec<String>,
}

/// One receipt.
#[derive(Debug, Serialize)]
pub(super) struct Signed {
    pub(super) division: DivisionCode,
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) at_ms: i64,
}

impl Teller<'_> {
    /// Takes a receipt as its reporter would, and checks it with the root certificate only, as
    /// `wujitong verify` does.
    pub(super) async fn proven(&self, id: &str) -> Result<Proven, Failure> {
        let number: MatterId = id.parse().expect("it was just printed");
        let (home, tree) = (self.branch.home, &self.branch.tree);
        let file = self.network.receipt(home, number, clerk()).await?;
        let bytes = serde_json::to_vec_pretty(&file).expect("a receipt is plain JSON");
        let path = self.network.data().join(format!("receipt-{id}.json"));
        std::fs::write(&path, &bytes).map_err(|error| Failure::File(path.clone(), error))?;
        let root = self.network.data().join("roots.pem");
        let roots = Roots::read(&root)?;
        let verified = proof::verify(&bytes, None, &roots, tree);
        let verified = verified.map_err(|error| Failure::Receipt(path.clone(), error))?;
        ensure(verified.holds, || format!("the receipt of {id} holds"))?;
        let top = tree.root();
        let proves = |division, kind| {
            let mut receipts = verified.receipts.iter();
            receipts.any(|receipt| (receipt.division, receipt.kind) == (division, kind))
        };
        ensure(proves(home, Kind::Hop), || {
            format!("{home} signed that it took {id}")
        })?;
        ensure(proves(top, Kind::End), || {
            format!("{top} signed that it decided {id}")
        })?;
        let found = |finding| {
            verified
                .checks
                .iter()
                .filter(move |check| check.finding == finding)
        };
        Ok(Proven {
            matter: id.to_owned(),
            file: path.display().to_string(),
            root: root.display().to_string(),
            receipts: verified
                .receipts
                .iter()
                .map(|receipt| Signed {
                    division: receipt.division,
                    name: self.name(receipt.division),
                    kind: receipt.kind,
                    at_ms: receipt.at.0,
                })
                .collect(),
            checked: found(Finding::Ok).count(),
            not_checked: found(Finding::NotChecked)
                .map(|check| labels::both(check.what))
                .collect(),
        })
    }
}
