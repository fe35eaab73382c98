use wujitong_config::{ClientSecret, Config, ConfigErrors, Layer, Place, all_settings};

const LEAST: &str = "data = 'd'\nzone = 'zj.example'\nnodes = ['330825']\n";

fn check(text: &str) -> Result<Config, ConfigErrors> {
    let (layer, problems) = Layer::of_toml(text);
    ConfigErrors::unless_empty(problems)?;
    layer.check("/etc/wujitong".as_ref())
}

/// Returns the problems of the smallest configuration with `more` added, as `key` or `key=value`.
fn problems(more: &str) -> Vec<String> {
    let errors = check(&format!("{LEAST}{more}")).expect_err(more);
    let name = |p: &wujitong_config::Problem| match &p.value {
        Some(value) => format!("{}={value}", p.key),
        None => p.key.clone(),
    };
    errors.problems().iter().map(name).collect()
}

#[test]
fn all_problems_are_reported_at_once() {
    let errors = check(
        "nodes = ['33082', '33082500222x', '330825', '330825']\nlisten = 'here'\n\
         parent = ['county']\n[dns]\nservers = ['dns.example']\n[http]\nlisten = 'x'\n\
         hosts = ['*.example']\n[telemetry]\notlp = 'https://c:1'\nlog = ''\nlog_format = 'xml'\n\
         [limits]\nwindow = 0\nframe_kib = 4097\n[store]\nengine = 'rocks'\ncache_mib = -1\n\
         [links]\nkeep_alive_s = 0\n[webhooks]\nallow = ['hooks.example', '10.0.0.0/33']\n",
    )
    .unwrap_err();
    let keys: Vec<_> = errors.problems().iter().map(|p| p.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "data",
            "nodes",
            "nodes",
            "nodes",
            "listen",
            "zone",
            "parent",
            "dns.servers",
            "http.listen",
            "http.hosts",
            "telemetry.otlp",
            "telemetry.log_format",
            "telemetry.log",
            "limits.frame_kib",
            "limits.window",
            "store.engine",
            "store.cache_mib",
            "links.keep_alive_s",
            "webhooks.allow",
            "webhooks.allow",
        ]
    );
    assert_eq!(errors.to_string().lines().count(), 1 + keys.len());
}

#[test]
fn a_problem_names_the_key_the_value_the_range_and_what_to_do() {
    let text = check(&format!("{LEAST}[limits]\nframe_kib = 12"))
        .unwrap_err()
        .to_string();
    assert_eq!(
        text.lines().nth(1).unwrap().trim(),
        "line 5: limits.frame_kib: `12` does not fit: 512 to 4096 KiB; \
         a matter with its text and all remarks must fit"
    );
}

#[test]
fn both_ends_of_a_range_are_allowed_and_nothing_beyond() {
    // Written by hand beside the table, which a slip of the pen would change.
    let ranges = [
        ("limits.handshake_timeout_s", 1, 60),
        ("limits.connections_per_address", 1, 100_000),
        ("limits.http_connections_per_address", 1, 100_000),
        ("limits.streams_per_connection", 1, 256),
        ("limits.frame_kib", 512, 4_096),
        ("limits.window", 1, 65_536),
        ("limits.memory_mib", 4, 65_536),
        ("limits.envelopes_per_s", 1, 10_000_000),
        ("limits.requests_per_address_s", 1, 1_000_000),
        ("limits.requests_per_caller_s", 1, 1_000_000),
        ("limits.logins_per_address_min", 1, 100_000),
        ("limits.reports_per_address_min", 1, 100_000),
        ("limits.reports", 1, 1_000_000),
        ("store.cache_mib", 1, 65_536),
        ("links.backoff_min_ms", 10, 60_000),
        ("links.backoff_max_ms", 100, 3_600_000),
        ("links.keep_alive_s", 1, 600),
        ("links.answer_s", 1, 600),
        ("links.figures_pace_ms", 0, 60_000),
        ("links.watermark_pace_ms", 100, 600_000),
        ("links.readmit_days", 0, 365),
    ];
    let rows = all_settings().filter_map(|row| row.range().map(|(low, high)| (row.key, low, high)));
    let rows: Vec<_> = rows.collect();
    let listed = ranges.map(|(key, low, high)| (key.to_owned(), low, high));
    let sorted = |mut all: Vec<_>| {
        all.sort();
        all
    };
    assert_eq!(sorted(rows), sorted(listed.to_vec()));
    for (key, low, high) in ranges {
        for inside in [low, high] {
            check(&format!("{LEAST}{key} = {inside}")).unwrap_or_else(|e| panic!("{e}"));
        }
        for outside in [low - 1, high + 1] {
            assert_eq!(
                problems(&format!("{key} = {outside}")),
                [format!("{key}={outside}")]
            );
        }
    }
}

#[test]
fn an_unknown_key_is_refused_with_its_line() {
    let text = check(&format!("{LEAST}[limits]\nwindows = 3"))
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("line 5: limits.windows: there is no such setting")
            && text.contains("`limits.window`"),
        "{text}"
    );
}

#[test]
fn every_fault_of_a_file_is_told_at_once_with_its_line_and_column_in_both_languages() {
    let text = "data = 'd'\nzonne = 'zj.example'\nnodes = ['330825', 330826]\nwindow = 5\n\
                [limits]\nframe_kib = '1024 KiB'\nwindow = 8.5\nreports = 99999999999999999999\n\
                [link]\nkeep_alive_s = 3\n[store]\ncache_mib = [8]\n";
    let (layer, problems) = Layer::of_toml(text);
    let told: Vec<_> = problems
        .iter()
        .map(|problem| {
            let Place { line, column } = problem.place.unwrap();
            let both = [&problem.cause, &problem.remedy];
            for said in both {
                let chinese = !said.chinese.is_ascii();
                assert!(chinese && !said.english.is_empty(), "{said:?}");
            }
            (
                line,
                column,
                problem.key.as_str(),
                problem.remedy.english.as_str(),
            )
        })
        .collect();
    let places: Vec<_> = told
        .iter()
        .map(|(line, column, key, _)| (*line, *column, *key))
        .collect();
    assert_eq!(
        places,
        [
            (2, 1, "zonne"),
            (3, 20, "nodes"),
            (4, 1, "window"),
            (6, 13, "limits.frame_kib"),
            (7, 10, "limits.window"),
            (8, 11, "limits.reports"),
            (9, 2, "link"),
            (12, 13, "store.cache_mib"),
        ]
    );
    assert!(told[0].3.contains("`zone`"), "{told:?}");
    assert!(
        told[2].3.contains("`limits.window`"),
        "it stands in no group: {told:?}"
    );
    assert!(told[3].3.ends_with(": 1024"), "{told:?}");
    assert!(told[6].3.contains("`links`"), "{told:?}");
    assert_eq!(
        layer.raw.data.as_deref(),
        Some("d"),
        "what is right is kept"
    );
}

#[test]
fn what_is_no_toml_is_told_with_its_place() {
    let (_, problems) = Layer::of_toml("data = 'd'\nzone = zj.example\n");
    let first = problems.first().unwrap();
    assert_eq!(first.place.unwrap().line, 2);
    assert!(
        first.cause.english.starts_with("this is no TOML"),
        "{first}"
    );
}

#[test]
fn a_fault_in_a_value_has_the_place_of_the_value_unless_it_comes_from_elsewhere() {
    let file = format!("{LEAST}[links]\nkeep_alive_s = 0\n");
    let (layer, problems) = Layer::of_toml(&file);
    assert!(problems.is_empty());
    let errors = layer.check("/".as_ref()).unwrap_err();
    let place = errors.problems()[0].place.unwrap();
    assert_eq!((place.line, place.column), (5, 16));
    let flags = [("links.keep_alive_s".to_owned(), "0".to_owned())];
    let (flags, problems) = Layer::of_arguments(flags);
    assert!(problems.is_empty());
    let errors = layer.merge(flags).check("/".as_ref()).unwrap_err();
    assert_eq!(errors.problems()[0].place, None);
}

#[test]
fn a_code_without_quotes_is_refused_with_its_line() {
    let text = check("data = 'd'\nzone = 'z'\nnodes = [330825]")
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("line 3: nodes: this is a whole number") && text.contains("in quotes"),
        "{text}"
    );
}

#[test]
fn a_process_without_a_division_is_refused() {
    let text = check("data = 'd'\nzone = 'z'\nnodes = []")
        .unwrap_err()
        .to_string();
    assert!(text.contains("no division is named"), "{text}");
}

#[test]
fn except_is_refused_without_a_subtree_and_for_what_is_hosted() {
    assert_eq!(problems("except = ['330825002']"), ["except=330825002000"]);
    assert_eq!(
        problems("subtree = '3308'\nexcept = ['3308']"),
        ["except=330800000000"]
    );
    assert_eq!(
        problems("subtree = '3308'\nexcept = ['330825']"),
        ["except=330825000000"]
    );
}

#[test]
fn neighbours_and_browsers_may_not_share_a_port() {
    let same = problems("listen = '[::]:7450'\nhttp.listen = '127.0.0.1:7450'");
    assert_eq!(same, ["http.listen=127.0.0.1:7450"]);
    check(&format!(
        "{LEAST}listen = '[::]:0'\nhttp.listen = '127.0.0.1:0'"
    ))
    .unwrap();
    check(&format!(
        "{LEAST}listen = '10.0.0.1:7450'\nhttp.listen = '127.0.0.1:7450'"
    ))
    .unwrap();
}

#[test]
fn the_longest_wait_may_not_be_shorter_than_the_first() {
    let more = "[links]\nbackoff_min_ms = 5000\nbackoff_max_ms = 4000";
    assert_eq!(problems(more), ["links.backoff_max_ms=4000"]);
}

#[test]
fn only_whole_names_of_sites_may_ask_from_a_browser() {
    for bad in [
        "*",
        "null",
        "app.example",
        "https://*.example",
        "https://app.example/",
        "https://app.example/page",
        "http://app.example",
        "https://app.example:0",
    ] {
        let problem = format!("http.origins={bad}");
        assert_eq!(problems(&format!("http.origins = ['{bad}']")), [problem]);
    }
    let told = check(&format!("{LEAST}http.origins = ['*']")).unwrap_err();
    assert!(told.to_string().contains("every page of the web"), "{told}");
    let good = "http.origins = ['HTTPS://App.Example:443', 'https://app.example:8443', 'http://localhost:3000']";
    let config = check(&format!("{LEAST}{good}")).unwrap();
    assert_eq!(
        config.http.origins,
        [
            "https://app.example",
            "https://app.example:8443",
            "http://localhost:3000"
        ]
    );
    assert!(check(LEAST).unwrap().http.origins.is_empty());
}

#[test]
fn an_empty_list_of_hosts_is_refused() {
    assert_eq!(problems("http.hosts = []"), ["http.hosts"]);
}

const OIDC: &str = "[oidc]\nissuer = 'https://id.example'\nclient_id = 'node'\n\
                    client_secret_file = 'secret'\npublic_url = 'https://localhost:8443/'\n";

#[test]
fn sign_in_is_off_until_something_of_it_is_set_and_then_whole() {
    assert_eq!(check(LEAST).unwrap().oidc, None);
    let oidc = check(&format!("{LEAST}{OIDC}")).unwrap().oidc.unwrap();
    assert_eq!(oidc.public_url, "https://localhost:8443");
    assert_eq!(oidc.scopes, ["openid"]);
    assert_eq!(oidc.claim, "sub");
    assert_eq!(
        oidc.client_secret,
        ClientSecret::File("/etc/wujitong/secret".into())
    );
    assert_eq!(
        problems("oidc.claim = 'sub'"),
        [
            "oidc.issuer",
            "oidc.client_id",
            "oidc.client_secret_file",
            "oidc.public_url"
        ]
    );
}

#[test]
fn sign_in_without_tls_elsewhere_than_on_this_machine_is_refused() {
    for (key, value) in [
        ("issuer", "http://id.example"),
        ("issuer", "https://id.example?realm=1"),
        ("public_url", "http://node.example"),
        ("public_url", "https://localhost/behind/a/path"),
        ("public_url", "https://other.example"),
        ("client_id", "two words"),
        ("claim", "two words"),
    ] {
        let more = OIDC.replace(&format!("{key} = "), &format!("{key} = '{value}' # "));
        let more = match more.contains(value) {
            true => more,
            false => format!("{more}{key} = '{value}'\n"),
        };
        assert_eq!(problems(&more), [format!("oidc.{key}={value}")], "{more}");
    }
    let no_openid = format!("{OIDC}scopes = ['profile']\n");
    assert_eq!(problems(&no_openid), ["oidc.scopes=profile"]);
    let no_listener = format!("http.listen = 'off'\n{OIDC}");
    assert_eq!(
        problems(&no_listener),
        ["oidc.public_url=https://localhost:8443"]
    );
}

#[test]
fn the_secret_of_the_provider_is_in_a_file_or_a_setting_and_never_shown() {
    let value = OIDC.replace("client_secret_file = 'secret'", "client_secret = 'hush'");
    let config = check(&format!("{LEAST}{value}")).unwrap();
    let oidc = config.oidc.as_ref().unwrap();
    assert_eq!(oidc.client_secret, ClientSecret::Value("hush".to_owned()));
    assert!(!format!("{config:?}").contains("hush"));
    assert_eq!(
        problems(&format!("{OIDC}client_secret = 'hush'\n")),
        ["oidc.client_secret"]
    );
    let blank = value.replace("'hush'", "'two words'");
    assert_eq!(problems(&blank), ["oidc.client_secret"]);
}
