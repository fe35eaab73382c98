use std::{net::SocketAddr, path::Path, time::Duration};

use wujitong_config::{
    Effect, HostPort, Http, Layer, Limits, Links, LogFormat, Origin, Outlines, Raw, Store, Webhooks,
};

const LEAST: &str = "data = 'd'\nzone = 'ZJ.example.'\nnodes = ['330825']\n";

#[test]
fn flags_win_over_the_environment_and_both_over_the_file() {
    let file = Raw::from_toml(&format!(
        "{LEAST}[links]\nkeep_alive_s = 1\nbackoff_max_ms = 2000"
    ));
    let pairs = |all: &[(&str, &str)]| {
        all.iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect::<Vec<_>>()
    };
    let env = Raw::from_env(pairs(&[
        ("WUJITONG_LINKS_KEEP_ALIVE_S", "3"),
        ("WUJITONG_NODES", "3308,330802"),
        ("WUJITONG_HTTP_LISTEN", "off"),
    ]));
    let flags = Raw::from_settings(pairs(&[("nodes", "33"), ("telemetry.log_format", "json")]));
    let merged = file.unwrap().merge(env.unwrap()).merge(flags.unwrap());
    let config = merged.check("/".as_ref()).unwrap();
    assert_eq!(config.links.backoff_max, Duration::from_secs(2));
    assert_eq!(config.links.keep_alive, Duration::from_secs(3));
    assert_eq!(config.hosting.nodes, ["33".parse().unwrap()]);
    assert_eq!(config.telemetry.log_format, LogFormat::Json);
    assert_eq!(config.http.listen, None);
}

#[test]
fn what_is_left_out_has_its_default() {
    let config = Raw::from_toml(LEAST)
        .unwrap()
        .check("/etc/wujitong".as_ref())
        .unwrap();
    assert_eq!(config.zone, "zj.example");
    assert_eq!(config.listen, "[::]:7450".parse().unwrap());
    assert_eq!(config.topology, None);
    assert_eq!(config.outlines, Outlines::Sketch);
    assert_eq!(config.parent, []);
    assert_eq!(config.http, Http::default());
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.store, Store::default());
    assert_eq!(config.links, Links::default());
    assert_eq!(config.webhooks, Webhooks::default());
    assert_eq!(config.telemetry.log, "info");
    assert_eq!(config.telemetry.divisions, ["330825".parse().unwrap()]);
}

#[test]
fn paths_start_at_the_configuration_file_and_absolute_ones_stay() {
    let more = "topology = '/usr/share/divisions.csv'\noutlines = 'map.geojson'";
    let raw = Raw::from_toml(&format!("{LEAST}{more}")).unwrap();
    let config = raw.check("/etc/wujitong".as_ref()).unwrap();
    assert_eq!(config.data, Path::new("/etc/wujitong/d"));
    assert_eq!(
        config.topology.as_deref(),
        Some(Path::new("/usr/share/divisions.csv"))
    );
    assert_eq!(
        config.outlines,
        Outlines::File("/etc/wujitong/map.geojson".into())
    );
    let off = Raw::from_toml(&format!("{LEAST}outlines = 'off'")).unwrap();
    let off = off.check("/etc/wujitong".as_ref()).unwrap();
    assert_eq!(off.outlines, Outlines::Off);
}

#[test]
fn addresses_are_read_into_one_spelling() {
    let more = "parent = ['GW.example:1', '[2001:DB8::1]:2']\n[dns]\nservers = ['::1', '10.0.0.1:54']\n\
                [http]\nhosts = ['Name.Example', '[0:0::1]']\n[telemetry]\notlp = 'http://C.example:4317/'";
    let config = Raw::from_toml(&format!("{LEAST}{more}"))
        .unwrap()
        .check("/".as_ref())
        .unwrap();
    let parent = |host: &str, port| HostPort {
        host: host.to_owned(),
        port,
    };
    assert_eq!(
        config.parent,
        [parent("gw.example", 1), parent("2001:db8::1", 2)]
    );
    let servers: [SocketAddr; 2] = ["[::1]:53".parse().unwrap(), "10.0.0.1:54".parse().unwrap()];
    assert_eq!(config.dns.servers, servers);
    assert_eq!(config.http.hosts, ["name.example", "[::1]"]);
    assert_eq!(
        config.telemetry.otlp.as_deref(),
        Some("http://c.example:4317")
    );
}

#[test]
fn what_counts_without_a_restart_is_taken_from_the_new_configuration_and_the_rest_stays() {
    let of = |text: &str| {
        let (layer, problems) = Layer::of_toml(text);
        assert!(problems.is_empty(), "{problems:?}");
        layer
    };
    let old = of(&format!(
        "{LEAST}listen = '[::]:1'\nparent = ['a:1']\n[limits]\nlogins_per_address_min = 5\nwindow = 7"
    ));
    let new = of(&format!(
        "\n{LEAST}\nlisten = '[::]:2'\n[limits]\nwindow = 8\nrequests_per_caller_s = 9"
    ));
    let changes = old.changes(&new);
    let told: Vec<_> = changes
        .iter()
        .map(|change| (change.key.as_str(), change.effect))
        .collect();
    assert_eq!(
        told,
        [
            ("listen", Effect::Restart),
            ("parent", Effect::Reload),
            ("limits.window", Effect::Restart),
            ("limits.requests_per_caller_s", Effect::Reload),
            ("limits.logins_per_address_min", Effect::Reload),
        ]
    );
    let login = changes.last().unwrap();
    let shown = [&login.from, &login.to].map(|value| value.as_ref().map(ToString::to_string));
    assert_eq!(
        shown,
        [Some("5".to_owned()), Some("30".to_owned())],
        "back to the default"
    );
    let reloaded = old.reloaded(&new);
    let (raw, place) = (
        &reloaded.raw,
        reloaded.place("limits.requests_per_caller_s"),
    );
    assert_eq!(raw.listen.as_deref(), Some("[::]:1"));
    assert_eq!(raw.parent, None);
    assert_eq!(raw.limits.window, Some(7));
    assert_eq!(raw.limits.logins_per_address_min, None);
    assert_eq!(raw.limits.requests_per_caller_s, Some(9));
    assert_eq!(place.map(|place| place.line), Some(9));
    let still: Vec<_> = reloaded
        .changes(&new)
        .into_iter()
        .map(|one| one.key)
        .collect();
    assert_eq!(still, ["listen", "limits.window"]);
    assert_eq!(
        reloaded.origin("limits.window"),
        old.origin("limits.window")
    );
    assert_eq!(
        reloaded.origin("zone"),
        new.origin("zone"),
        "the same, in another line"
    );
    assert_ne!(old.origin("zone"), new.origin("zone"));
    assert_eq!(reloaded.origin("store.cache_mib"), Origin::Default);
}
