//! `wujitong status`

use std::collections::BTreeMap;

use api::{
    LinkStatus, NeighbourSide, NodeCounts, NodeStatus, StatusQuery, WorkerLine, WorkerState,
};
use indicatif::HumanBytes;
use topology::DivisionCode;

use super::{
    Failure, Output, alarm, key,
    labels::{self, moment, span},
    language::{self, either},
    revoke,
    site::Site,
    tables::{pairs, table},
};

/// Links are listed one by one for at most this many nodes.
const FEW: usize = 8;

/// Shows how a process and its nodes are doing: matters, links, queues, and what they do by themselves
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
    /// Leaves out the counts of matters, which take time at large nodes
    #[arg(long)]
    brief: bool,
}

impl Status {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let query = StatusQuery {
            node: self.site.named(),
            brief: self.brief,
        };
        let status: api::Status = self.site.client().find("/v1/status", &query).await?;
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
        (
            "last backup 上次备份",
            match &status.backup {
                Some(last) => format!("{}, {}", moment(last.made_ms), HumanBytes(last.bytes)),
                None => "none known 没有记录".to_owned(),
            },
        ),
    ]);
    if let Some(trouble) = &status.disk {
        text += &format!("\nno new work is accepted: {trouble}\n");
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
    text += &template_lists(status);
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
            "last contact",
            "version",
            "certificate until",
            "#received",
            "#settled",
            "#refused",
            "#templates",
            "last end",
        ];
        text += &table(
            headings,
            links
                .into_iter()
                .map(|(node, link)| one(status, node, link)),
        );
    }
    text += &unseen(status);
    text += &below(status);
    text + &workers(status)
}

/// How the nodes below are: counts of each node's subtree and of its children's, and which are in trouble.
fn below(status: &api::Status) -> String {
    let mut rows = vec![];
    let mut troubles = vec![];
    let mut versions = vec![];
    let told = status
        .nodes
        .iter()
        .filter_map(|node| Some((node, node.subtree.as_ref()?)));
    let told = told.filter(|(_, told)| told.total.known > 1 || !told.troubles.is_empty());
    for (node, told) in told {
        rows.push(nodes_of(node.division, &node.name, &told.total));
        if status.nodes.len() == 1 {
            let children = told.children.iter();
            rows.extend(children.map(|one| nodes_of(one.division, &one.name, &one.counts)));
        }
        troubles.extend(told.troubles.iter().map(|one| {
            [
                node.division.short(),
                one.full_name.clone(),
                labels::both(one.what),
                moment(one.since_ms),
            ]
        }));
        versions.extend(told.versions.iter().map(|one| {
            [
                node.division.short(),
                one.version.clone(),
                one.nodes.to_string(),
            ]
        }));
    }
    let mut text = String::new();
    if !rows.is_empty() {
        let headings = [
            "node",
            "name",
            "#known",
            "#up",
            "#silent",
            "#unreached",
            "#troubled",
            "#not joined",
        ];
        text += &format!("\nnodes below 下级节点\n{}", table(headings, rows));
    }
    if !troubles.is_empty() {
        let headings = ["known at", "node", "trouble", "since"];
        text += &format!(
            "\nnodes in trouble 有问题的节点\n{}",
            table(headings, troubles)
        );
    }
    // One version everywhere is nothing to tell.
    if versions.iter().any(|row| row[1] != status.version) {
        let headings = ["known at", "version", "#nodes"];
        text += &format!("\nversions 版本\n{}", table(headings, versions));
    }
    text
}

fn nodes_of(division: DivisionCode, name: &str, counts: &NodeCounts) -> [String; 8] {
    let NodeCounts {
        known,
        up,
        silent,
        unreached,
        troubled,
        not_joined,
    } = *counts;
    let [known, up, silent, unreached, troubled, not_joined] =
        [known, up, silent, unreached, troubled, not_joined].map(|count| count.to_string());
    [
        division.short(),
        name.to_owned(),
        known,
        up,
        silent,
        unreached,
        troubled,
        not_joined,
    ]
}

/// Returns the children that somebody set up and that were never linked.
fn unseen(status: &api::Status) -> String {
    let rows: Vec<_> = status
        .nodes
        .iter()
        .flat_map(|node| {
            let unseen = node.unseen.iter().filter(|one| one.has_key);
            unseen.map(|one| {
                [
                    node.division.short(),
                    one.neighbour.short(),
                    one.name.clone(),
                ]
            })
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let headings = ["node", "neighbour", "name"];
    format!(
        "\nset up and never linked 已办入网、从未连通\n{}",
        table(headings, rows)
    )
}

/// What is done by itself: all of it for the process, and for a few nodes; of many nodes what does not go on.
fn workers(status: &api::Status) -> String {
    let few = status.nodes.len() <= FEW;
    let stuck =
        |line: &WorkerLine| matches!(line.state, WorkerState::Failing | WorkerState::Stopped);
    let of_process = status.workers.iter().map(|line| (None, line));
    let of_nodes = status.nodes.iter().flat_map(|node| {
        let shown = node.workers.iter().filter(|line| few || stuck(line));
        shown.map(move |line| (Some(node), line))
    });
    let rows = of_process.chain(of_nodes).map(|(node, line)| {
        let error = either(
            language::of_terminal(),
            line.last_error.as_ref(),
            line.last_error_chinese.as_ref(),
        );
        [
            labels::worker(&line.name),
            node.map_or("-".to_owned(), |node| node.division.short()),
            line.subject.clone().unwrap_or_default(),
            doing(line, status.now_ms),
            line.queue.map_or("-".to_owned(), |queue| queue.to_string()),
            line.runs.to_string(),
            line.failures.to_string(),
            match line.last_error_ms {
                Some(at) => format!("{}: {error}", labels::moment(at)),
                None => error,
            },
        ]
    });
    let headings = [
        "worker",
        "node",
        "of",
        "state",
        "#queue",
        "#runs",
        "#failures",
        "last error",
    ];
    format!("\nworkers 后台任务\n{}", table(headings, rows))
}

/// What a worker does, since when, and when it goes on.
fn doing(line: &WorkerLine, now_ms: i64) -> String {
    let time = |from: i64, to: i64| span(u64::try_from(to - from).unwrap_or_default());
    let mut text = format!("{} for {}", line.state.label(), time(line.since_ms, now_ms));
    if let Some(until) = line.until_ms {
        text += &format!(", next in {}", time(now_ms, until));
    }
    text
}

/// Returns the neighbours that must send their data before work on earlier matters continues.
fn awaited(status: &api::Status) -> String {
    let waiting = status.nodes.iter().filter(|node| !node.awaited.is_empty());
    let line = |node: &NodeStatus| {
        let by: Vec<String> = node
            .awaited
            .iter()
            .map(|one| one.short().to_string())
            .collect();
        format!(
            "\n{} {} was brought back from an older copy 数据已回退: earlier matters wait until {} have sent \
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
        text += &alarm::lines(&node.alarms, language::of_terminal());
    }
    text
}

/// Returns the calendars that end soon, each once: due times after them are provisional.
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

/// Returns the lists of current templates that ran out, or name what did not come.
fn template_lists(status: &api::Status) -> String {
    let lists = status.nodes.iter().flat_map(|node| {
        let lists = node.template_lists.iter();
        lists.filter_map(move |list| Some((node.division, list, list.fault?)))
    });
    let told = lists.map(|(division, list, fault)| {
        let what = match list.missing.is_empty() {
            true => labels::moment(list.ends_at_ms),
            false => list.missing.join(", "),
        };
        format!(
            "\nat {division} the list of templates of {} is {fault} 模板清单{}: {what}\n",
            list.issuer,
            fault.chinese(),
        )
    });
    told.collect()
}

/// Returns the keys of the nodes shown and of their neighbours that no longer count.
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

/// Returns the keys of the nodes shown, and keys below them that an operator may have to look at.
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
                    either(
                        language::of_terminal(),
                        hook.last_failure.as_ref(),
                        hook.last_failure_chinese.as_ref(),
                    ),
                ]
            })
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let headings = [
        "node",
        "webhook",
        "name",
        "#failures",
        "since",
        "now",
        "last failure",
    ];
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
        node.tier.label(),
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

fn one(status: &api::Status, node: &NodeStatus, link: &LinkStatus) -> [String; 13] {
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
        None => "not up since the start".to_owned(),
    };
    [
        node.division.short(),
        link.neighbour.short(),
        link.name.clone(),
        side.to_owned(),
        up,
        link.last_contact_ms.map(labels::moment).unwrap_or_default(),
        state.program.clone().unwrap_or_default(),
        state
            .certificate
            .as_ref()
            .map(|shown| labels::moment(shown.until_ms))
            .unwrap_or_default(),
        state.received.to_string(),
        state.settled.to_string(),
        state.refused.to_string(),
        match link.templates.len() {
            0 => String::new(),
            other => format!("{other} differ"),
        },
        either(
            language::of_terminal(),
            state.last_end.as_ref(),
            state.last_end_chinese.as_ref(),
        ),
    ]
}
