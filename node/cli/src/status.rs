//! `wujitong status`

use std::collections::BTreeMap;

use api::{LinkStatus, NeighbourSide, NodeStatus};

use super::{
    Failure, Output, alarm, key,
    labels::{self, span},
    revoke,
    site::Site,
    tables::{pairs, table},
};

/// Links are listed one by one for at most so many nodes.
const FEW: usize = 8;

/// Shows how a process and its nodes are doing: matters, links, queues
///
/// Examples:
///   wujitong status
///   wujitong status --data /srv/county --json
///   wujitong status --data /srv/county --node 330825002
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Status {
    #[command(flatten)]
    site: Site,
    /// Leaves the counts of matters out, which take time where there are many
    #[arg(long)]
    brief: bool,
}

impl Status {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let mut path = format!("/v1/status?brief={}", self.brief);
        if let Some(node) = self.site.named() {
            path.push_str(&format!("&node={node}"));
        }
        let status: api::Status = self.site.client().get(&path).await?;
        output.facts(&status, || for_people(&status))
    }
}

fn for_people(status: &api::Status) -> String {
    let api::NetworkStatus { id, zone, demo, .. } = &status.network;
    let mut text = pairs([
        (
            "network",
            format!("{id}{}", if *demo { " (demo)" } else { "" }),
        ),
        ("zone", zone.clone()),
        ("version", status.version.clone()),
        ("up for", span(status.uptime_ms)),
    ]);
    if let Some(trouble) = &status.disk {
        text += &format!("\nno new work is taken: {trouble}\n");
    }
    if let Some(trouble) = &status.traces {
        text += &format!("\n链路追踪未送达 traces are lost: {trouble}\n");
    }
    text.push('\n');
    let headings = [
        "node", "name", "tier", "#holding", "#giving", "#copies", "#links", "#queued",
    ];
    text += &table(headings, status.nodes.iter().map(line));
    text += &awaited(status);
    text += &alarms(status);
    text += &calendar(status);
    text += &revoked(status);
    text += &stated(status);
    text += &given_up(status);
    text += &failing_hooks(status);
    let few = status.nodes.len() <= FEW;
    let shown = |link: &LinkStatus| few || link.side == NeighbourSide::Parent && !link.state.up;
    let links: Vec<_> = status
        .nodes
        .iter()
        .flat_map(|node| node.links.iter().map(move |link| (node, link)))
        .filter(|(_, link)| shown(link))
        .collect();
    if !links.is_empty() {
        text += if few {
            "\nlinks\n"
        } else {
            "\nlinks to parents that are down\n"
        };
        let headings = [
            "node",
            "neighbour",
            "name",
            "side",
            "link",
            "#received",
            "#settled",
            "last end",
        ];
        text += &table(
            headings,
            links
                .into_iter()
                .map(|(node, link)| one(status, node, link)),
        );
    }
    text
}

/// Who has to show something before work on earlier matters goes on.
fn awaited(status: &api::Status) -> String {
    let waiting = status.nodes.iter().filter(|node| !node.awaited.is_empty());
    let line = |node: &NodeStatus| {
        let by: Vec<String> = node
            .awaited
            .iter()
            .map(|one| one.short().to_string())
            .collect();
        format!(
            "\n{} {} was brought back from an older copy 数据已回退: earlier matters wait until {} have shown \
             what they know\n",
            node.division.short(),
            node.name,
            by.join(", ")
        )
    };
    waiting.map(line).collect()
}

fn alarms(status: &api::Status) -> String {
    let standing = |node: &NodeStatus| !node.alarms.is_empty();
    let mut text = String::new();
    for node in status.nodes.iter().filter(|node| standing(node)) {
        text += &format!("\nalarms 警报 of {} {}\n", node.division.short(), node.name);
        text += &alarm::lines(&node.alarms);
    }
    text
}

/// The calendars that end soon, once each: what is due after them is provisional.
fn calendar(status: &api::Status) -> String {
    let calendars = status
        .nodes
        .iter()
        .filter_map(|node| node.calendar.as_ref());
    let soon = calendars
        .filter(|calendar| calendar.ends_soon)
        .map(|calendar| {
            format!(
                "\nholidays are announced through {} by {}; publish the next year 日历即将到期\n",
                calendar.announced_through, calendar.source
            )
        });
    let soon: std::collections::BTreeSet<String> = soon.collect();
    soon.into_iter().collect()
}

/// Keys of the nodes shown, and of their neighbours, that do not count any more.
fn revoked(status: &api::Status) -> String {
    let mut lines: Vec<_> = status.nodes.iter().flat_map(|node| &node.revoked).collect();
    lines.sort_by_key(|line| (line.division, &line.key));
    lines.dedup();
    if lines.is_empty() {
        return String::new();
    }
    format!(
        "\n{}",
        revoke::lines(lines, labels::Names(&BTreeMap::new()))
    )
}

/// Keys of the nodes shown, and those below that somebody may have to look at.
fn stated(status: &api::Status) -> String {
    let mut lines: Vec<_> = status.nodes.iter().flat_map(|node| &node.keys).collect();
    lines.sort_by_key(|line| (line.division, line.serial, &line.key));
    lines.dedup_by_key(|line| (line.division, &line.key));
    if status.nodes.len() > FEW {
        lines.retain(|line| line.serial > 1 || line.vouched.is_none());
    }
    if lines.is_empty() {
        return String::new();
    }
    format!("\n{}", key::lines(lines, labels::Names(&BTreeMap::new())))
}

fn given_up(status: &api::Status) -> String {
    let rows: Vec<_> = status
        .nodes
        .iter()
        .flat_map(|node| {
            node.given_up.iter().map(move |line| {
                [
                    node.division.short(),
                    line.kind.clone(),
                    line.author.short(),
                    line.issue.to_string(),
                    labels::moment(line.at_ms),
                ]
            })
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let headings = ["node", "crashed on", "author", "#issue", "last"];
    format!(
        "\nrefused, because the node crashed on it\n{}",
        table(headings, rows)
    )
}

fn failing_hooks(status: &api::Status) -> String {
    let rows: Vec<_> = status
        .nodes
        .iter()
        .flat_map(|node| {
            node.failing_hooks.iter().map(move |hook| {
                [
                    node.division.short(),
                    hook.id.clone(),
                    hook.name.clone(),
                    hook.failures.to_string(),
                    hook.since_ms.map(labels::moment).unwrap_or_default(),
                    if hook.given_up { "given up" } else { "tried" }.to_owned(),
                ]
            })
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let headings = ["node", "webhook", "name", "#failures", "since", "now"];
    format!("\nwebhooks that fail\n{}", table(headings, rows))
}

fn line(node: &NodeStatus) -> [String; 8] {
    let count = |pick: fn(&api::MatterCounts) -> usize| {
        node.matters
            .as_ref()
            .map_or("-".to_owned(), |counts| pick(counts).to_string())
    };
    [
        node.division.short(),
        node.name.clone(),
        labels::tier(node.tier),
        count(|counts| counts.holding),
        count(|counts| counts.giving),
        count(|counts| counts.copies),
        format!("{}/{}", node.links_up, node.links_expected),
        node.queues
            .iter()
            .map(|queue| queue.segments)
            .sum::<usize>()
            .to_string(),
    ]
}

fn one(status: &api::Status, node: &NodeStatus, link: &LinkStatus) -> [String; 8] {
    let state = &link.state;
    let side = match link.side {
        NeighbourSide::Parent => "parent 上级",
        NeighbourSide::Child => "child 下级",
    };
    let up = match state.since_ms {
        Some(since) if state.up => {
            format!(
                "up {}",
                span(u64::try_from(status.now_ms - since).unwrap_or_default())
            )
        }
        _ if state.up => "up".to_owned(),
        Some(_) => "down".to_owned(),
        None => "never up".to_owned(),
    };
    [
        node.division.short(),
        link.neighbour.short(),
        link.name.clone(),
        side.to_owned(),
        up,
        state.received.to_string(),
        state.settled.to_string(),
        state.last_end.clone().unwrap_or_default(),
    ]
}
