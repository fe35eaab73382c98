//! The story as text.

use std::fmt::Write;

use cli::labels;

use super::story::{Affairs, Figures, Story, Told, clock};

use ::topology::Tree;

/// Returns the text of the whole story.
pub(super) fn tell(story: &Story, tree: &Tree) -> String {
    let mut text = String::new();
    write(story, tree, &mut text).expect("writing to a string does not fail");
    text
}

fn write(story: &Story, tree: &Tree, to: &mut String) -> std::fmt::Result {
    writeln!(
        to,
        "五级通 Wujitong: {} nodes, {} of {} links up, formed in {:.1} s. 五级节点已联网。",
        story.nodes,
        story.links_up,
        story.nodes - 1,
        story.formed_ms as f64 / 1000.0
    )?;
    for told in &story.matters {
        matter(told, to)?;
    }
    writeln!(
        to,
        "\nFor the last of these the clock of the demo was put forward by {}, so that its deadline passed. \
         演示时钟已快进。",
        labels::span(story.put_forward_ms.unsigned_abs())
    )?;
    receipt(story, to)?;
    let adoption = &story.adoption;
    writeln!(
        to,
        "\nTemplate {} 模板: applied by {} of {} nodes, complete at the province after {} ms.",
        adoption.template, adoption.applied, adoption.total, adoption.elapsed_ms
    )?;
    let cut = &story.cut_off;
    writeln!(
        to,
        "\n{} was cut off 断网: {} matters were reported below it, {} crossed the cut link; after the link \
         came back all were above in {} ms.",
        tree.full_name(cut.division).unwrap_or_default(),
        cut.reported,
        cut.arrived_while_cut,
        cut.catch_up_ms
    )?;
    writeln!(
        to,
        "\nThe province's figures beside all {} journals 省级汇总与各级台账:",
        story.nodes
    )?;
    writeln!(
        to,
        "  {:24}{:>9}{:>9}{:>9}{:>9}{:>9}{:>11}",
        "", "reported", "taken", "given", "closed", "open", "in transit"
    )?;
    figures("province's rollup", &story.rollup.province, to)?;
    figures("counted by hand", &story.rollup.counted_from_journals, to)?;
    writeln!(
        to,
        "  equal {} ms after the last act",
        story.rollup.quiet_after_ms
    )?;
    if let Some(told) = &story.affairs {
        affairs(told, to)?;
    }
    next(story, to)?;
    writeln!(
        to,
        "\nEverything above was checked. It took {:.1} s.",
        story.elapsed_ms as f64 / 1e3
    )
}

fn receipt(story: &Story, to: &mut String) -> std::fmt::Result {
    let proven = &story.receipt;
    writeln!(
        to,
        "\nReceipt 回执 of {}: checked with the root certificate only 仅凭根证书离线核验, {} checks passed.",
        proven.matter, proven.checked
    )?;
    for signed in &proven.receipts {
        writeln!(
            to,
            "  {}  {}  {:14} {}",
            clock(signed.at_ms),
            signed.division,
            labels::both(signed.kind),
            signed.name
        )?;
    }
    let mut silent = proven.not_checked.clone();
    silent.dedup();
    writeln!(
        to,
        "  cannot be checked from the file 无法核验: {}",
        silent.join(", ")
    )?;
    Ok(())
}

/// Tells where to look next.
fn next(story: &Story, to: &mut String) -> std::fmt::Result {
    let look = &story.look;
    writeln!(to, "\nWhere to look next 接下来:")?;
    if let Some(pages) = &look.pages {
        writeln!(to, "  open {pages} in a browser 用浏览器打开")?;
    }
    writeln!(to, "  wujitong status --data {}", look.data)?;
    writeln!(
        to,
        "  wujitong verify {} --root {}",
        story.receipt.file, story.receipt.root
    )?;
    writeln!(to, "  wujitong rollup show --data {} --node 33", look.data)?;
    if let Some(http) = &look.http {
        writeln!(
            to,
            "  curl {http}/metrics      ({http}/healthz, {http}/readyz)"
        )?;
    }
    writeln!(
        to,
        "  control socket {}, peers at {}",
        look.socket, look.peers
    )?;
    match &look.traces {
        Some(otlp) => writeln!(to, "  traces went to {otlp}"),
        None => writeln!(
            to,
            "  traces: set WUJITONG_TELEMETRY_OTLP=http://127.0.0.1:4317 to export"
        ),
    }?;
    Ok(())
}

fn matter(told: &Told, to: &mut String) -> std::fmt::Result {
    writeln!(to, "\n{}  {}  trace {}", told.id, told.title, told.trace_id)?;
    let mut before = None;
    for stop in &told.path {
        let hop = before.map_or(0, |before| stop.at_ms - before);
        before = Some(stop.at_ms);
        writeln!(
            to,
            "  {} {:>6} ms  {}  {:10} {}",
            clock(stop.at_ms),
            format!("+{hop}"),
            stop.division,
            stop.act,
            stop.name
        )?;
    }
    Ok(())
}

fn affairs(told: &Affairs, to: &mut String) -> std::fmt::Result {
    let counted = &told.counted;
    let names: Vec<_> = told.published.iter().map(|one| &*one.name).collect();
    writeln!(
        to,
        "\nMade public 公开: {} published one item each through three pairs of hands. The province counts {} demanded in {}, {} in time.",
        names.join(", "),
        counted.demanded,
        counted.month,
        counted.on_time
    )?;
    if let Some(one) = &told.tightened {
        writeln!(
            to,
            "  {} demands more of itself 收紧: {} within {}, by {}",
            one.village.name, one.item, one.due, one.template
        )?;
    }
    if let Some(one) = &told.refused {
        writeln!(
            to,
            "  {} and {} others refuse {} 不适用: {} ({} apply it)",
            one.by.name,
            one.refused - 1,
            one.template,
            one.why,
            one.applied
        )?;
    }
    if let Some(one) = &told.overdue {
        writeln!(
            to,
            "  {} is late 逾期: {} was due on {}; the county reads its name",
            one.village.name, one.item, one.due
        )?;
    }
    if let Some(one) = &told.rewritten {
        let by: Vec<_> = one.noticed_by.iter().map(|one| &*one.name).collect();
        writeln!(
            to,
            "  {} changed its public log 改动台账: {} raised the alarm and keep both heads: {}",
            one.village.name,
            by.join(" and "),
            one.how
        )?;
    }
    Ok(())
}

fn figures(name: &str, figures: &Figures, to: &mut String) -> std::fmt::Result {
    let Figures {
        reported,
        taken,
        given,
        closed,
        open,
        in_transit,
    } = figures;
    writeln!(
        to,
        "  {name:24}{reported:>9}{taken:>9}{given:>9}{closed:>9}{open:>9}{in_transit:>11}"
    )
}
