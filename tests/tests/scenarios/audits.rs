//! `wujitong log audit` of divisions below: their whole logs against the heads that are recorded above.

use testkit::{
    Network, Options, TOWNSHIP, VILLAGE, code,
    command::{exit_code, wujitong},
    eventually,
};

/// Runs the command at the township and returns its exit code and what it said.
fn audit(network: &Network, more: &[&str]) -> (i32, String) {
    let home = network.home(TOWNSHIP).to_str().unwrap().to_owned();
    let mut arguments = vec!["log", "audit", "--node", TOWNSHIP, "--data", &home];
    arguments.extend(more);
    let done = wujitong(&arguments);
    let text = [&done.stdout[..], &done.stderr[..]].concat();
    (
        exit_code(&done),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_village_is_read_whole_and_begins_with_the_head_that_is_recorded_above() {
    let options = Options {
        adjust: |config| {
            config.http.listen = Some(([127, 0, 0, 1], 0).into());
            // A name that nobody has (RFC 6761).
            config.pages.zone = "pages.invalid".to_owned();
        },
        ..Options::default()
    };
    let network = Network::with(&[VILLAGE], options).await;
    network.linked().await;
    network.report(VILLAGE, "one").await;
    let township = network.office(TOWNSHIP);
    eventually(
        "the township has recorded a head of the village",
        || async {
            let seen = township.log().witnessed().await.unwrap();
            seen.iter().any(|log| log.division == code(VILLAGE))
        },
    )
    .await;
    network.report(VILLAGE, "two").await;
    let http = network.host(VILLAGE).http().unwrap();
    let at = format!("{VILLAGE}=http://{http}");
    let run = |more: &'static [&'static str], at: Option<String>| {
        let mut all: Vec<&str> = more.to_vec();
        if let Some(at) = &at {
            all.extend(["--at", at]);
        }
        audit(&network, &all)
    };
    let (exit, text) = run(&["--children", "3"], Some(at.clone()));
    assert_eq!(exit, 0, "{text}");
    assert!(text.contains("this node has the head of"), "{text}");
    let (exit, text) = run(&["--child", VILLAGE, "--held"], Some(at));
    assert_eq!(exit, 0, "{text}");
    assert!(text.contains("entries match"), "{text}");
    let (exit, text) = run(&["--child", VILLAGE], None);
    assert_eq!(exit, 0, "nothing is known to be wrong: {text}");
    assert!(text.contains("not read"), "{text}");
    let guessed = format!("https://{}.pages.invalid", code(VILLAGE));
    assert!(
        text.contains(&guessed),
        "it is sought where its pages should be: {text}"
    );
    let hint = format!("--at {VILLAGE}=https://HOST");
    assert!(text.contains(&hint), "{text}");
    // Another log at that address is not that of the village.
    let own = network.host(TOWNSHIP).http().unwrap();
    let (exit, text) = run(
        &["--child", VILLAGE],
        Some(format!("{VILLAGE}=http://{own}")),
    );
    assert_eq!(exit, 0, "{text}");
    assert!(text.contains("not read"), "{text}");
    network.shut_down().await;
}
