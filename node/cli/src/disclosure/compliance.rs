//! `wujitong disclosure compliance`

use api::{Compliance as Told, CompliedCounts, OverdueLine};
use domain::{disclosure::Complied, month::Month};

use crate::{Failure, Output, labels::moment, site::Asked, tables::table};

/// Shows how a division and those below it comply with what they have to make public in a month (公开率)
///
/// Examples:
///   wujitong disclosure compliance --node 330825
///   wujitong disclosure compliance --month 2026-10 --node 330825
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Compliance {
    /// The month in which it falls due; this month if absent
    #[arg(long, value_name = "YYYY-MM")]
    month: Option<Month>,
}

impl Compliance {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let query = self
            .month
            .map(|month| format!("?month={month}"))
            .unwrap_or_default();
        let path = asked.path(&format!("disclosures/compliance{query}"));
        let told: Told = asked.client.get(&path).await?;
        output.facts(&told, || text(&told))
    }
}

fn text(told: &Told) -> String {
    let headings = [
        "division",
        "#demanded",
        "#on time",
        "#late",
        "#overdue",
        "#open",
        "#in time",
    ];
    let own = told.divisions.iter().map(|one| {
        let name = format!("{} {}", one.division, one.name);
        match one.told {
            true => row(name, &one.total),
            false => row(format!("{name} (nothing told)"), &one.total),
        }
    });
    let total = std::iter::once(row(format!("all of {}", told.month), &told.total));
    let mut text = table(headings, own.chain(total));
    if !told.overdue.is_empty() {
        let late = told.overdue.iter().map(|one: &OverdueLine| {
            [
                format!("{} {}", one.division, one.name),
                one.item.clone(),
                one.from.clone(),
                one.to.clone(),
                moment(one.due_ms),
            ]
        });
        text += "\n";
        text += &table(["overdue at", "item", "from", "to", "was due"], late);
    }
    text
}

fn row(name: String, counts: &CompliedCounts) -> [String; 7] {
    let of = |what| counts.of(what).to_string();
    let share = counts.in_time_per_mille;
    [
        name,
        of(Complied::Demanded),
        of(Complied::OnTime),
        of(Complied::Late),
        of(Complied::Overdue),
        counts.open.to_string(),
        share.map_or_else(
            || "-".to_owned(),
            |share| format!("{}.{} %", share / 10, share % 10),
        ),
    ]
}
