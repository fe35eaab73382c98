//! A township that is away for a week, and how fresh the copies of others are in that time.

use std::{num::NonZeroU32, sync::Arc};

use config::Config;
use serde_json::Value;
use testkit::{
    CLERK, COUNTY, INSPECTOR, Network, Options, PROVINCE, TOWNSHIP, VILLAGE, clock::ShiftedClock,
    code, emergency, eventually, known, rubbish,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use wujitong::{
    api::{ReportRequest, Stands},
    cli::client::Client,
    domain::{
        category::Priority,
        clock::Stage,
        feed::Changed,
        ids::MatterId,
        matter::{Act, Outcome},
        measure::Measure,
        template::{Stance, TemplateKind},
        time::Timestamp,
    },
    office::{Clock, NewReport, NewTemplate},
};

/// 槐王村, in the same township.
const NEIGHBOUR: &str = "330825002223";

const HOUR_MS: i64 = 3_600_000;
/// Time that a test may take, in milliseconds.
const SLACK_MS: i64 = HOUR_MS / 2;

/// When these networks begin: 2026-03-02, a Monday, 09:00 in Shanghai.
const MONDAY: Timestamp = Timestamp(1_772_413_200_000);

/// Starts a branch of the tree whose clocks the test moves.
async fn branch(leaves: &[&str]) -> (Network, Arc<ShiftedClock>) {
    branch_with(leaves, |config| {
        config.http.listen = Some(([127, 0, 0, 1], 0).into());
    })
    .await
}

async fn branch_with(leaves: &[&str], adjust: fn(&mut Config)) -> (Network, Arc<ShiftedClock>) {
    let clock = Arc::new(ShiftedClock::starting_at(MONDAY));
    let options = Options {
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        adjust,
        ..Options::default()
    };
    let network = Network::with(leaves, options).await;
    network.linked().await;
    (network, clock)
}

/// A matter reported in the village, and the slip of its reporter.
struct ReporterToken {
    id: MatterId,
    token: String,
}

/// The content of a reporter's page.
#[derive(Debug)]
struct Page {
    json: Value,
    by: String,
    through_ms: i64,
    age_ms: i64,
}

impl ReporterToken {
    async fn of(network: &Network) -> Self {
        let report = ReportRequest {
            slip: true,
            ..ReportRequest::new("enforcement/rubbish", "rubbish")
        };
        let client = Client::new(network.host(VILLAGE).socket());
        let reported = client.report(code(VILLAGE), &report).await.unwrap();
        Self {
            id: reported.id.parse().unwrap(),
            token: reported.token.unwrap(),
        }
    }

    /// Requests the village's page over plain HTTP; `None` if it does not state its age.
    async fn page(&self, network: &Network) -> Option<Page> {
        let mut stream = TcpStream::connect(network.host(VILLAGE).http().unwrap())
            .await
            .unwrap();
        let request = format!(
            "GET /v1/nodes/{VILLAGE}/matters/{} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             reporter-token: {}\r\n\r\n",
            self.id, self.token
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
        let json: Value = serde_json::from_str(body).unwrap();
        let through_ms = json["known"]["through_ms"].as_i64()?;
        let age_ms = json["known"]["shown_ms"].as_i64().unwrap() - through_ms;
        let header = head.lines().find_map(|line| line.strip_prefix("age: "));
        assert_eq!(header.unwrap(), (age_ms / 1_000).to_string());
        Some(Page {
            by: json["known"]["by"].as_str().unwrap().to_owned(),
            json,
            through_ms,
            age_ms,
        })
    }

    /// Reads the page again and again until it covers a moment: then it must show the matter as
    /// closed, and never before.
    async fn never_says_too_much(&self, network: &Network, closed_ms: i64) {
        loop {
            let page = self.page(network).await.unwrap();
            let closed = page.json["status"]["closed"] == "solved";
            assert!(closed || page.through_ms < closed_ms, "{page:?}");
            if page.through_ms >= closed_ms {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Waits until the page is as of now, vouched for by a division.
    async fn fresh(&self, network: &Network, by: &str) {
        eventually("the reporter's page is fresh", async || {
            let page = self.page(network).await;
            page.is_some_and(|page| page.by == code(by).to_string() && page.age_ms < SLACK_MS)
        })
        .await;
    }

    /// Checks that the page states an age of this many hours.
    async fn is_old(&self, network: &Network, hours: i64) -> Page {
        let page = self.page(network).await.unwrap();
        let range = hours * HOUR_MS..hours * HOUR_MS + SLACK_MS;
        assert!(range.contains(&page.age_ms), "not {hours} h: {page:?}");
        page
    }
}

fn urgent(text: &str) -> NewReport {
    NewReport {
        priority: Priority::Urgent,
        ..rubbish(text)
    }
}

/// Reports usual matters, an urgent one and two emergencies, all for the township or beyond.
async fn reported(network: &Network, at: &str, to: &str) -> (Vec<MatterId>, Vec<MatterId>) {
    let office = network.office(at);
    let (mut usual, mut emergencies) = (vec![], vec![]);
    let reports = (0..20).map(|n| rubbish(&format!("{at} {n}")));
    for new in reports.chain([urgent("a bridge that gives way")]) {
        let up = code(to) != office.me() && network.tree.contains(code(to), office.me());
        let id = match up {
            true => {
                office
                    .matters()
                    .report_and_escalate(new, code(to), CLERK)
                    .await
            }
            false => office.matters().report(new, CLERK).await,
        };
        let id = id.unwrap();
        if !up {
            network.assign(at, id, to).await;
        }
        usual.push(id);
    }
    for text in ["fire", "a second fire"] {
        let id = office
            .matters()
            .report(emergency(text), CLERK)
            .await
            .unwrap();
        if at == COUNTY {
            network.assign(at, id, to).await;
        }
        emergencies.push(id);
    }
    (usual, emergencies)
}

/// Returns which of these a township took, in the order in which they came.
async fn came(network: &Network, of: &[MatterId]) -> Vec<MatterId> {
    let journal = network.office(TOWNSHIP).figures().journal().await.unwrap();
    let facts = journal.into_iter().flat_map(|entry| entry.facts);
    let taken = facts.filter(|fact| fact.measure == Measure::TAKEN && of.contains(&fact.matter));
    taken.map(|fact| fact.matter).collect()
}

fn policy() -> NewTemplate {
    NewTemplate {
        kind: TemplateKind::Policy,
        name: "affairs".to_owned(),
        title: "三务公开".to_owned(),
        content: "format = 1\n".to_owned(),
        tiers: vec![],
        kinds: vec![],
    }
}

#[tokio::test]
async fn the_township_back_after_a_week_gets_everything_in_order_and_nobody_was_told_wrong() {
    let (mut network, clock) = branch(&[VILLAGE, NEIGHBOUR]).await;
    let slip = ReporterToken::of(&network).await;
    network.escalate(VILLAGE, slip.id, COUNTY).await;
    network.held(COUNTY, slip.id).await;
    slip.fresh(&network, COUNTY).await;
    let left = network.report_up(VILLAGE, "left lying", TOWNSHIP).await;
    network.held(TOWNSHIP, left).await;
    let started = known(&network.office(TOWNSHIP), left).await.unwrap();
    let started = started.clocks.open(Stage::Finish).unwrap().started;
    network.quiet().await;

    network.stop(TOWNSHIP).await;
    // Before the clock is put forward: whenever a node looks, it hands up what nobody closed in three days.
    network.close(COUNTY, slip.id).await;
    let closed_ms = clock.now().0;
    clock.shift_hours(72);
    let seen = slip.is_old(&network, 72).await;
    assert_eq!(seen.by, code(COUNTY).to_string());
    let waiting = [
        reported(&network, VILLAGE, TOWNSHIP).await,
        reported(&network, NEIGHBOUR, TOWNSHIP).await,
        reported(&network, COUNTY, TOWNSHIP).await,
    ];
    let province = network.office(PROVINCE);
    let template = province
        .templates()
        .publish(policy(), CLERK)
        .await
        .unwrap()
        .key;
    let reported_ms = clock.now().0;
    clock.shift_hours(96);
    let later = slip.is_old(&network, 168).await;
    assert_eq!(later.json["status"], seen.json["status"]);
    assert_eq!(later.through_ms, seen.through_ms);
    // The village still knows it after a restart.
    network.stop(VILLAGE).await;
    network.restart(VILLAGE).await;
    assert_eq!(slip.is_old(&network, 168).await.through_ms, seen.through_ms);

    network.restart(TOWNSHIP).await;
    slip.never_says_too_much(&network, closed_ms).await;
    slip.fresh(&network, COUNTY).await;
    for (usual, emergencies) in &waiting {
        let all: Vec<_> = usual.iter().chain(emergencies).copied().collect();
        eventually("all of them came", async || {
            came(&network, &all).await.len() == all.len()
        })
        .await;
        let came = came(&network, &all).await;
        assert_eq!(came[..2], emergencies[..], "emergencies first");
        assert_eq!(
            came[2..],
            usual[..],
            "the others in the order of their reports"
        );
    }
    let township = network.office(TOWNSHIP);
    eventually("the template is in force", async || {
        let known = township.templates().all().await.unwrap();
        let mut known = known.iter().filter(|known| known.template.key == template);
        known.any(|known| known.stance == Some(Stance::Applied))
    })
    .await;
    let changes = township.feed().changes(0, usize::MAX).await.unwrap();
    let place = |fits: &dyn Fn(&Changed) -> bool| {
        let place = changes.iter().position(|change| fits(&change.what));
        place.expect("it is in the log")
    };
    let heard_of_template = place(&|what| matches!(what, Changed::Template(_)));
    for fire in &waiting[2].1 {
        let came = place(&|what| matches!(what, Changed::Matter(news) if news.matter == *fire));
        assert!(came < heard_of_template, "what hurries comes before papers");
    }

    // What became due during the absence is noticed as soon as a node is back.
    let _by_the_host_or_here = township.matters().tick().await.unwrap();
    let matter = known(&township, left).await.unwrap();
    let overdue = |step: &&wujitong::domain::matter::Step| matches!(step.act, Act::Overdue(_));
    let told = matter.steps.iter().find(overdue).expect("it became due");
    assert!(told.at.0 > reported_ms, "told after the return");
    assert_eq!(matter.clocks.last(Stage::Finish).unwrap().started, started);
    let old = township.matters().matter(waiting[0].0[0]).await.unwrap();
    let late = |clock: &wujitong::api::ClockView| {
        clock.started_ms < reported_ms && matches!(clock.stands, Stands::Overdue | Stands::Late)
    };
    assert!(
        old.clocks.iter().any(late),
        "clocks run on the way: {:?}",
        old.clocks
    );
    drop((province, township));
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn a_page_is_not_fresh_while_what_was_missed_is_still_on_its_way() {
    // Sends one envelope after another, so that it takes time.
    let (mut network, clock) = branch_with(&[VILLAGE], |config| {
        config.http.listen = Some(([127, 0, 0, 1], 0).into());
        config.limits.window = 1;
        // The page is asked for all the time.
        let many = NonZeroU32::new(1_000_000).unwrap();
        config.limits.logins_per_address_min = many;
        config.limits.requests_per_address_s = many;
        config.limits.requests_per_caller_s = many;
    })
    .await;
    let mut others = vec![];
    for number in 0..100 {
        let text = format!("rubbish {number}");
        others.push(network.report_up(VILLAGE, &text, COUNTY).await);
    }
    let slip = ReporterToken::of(&network).await;
    network.escalate(VILLAGE, slip.id, COUNTY).await;
    network.held(COUNTY, slip.id).await;
    slip.fresh(&network, COUNTY).await;
    network.quiet().await;
    network.stop(TOWNSHIP).await;
    // Short enough that overdue matters do not go up before they are closed.
    clock.shift_hours(1);
    for id in others {
        network.close(COUNTY, id).await;
    }
    network.close(COUNTY, slip.id).await;
    let closed_ms = clock.now().0;
    network.restart(TOWNSHIP).await;
    slip.never_says_too_much(&network, closed_ms).await;
    slip.fresh(&network, COUNTY).await;
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn a_village_cut_off_says_what_it_knows_and_since_when() {
    let (network, clock) = branch(&[VILLAGE]).await;
    let away = ReporterToken::of(&network).await;
    network.escalate(VILLAGE, away.id, COUNTY).await;
    network.held(COUNTY, away.id).await;
    away.fresh(&network, COUNTY).await;
    network.cut(VILLAGE).await;
    clock.shift_hours(24);
    let own = ReporterToken::of(&network).await;
    let page = own.is_old(&network, 0).await;
    assert_eq!(page.by, code(VILLAGE).to_string(), "it is held here");
    assert_eq!(page.json["body"]["text"], "rubbish");
    network.escalate(VILLAGE, own.id, TOWNSHIP).await;
    clock.shift_hours(24);
    let page = own.is_old(&network, 48).await;
    assert_eq!(
        page.json["standing"]["is"], "giving",
        "nobody answered: {page:?}"
    );
    assert_eq!(page.by, code(TOWNSHIP).to_string());
    away.is_old(&network, 48).await;
    network.close(COUNTY, away.id).await;

    network.mend(VILLAGE);
    network.held(TOWNSHIP, own.id).await;
    network.closed(VILLAGE, away.id).await;
    own.fresh(&network, TOWNSHIP).await;
    away.fresh(&network, COUNTY).await;
    let page = away.page(&network).await.unwrap();
    assert_eq!(page.json["status"]["closed"], "solved");
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn a_link_that_is_down_far_above_makes_the_page_older_though_the_next_link_is_up() {
    let (network, clock) = branch(&[VILLAGE]).await;
    let slip = ReporterToken::of(&network).await;
    network.escalate(VILLAGE, slip.id, PROVINCE).await;
    network.held(PROVINCE, slip.id).await;
    slip.fresh(&network, PROVINCE).await;
    network.quiet().await;
    network.cut(COUNTY).await;
    clock.shift_hours(24);
    network
        .office(PROVINCE)
        .matters()
        .close(slip.id, Outcome::Solved, Some("done".to_owned()), INSPECTOR)
        .await
        .unwrap();
    let closed_ms = clock.now().0;
    let near = network
        .report_up(VILLAGE, "for the township", TOWNSHIP)
        .await;
    network.held(TOWNSHIP, near).await;
    slip.is_old(&network, 24).await;
    let village = network.office(VILLAGE);
    eventually("what the township holds is known as of now", async || {
        let known = village.matters().matter(near).await.unwrap().known.unwrap();
        known.by == code(TOWNSHIP) && known.age_ms().is_some_and(|age| age < SLACK_MS)
    })
    .await;
    let page = slip.is_old(&network, 24).await;
    assert!(page.through_ms < closed_ms);
    network.mend(COUNTY);
    network.closed(VILLAGE, slip.id).await;
    slip.fresh(&network, PROVINCE).await;
    drop(village);
    network.audited().await;
    network.shut_down().await;
}
