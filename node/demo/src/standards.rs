//! What the demo's county asks for beside reports: its data standard comes down, and a report with its data goes up.

use std::time::{Duration, Instant};

use cli::Failure;
use domain::{
    matter::{Channel, Contact},
    standard::Standard,
    template::TemplateKind,
};
use office::{Failed, MatterRefusal, NewReport};

use super::{
    issued::issue,
    network::{Branch, Network, PATIENCE},
    story::{clerk, ensure, office_failed},
};

/// The standard that counties can start with.
const STANDARD: &str = include_str!("../../../config/templates/county-data.toml");

/// Publishes the standard at the county, and reports a dispute at the home village, first with a code that no list has,
/// unless it was done in an earlier start.
pub(super) async fn ask(network: &Network, branch: &Branch) -> Result<(), Failure> {
    let home = network.office(branch.home);
    let known = || async {
        let standard = home.templates().standard_in_force().await;
        standard.map_err(office_failed)
    };
    if is_known(&*known().await?) {
        return Ok(());
    }
    let template = ("county-data", "数据标准 data of reports", STANDARD);
    issue(network, branch, TemplateKind::Standard, template).await?;
    let started = Instant::now();
    while !is_known(&*known().await?) {
        ensure(started.elapsed() < PATIENCE, || {
            "the village has the county's data standard".to_owned()
        })?;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let report = |kind: &str| NewReport {
        channel: Channel::Snapshot,
        data: vec![
            ("dispute-kind".to_owned(), kind.to_owned()),
            ("persons-affected".to_owned(), "2".to_owned()),
        ],
        contact: Some(Contact {
            name: "徐桂英".to_owned(),
            ..Contact::default()
        }),
        ..NewReport::new(
            "order/dispute".parse().expect("a constant category"),
            "两家为过道的宽窄争了起来，请调解。".to_owned(),
        )
    };
    let wrong = home.matters().report(report("quarrel"), clerk()).await;
    let is_refused = matches!(wrong, Err(Failed::Refused(MatterRefusal::Data(_))));
    ensure(is_refused, || {
        "a code that no list has is refused".to_owned()
    })?;
    let right = home.matters().report(report("neighbours"), clerk()).await;
    right.map(|_| ()).map_err(office_failed)
}

fn is_known(standard: &Standard) -> bool {
    standard.element("dispute-kind").is_some()
}
