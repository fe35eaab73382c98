//! The whole life of a matter on real nodes: clocks, dispute, appeal, bundle, supervision, and
//! behaviour while a link is cut.

use std::sync::Arc;

use testkit::{
    CITY, CLERK, COUNTY, INSPECTOR, Network, Options, PROVINCE, TOWNSHIP, VILLAGE,
    clock::ShiftedClock, code, emergency, eventually, known, rubbish,
};
use wujitong::{
    api::{BodyView, Stands},
    domain::{
        category::{Category, Priority, Visibility},
        clock::Stage,
        ids::MatterId,
        matter::{
            Act, Appeal, Audience, Channel, Ground, Outcome, Publicity, Satisfaction, Status,
        },
        request::{Reply, RequestKind},
        template::TemplateKind,
    },
    office::{Clock, NewReport, NewTemplate, Office, Work},
};

mod above;

/// Starts five tiers whose clocks the test moves.
async fn timed() -> (Network, Arc<ShiftedClock>) {
    let clock = Arc::new(ShiftedClock::default());
    let options = Options {
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        ..Options::default()
    };
    (Network::with(&[VILLAGE], options).await, clock)
}

async fn acts(network: &Network, at: &str, id: MatterId) -> Vec<Act> {
    let matter = known(&network.office(at), id).await.expect("it is known");
    matter.steps.iter().map(|step| step.act).collect()
}

async fn work(office: &Office, id: MatterId, work: Work) {
    let note = Some("经办说明 a remark".to_owned());
    let by = match work {
        Work::Do(Act::Verify(_) | Act::Close(_)) => INSPECTOR,
        _ => CLERK,
    };
    office
        .matters()
        .work(id, work, note, by, None)
        .await
        .unwrap();
}

async fn ask(network: &Network, at: &str, id: MatterId, wish: RequestKind) {
    let words = Some("请核实 please look again".to_owned());
    network
        .office(at)
        .matters()
        .request(id, wish, words, CLERK)
        .await
        .unwrap();
}

/// Waits until the copy at `at` fits.
async fn sees(
    network: &Network,
    at: &str,
    id: MatterId,
    what: &str,
    fits: impl Fn(&wujitong::domain::matter::Matter) -> bool,
) {
    let office = network.office(at);
    eventually(what, || async {
        known(&office, id).await.is_some_and(|matter| fits(&matter))
    })
    .await;
}

#[tokio::test]
async fn the_whole_life_in_a_township_is_seen_in_the_village() {
    let network = Network::of(&[VILLAGE]).await;
    let id = network.report_up(VILLAGE, "rubbish", TOWNSHIP).await;
    network.held(TOWNSHIP, id).await;
    let office = network.office(TOWNSHIP);
    let target = wujitong::domain::matter::Target {
        platform: wujitong::domain::category::Platform::Enforcement,
        department: Some("urban-management".parse().unwrap()),
        officer: None,
    };
    let done = [
        Act::Accept,
        Act::Dispatch(target),
        Act::Handle,
        Act::Feedback,
        Act::Verify(true),
        Act::Remark(Audience::Reporter),
        Act::Close(Outcome::Solved),
    ];
    for act in done {
        work(&office, id, Work::Do(act)).await;
    }
    ask(
        &network,
        VILLAGE,
        id,
        RequestKind::Rate(Satisfaction::Satisfied),
    )
    .await;
    network.answered(VILLAGE, id).await;
    sees(
        &network,
        VILLAGE,
        id,
        "the rating is in the village",
        |matter| {
            matter
                .steps
                .iter()
                .any(|step| step.act == Act::Rate(Satisfaction::Satisfied))
        },
    )
    .await;
    let seen = acts(&network, VILLAGE, id).await;
    assert!(seen.ends_with(&[
        Act::Close(Outcome::Solved),
        Act::Rate(Satisfaction::Satisfied)
    ]));
    assert!(done.iter().all(|act| seen.contains(act)));
    let clocks = network
        .office(VILLAGE)
        .matters()
        .matter(id)
        .await
        .unwrap()
        .clocks;
    let finish = clocks
        .iter()
        .find(|clock| clock.stage == Stage::Finish)
        .unwrap();
    assert_eq!(finish.stands, Stands::Met, "{finish:?}");
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn a_deadline_that_passes_sends_the_matter_up_once_and_its_clock_goes_on() {
    let (network, clock) = timed().await;
    let id = network.report(VILLAGE, "rubbish").await;
    let before = known(&network.office(VILLAGE), id).await.unwrap();
    let started = before.clocks.open(Stage::Finish).unwrap().started;
    // Whatever day it is, two hours of work pass within five days.
    clock.shift_hours(24 * 12);
    let office = network.office(VILLAGE);
    let changed = office.matters().tick().await.unwrap();
    assert!(changed <= 1, "one matter, at most");
    network.held(TOWNSHIP, id).await;
    assert_eq!(
        office.matters().tick().await.unwrap(),
        0,
        "nothing is announced twice"
    );
    let matter = known(&network.office(TOWNSHIP), id).await.unwrap();
    let overdue = |step: &&wujitong::domain::matter::Step| matches!(step.act, Act::Overdue(_));
    let told = matter.steps.iter().filter(overdue).count();
    assert!(told >= 1, "{:?}", matter.steps);
    let finish = matter.clocks.last(Stage::Finish).unwrap();
    assert_eq!(finish.started, started, "a hand-over resets no clock");
    // It goes up by the rule, not by a person, and only one tier.
    let journal = office.figures().journal().await.unwrap();
    let actor = &journal.last().unwrap().actor;
    assert_eq!(
        *actor,
        wujitong::domain::actor::Actor::Rule("clock".to_owned())
    );
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn clocks_are_looked_at_again_after_a_restart() {
    let (mut network, clock) = timed().await;
    let id = network.report(VILLAGE, "rubbish").await;
    network.stop(VILLAGE).await;
    clock.shift_hours(24 * 12);
    network.restart(VILLAGE).await;
    network.linked().await;
    let _by_the_host_or_here = network.office(VILLAGE).matters().tick().await.unwrap();
    network.held(TOWNSHIP, id).await;
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn an_emergency_goes_to_its_tier_at_once() {
    let network = Network::of(&[VILLAGE]).await;
    let office = network.office(VILLAGE);
    let id = office
        .matters()
        .report(emergency("fire"), CLERK)
        .await
        .unwrap();
    network.held(COUNTY, id).await;
    let reasons = network
        .office(COUNTY)
        .templates()
        .explain(id)
        .await
        .unwrap();
    let tier = reasons.iter().find(|reason| reason.what == "tier").unwrap();
    assert_eq!(tier.value, "county");
    assert!(
        tier.line > 0 && tier.source.contains("shipped policy"),
        "{tier:?}"
    );
    network.shut_down().await;
}

#[tokio::test]
async fn a_published_policy_decides_from_then_on() {
    let network = Network::of(&[VILLAGE]).await;
    let content = "format = 1\n\n[[category]]\ncode = \"order/drones\"\nname = \"无人机\"\nseverity = \
                   \"urgent\"\n\n[[dispatch]]\ncategory = \"order/drones\"\nclocks = { finish = \"3h\" }\n";
    let new = NewTemplate {
        kind: TemplateKind::Policy,
        name: "drones".to_owned(),
        title: "无人机".to_owned(),
        content: content.to_owned(),
        tiers: vec![],
        kinds: vec![],
    };
    let category: Category = "order/drones".parse().unwrap();
    let report = || NewReport::new(category.clone(), "a drone over the school".to_owned());
    let office = network.office(VILLAGE);
    let unknown = Network::refused(office.matters().report(report(), CLERK)).await;
    assert!(unknown.contains("order/drones"), "{unknown}");
    let county = network.office(COUNTY);
    let template = county.templates().publish(new, CLERK).await.unwrap();
    eventually("the village follows the policy", || async {
        let known = office.templates().all().await.unwrap();
        let applied = Some(wujitong::domain::template::Stance::Applied);
        known
            .iter()
            .any(|known| known.template.key == template.key && known.stance == applied)
    })
    .await;
    let id = office.matters().report(report(), CLERK).await.unwrap();
    let matter = known(&office, id).await.unwrap();
    assert_eq!(matter.priority, Priority::Urgent, "as policy says at least");
    let finish = matter.clocks.open(Stage::Finish).unwrap();
    assert_eq!(finish.allowance.to_string(), "3h");
    let explained = office.templates().explain(id).await.unwrap();
    let clock = explained
        .iter()
        .find(|reason| reason.what == "clock finish")
        .unwrap();
    assert_eq!(clock.source, format!("{} version 1", template.key));
    assert_eq!(
        content.lines().nth(clock.line as usize - 1),
        Some("clocks = { finish = \"3h\" }")
    );
    network.shut_down().await;
}

#[tokio::test]
async fn a_policy_that_loosens_a_clock_is_not_published_and_explain_names_all_that_apply() {
    let network = Network::of(&[VILLAGE]).await;
    let new = |category: &str| NewTemplate {
        kind: TemplateKind::Policy,
        name: "times".to_owned(),
        title: "办理时限".to_owned(),
        content: format!(
            "format = 1\n[[dispatch]]\ncategory = \"{category}\"\nclocks = {{ finish = \"28d\" }}\n"
        ),
        tiers: vec![],
        kinds: vec![],
    };
    let county = network.office(COUNTY);
    let refused = Network::refused(county.templates().publish(new("order/flood"), CLERK)).await;
    assert!(
        refused.contains("time to finish 28d loosens 24h"),
        "{refused}"
    );
    assert_eq!(
        county.templates().all().await.unwrap(),
        [],
        "nothing changed"
    );
    let template = county.templates().publish(new("*"), CLERK).await.unwrap();
    let office = network.office(VILLAGE);
    eventually("the village follows the policy", || async {
        let known = office.templates().all().await.unwrap();
        known.iter().any(|known| known.template.key == template.key)
    })
    .await;
    let flood = NewReport::new("order/flood".parse().unwrap(), "the dyke leaks".to_owned());
    let id = office.matters().report(flood, CLERK).await.unwrap();
    let matter = known(&office, id).await.unwrap();
    let finish = matter.clocks.open(Stage::Finish).unwrap();
    assert_eq!(finish.allowance.to_string(), "24h");
    let explained = office.templates().explain(id).await.unwrap();
    let finish = explained.iter().filter(|r| r.what == "time to finish");
    let finish: Vec<_> = finish.map(|r| (r.value.as_str(), r.holds)).collect();
    assert_eq!(finish, [("24h", true), ("28d", false), ("30d", false)]);
    network.shut_down().await;
}

#[tokio::test]
async fn a_dispute_is_decided_by_the_common_parent_and_stays_decided() {
    let network = Network::of(&[VILLAGE, "330825001001"]).await;
    let id = network
        .report_up(VILLAGE, "a road on the border", COUNTY)
        .await;
    network.held(COUNTY, id).await;
    network.assign(COUNTY, id, "330825001").await;
    network.held("330825001", id).await;
    let other = network.office("330825001");
    work(&other, id, Work::Object(Ground::Place)).await;
    network.held(COUNTY, id).await;
    let county = network.office(COUNTY);
    let decided = Work::Give(Act::Arbitrate(code("330825001")));
    work(&county, id, decided).await;
    network.held("330825001", id).await;
    for again in [Work::Return, Work::Object(Ground::Power)] {
        let again = other.matters().work(id, again, None, CLERK, None);
        let said = Network::refused(again).await;
        assert!(said.contains("cannot be handed back"), "{said}");
    }
    network.close("330825001", id).await;
    network.closed(VILLAGE, id).await;
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn a_contested_closure_is_opened_again_wherever_it_was_closed_and_reviewed_one_tier_up() {
    let network = Network::of(&[VILLAGE]).await;
    let id = network.report_up(VILLAGE, "rubbish", COUNTY).await;
    network.held(COUNTY, id).await;
    network.close(COUNTY, id).await;
    network.closed(VILLAGE, id).await;
    ask(&network, VILLAGE, id, RequestKind::Contest).await;
    sees(&network, VILLAGE, id, "it is open again", |matter| {
        matter.appeals(Appeal::Contest) == 1 && !matter.is_closed()
    })
    .await;
    network.close(COUNTY, id).await;
    network.closed(VILLAGE, id).await;
    network.answered(VILLAGE, id).await;
    ask(&network, VILLAGE, id, RequestKind::Review).await;
    network.held(CITY, id).await;
    network.close(CITY, id).await;
    network.closed(VILLAGE, id).await;
    // The reporter's text travelled with the request.
    let view = network.office(CITY).matters().matter(id).await.unwrap();
    let reopened = |act: &Act| matches!(act, Act::Reopen(Appeal::Contest));
    let step = view.steps.iter().find(|step| reopened(&step.act)).unwrap();
    assert_eq!(
        step.note,
        Some(BodyView::Text("请核实 please look again".to_owned()))
    );
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn a_bundle_with_parts_in_two_tiers_closes_when_both_are_done() {
    let network = Network::of(&[VILLAGE]).await;
    let category: Category = "service/land".parse().unwrap();
    let new = |text: &str| NewReport {
        channel: Channel::Service,
        ..NewReport::new(category.clone(), text.to_owned())
    };
    let office = network.office(TOWNSHIP);
    let id = office
        .matters()
        .report(new("a house"), CLERK)
        .await
        .unwrap();
    let parts = vec![new("the plot"), new("the plan")];
    let parts = office.matters().open_parts(id, parts, CLERK).await.unwrap();
    network.escalate(TOWNSHIP, parts[1], COUNTY).await;
    network.held(COUNTY, parts[1]).await;
    network.close(TOWNSHIP, parts[0]).await;
    let early = office
        .matters()
        .close(id, Outcome::Solved, Some("done".to_owned()), INSPECTOR);
    assert!(Network::refused(early).await.contains("1 parts"));
    network.close(COUNTY, parts[1]).await;
    sees(&network, TOWNSHIP, id, "both parts are done", |matter| {
        matter.parts().iter().all(|(_, ended)| ended.is_some())
    })
    .await;
    let view = office.matters().matter(id).await.unwrap();
    assert_eq!(view.parts.len(), 2);
    network.close(TOWNSHIP, id).await;
    let part = office.matters().matter(parts[1]).await.unwrap();
    assert_eq!(part.part_of, Some(id.to_string()));
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn what_a_cut_off_village_reports_and_wishes_arrives_in_order_of_urgency() {
    let network = Network::of(&[VILLAGE]).await;
    network.cut(VILLAGE).await;
    let office = network.office(VILLAGE);
    let mut usual = vec![];
    for number in 0..30 {
        let new = rubbish(&format!("rubbish {number}"));
        usual.push(
            office
                .matters()
                .report_and_escalate(new, code(TOWNSHIP), CLERK)
                .await
                .unwrap(),
        );
    }
    let urgent = office
        .matters()
        .report(emergency("fire"), CLERK)
        .await
        .unwrap();
    // It is withdrawn while it waits for the link.
    office
        .matters()
        .request(usual[3], RequestKind::Withdraw, None, CLERK)
        .await
        .unwrap();
    let asking = office.matters().matter(usual[3]).await.unwrap();
    assert_eq!(
        asking.requests[0].reply, None,
        "not answered, and it says so"
    );
    let as_of = asking.as_of_ms;
    network.mend(VILLAGE);
    for id in &usual {
        network.held(TOWNSHIP, *id).await;
    }
    network.held(COUNTY, urgent).await;
    network
        .closed_as(VILLAGE, usual[3], Outcome::Withdrawn)
        .await;
    let told = office.matters().matter(usual[3]).await.unwrap();
    assert!(told.as_of_ms >= as_of);
    network.answered(VILLAGE, usual[3]).await;
    let told = office.matters().matter(usual[3]).await.unwrap();
    assert_eq!(told.requests[0].reply, Some(Reply::Granted));
    // The fire was relayed before the last matter of those reported earlier was taken.
    let relayed = known(&network.office(COUNTY), urgent).await.unwrap();
    let passed = relayed
        .steps
        .iter()
        .find(|step| step.by == code(TOWNSHIP))
        .unwrap()
        .version;
    assert!(passed.cv.n > 0);
    let township = network.office(TOWNSHIP).figures().journal().await.unwrap();
    let place = |id: MatterId| {
        let taken = |entry: &&wujitong::domain::journal::Entry| {
            entry.facts.iter().any(|fact| fact.matter == id)
        };
        township.iter().position(|entry| taken(&entry)).unwrap()
    };
    assert!(place(urgent) <= place(*usual.last().unwrap()));
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn an_answer_to_everybody_is_found_and_one_to_the_reporter_is_not() {
    let network = Network::of(&[VILLAGE]).await;
    let category: Category = "service/insurance".parse().unwrap();
    let office = network.office(VILLAGE);
    for (publicity, answer) in [
        (Publicity::Public, "医保在便民服务站办理"),
        (Publicity::Private, "您的医保已到账"),
    ] {
        let new = NewReport {
            channel: Channel::Mailbox,
            visibility: Visibility::Public,
            ..NewReport::new(category.clone(), "医保怎么办".to_owned())
        };
        let id = office.matters().report(new, CLERK).await.unwrap();
        let reply = Work::Do(Act::Reply(publicity));
        let note = Some(answer.to_owned());
        office
            .matters()
            .work(id, reply, note, CLERK, None)
            .await
            .unwrap();
    }
    let found = office
        .matters()
        .answers("医保", None, None, 10)
        .await
        .unwrap();
    let texts: Vec<&str> = found.iter().map(|answer| &*answer.text).collect();
    assert_eq!(texts, ["医保在便民服务站办理"]);
    assert!(
        office
            .matters()
            .answers("路灯", None, None, 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        network
            .office(PROVINCE)
            .matters()
            .answers("医保", None, None, 10)
            .await
            .unwrap()
            .is_empty()
    );
    network.shut_down().await;
}
