//! A township that is away for a week, and what everybody knows meanwhile.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use config::Config;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use wujitong::{
    api::{ReportRequest, Stands},
    app::SystemClock,
    cli::client::Client,
    domain::{
        category::Priority,
        clock::Stage,
        custody::Count,
        feed::Changed,
        ids::MatterId,
        matter::{Act, Outcome},
        template::{Stance, TemplateKind},
        time::Timestamp,
    },
    office::{Clock, NewReport, NewTemplate},
};
use wujitong_tests::{
    CLERK, COUNTY, INSPECTOR, Network, Options, PROVINCE, TOWNSHIP, VILLAGE, code, emergency,
    eventually, known, rubbish,
};

/// 槐王村, in the same township.
const NEIGHBOUR: &str = "330825002223";

const HOUR_MS: i64 = 3_600_000;
/// What a test may take, in milliseconds.
const SLACK_MS: i64 = HOUR_MS / 2;

/// Runs as the machine's clock does, from 2026-03-02, a Monday, 09:00 in Shanghai, and is put forward.
struct Forward {
    begun: Timestamp,
    ahead: AtomicI64,
}

impl Forward {
    const MONDAY: i64 = 1_772_413_200_000;

    fn by_hours(&self, hours: i64) {
        self.ahead.fetch_add(hours * HOUR_MS, Ordering::Relaxed);
    }
}

impl Clock for Forward {
    fn now(&self) -> Timestamp {
        let passed = SystemClock.now().0 - self.begun.0;
        Timestamp(Self::MONDAY + passed + self.ahead.load(Ordering::Relaxed))
    }
}

/// A branch of the tree whose clocks the test moves.
async fn branch(leaves: &[&str]) -> (Network, Arc<Forward>) {
    branch_with(leaves, |config| {
        config.http.listen = Some(([127, 0, 0, 1], 0).into());
    })
    .await
}

async fn branch_with(leaves: &[&str], adjust: fn(&mut Config)) -> (Network, Arc<Forward>) {
    let clock = Arc::new(Forward {
        begun: SystemClock.now(),
        ahead: AtomicI64::new(0),
    });
    let options = Options {
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        adjust,
        ..Options::default()
    };
    let network = Network::with(leaves, options).await;
    network.linked().await;
    (network, clock)
}

/// A matter reported in the village, and what its reporter has to look at it.
struct Slip {
    id: MatterId,
    token: String,
}

/// What a reporter's page says.
#[derive(Debug)]
struct Page {
    json: Value,
    by: String,
    through_ms: i64,
    age_ms: i64,
}

impl Slip {
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

    /// The page of the village over plain HTTP; `None` if it cannot say how old it is.
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

    /// Looks again and again until the page says that it knows of a moment: then it shows that the matter was
    /// closed, and never says so before.
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

    /// Waits until the page is of this moment, by the word of a division.
    async fn fresh(&self, network: &Network, by: &str) {
        eventually("the reporter's page is fresh", async || {
            let page = self.page(network).await;
            page.is_some_and(|page| page.by == code(by).to_string() && page.age_ms < SLACK_MS)
        })
        .await;
    }

    /// The page says that it is so many hours old.
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

/// Reports usual matters, an urgent one and last two emergencies, all for the township or beyond.
async fn reported(network: &Network, at: &str, to: &str) -> (Vec<MatterId>, Vec<MatterId>) {
    let office = network.office(at);
    let (mut usual, mut emergencies) = (vec![], vec![]);
    let reports = (0..20).map(|n| rubbish(&format!("{at} {n}")));
    for new in reports.chain([urgent("a bridge that gives way")]) {
        let up = code(to) != office.me() && network.tree.contains(code(to), office.me());
        let id = match up {
            true => office.report_and_escalate(new, code(to), CLERK).await,
            false => office.report(new, CLERK).await,
        };
        let id = id.unwrap();
        if !up {
            network.assign(at, id, to).await;
        }
        usual.push(id);
    }
    for text in ["fire", "a second fire"] {
        let id = office.report(emergency(text), CLERK).await.unwrap();
        if at == COUNTY {
            network.assign(at, id, to).await;
        }
        emergencies.push(id);
    }
    (usual, emergencies)
}

/// What a township took since, of these, in the order in which it came.
async fn came(network: &Network, of: &[MatterId]) -> Vec<MatterId> {
    let journal = network.office(TOWNSHIP).journal().await.unwrap();
    let facts = journal.into_iter().flat_map(|entry| entry.facts);
    let taken = facts.filter(|fact| fact.count == Count::Taken && of.contains(&fact.matter));
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
    let slip = Slip::of(&network).await;
    network.escalate(VILLAGE, slip.id, COUNTY).await;
    network.held(COUNTY, slip.id).await;
    slip.fresh(&network, COUNTY).await;
    let left = network.report_up(VILLAGE, "left lying", TOWNSHIP).await;
    network.held(TOWNSHIP, left).await;
    let started = known(&network.office(TOWNSHIP), left).await.unwrap();
    let started = started.clocks.open(Stage::Finish).unwrap().started;
    network.quiet().await;

    network.stop(TOWNSHIP).await;
    clock.by_hours(72);
    let seen = slip.is_old(&network, 72).await;
    assert_eq!(seen.by, code(COUNTY).to_string());
    let waiting = [
        reported(&network, VILLAGE, TOWNSHIP).await,
        reported(&network, NEIGHBOUR, TOWNSHIP).await,
        reported(&network, COUNTY, TOWNSHIP).await,
    ];
    let province = network.office(PROVINCE);
    let template = province.publish(policy(), CLERK).await.unwrap().key;
    network.close(COUNTY, slip.id).await;
    let closed_ms = clock.now().0;
    clock.by_hours(96);
    let later = slip.is_old(&network, 168).await;
    assert_eq!(later.json["status"], seen.json["status"]);
    assert_eq!(later.through_ms, seen.through_ms);
    // The village knows it after a restart as well.
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
        let known = township.templates().await.unwrap();
        let mut known = known.iter().filter(|known| known.template.key == template);
        known.any(|known| known.stance == Some(Stance::Applied))
    })
    .await;
    let changes = township.changes(0, usize::MAX).await.unwrap();
    let place = |fits: &dyn Fn(&Changed) -> bool| {
        let place = changes.iter().position(|change| fits(&change.what));
        place.expect("it is in the log")
    };
    let heard_of_template = place(&|what| matches!(what, Changed::Template(_)));
    for fire in &waiting[2].1 {
        let came = place(&|what| matches!(what, Changed::Matter(news) if news.matter == *fire));
        assert!(came < heard_of_template, "what hurries comes before papers");
    }

    // What became due while nobody was there is seen as soon as somebody is.
    let _by_the_host_or_here = township.tick().await.unwrap();
    let matter = known(&township, left).await.unwrap();
    let overdue = |step: &&wujitong::domain::matter::Step| matches!(step.act, Act::Overdue(_));
    let told = matter.steps.iter().find(overdue).expect("it became due");
    assert!(told.at.0 > closed_ms, "told after the return");
    assert_eq!(matter.clocks.last(Stage::Finish).unwrap().started, started);
    let old = township.matter(waiting[0].0[0]).await.unwrap();
    let late = |clock: &wujitong::api::ClockView| {
        clock.started_ms < closed_ms && matches!(clock.stands, Stands::Overdue | Stands::Late)
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
    // One envelope after another, so that it takes its time.
    let (mut network, clock) = branch_with(&[VILLAGE], |config| {
        config.http.listen = Some(([127, 0, 0, 1], 0).into());
        config.limits.window = 1;
    })
    .await;
    let mut others = vec![];
    for number in 0..100 {
        let text = format!("rubbish {number}");
        others.push(network.report_up(VILLAGE, &text, COUNTY).await);
    }
    let slip = Slip::of(&network).await;
    network.escalate(VILLAGE, slip.id, COUNTY).await;
    network.held(COUNTY, slip.id).await;
    slip.fresh(&network, COUNTY).await;
    network.quiet().await;
    network.stop(TOWNSHIP).await;
    // Not so long that what is overdue goes up by itself before it is closed.
    clock.by_hours(1);
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
    let away = Slip::of(&network).await;
    network.escalate(VILLAGE, away.id, COUNTY).await;
    network.held(COUNTY, away.id).await;
    away.fresh(&network, COUNTY).await;
    network.cut(VILLAGE).await;
    clock.by_hours(24);
    let own = Slip::of(&network).await;
    let page = own.is_old(&network, 0).await;
    assert_eq!(page.by, code(VILLAGE).to_string(), "it is held here");
    assert_eq!(page.json["body"]["text"], "rubbish");
    network.escalate(VILLAGE, own.id, TOWNSHIP).await;
    clock.by_hours(24);
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
    let slip = Slip::of(&network).await;
    network.escalate(VILLAGE, slip.id, PROVINCE).await;
    network.held(PROVINCE, slip.id).await;
    slip.fresh(&network, PROVINCE).await;
    network.quiet().await;
    network.cut(COUNTY).await;
    clock.by_hours(24);
    network
        .office(PROVINCE)
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
        let known = village.matter(near).await.unwrap().known.unwrap();
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
