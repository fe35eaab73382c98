//! What apps and programs send over HTTP.

use std::sync::LazyLock;

use domain::policy::Policy;
use open311::fuzzing::{self, MOST_BODY, Read};
use serde::{Serialize, de::DeserializeOwned};
use tokio::runtime::{Builder, Runtime};

use crate::seeds::NOW;

/// Longest description of the protocol, in characters.
const MOST_DESCRIPTION: usize = 4_000;
/// Most parameters of a request.
const MOST_PAIRS: usize = 200;

/// The pairs of a form or a query of Open311, and a path.
pub(crate) fn form(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Some(path) = fuzzing::path(text) {
        assert!(path.len() <= text.len());
    }
    let policy = Policy::default();
    let Some(read) = fuzzing::pairs(text, &policy, NOW) else {
        return;
    };
    let written: usize = read
        .pairs
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    assert!(written <= text.len());
    check(&read, &policy);
    // Written with every byte escaped it says the same.
    let escaped = |text: &str| {
        text.bytes()
            .map(|byte| format!("%{byte:02x}"))
            .collect::<String>()
    };
    let pairs = read.pairs.iter();
    let again: Vec<String> = pairs
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
        .collect();
    let again = fuzzing::pairs(&again.join("&"), &policy, NOW).expect("it was written here");
    assert_eq!((again.pairs, again.said), (read.pairs, read.said));
}

/// A form with files: a line with the boundary, then the body.
pub(crate) fn parts(bytes: &[u8]) {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime")
    });
    let end = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(bytes.len());
    let (boundary, body) = bytes.split_at(end);
    let Ok(boundary) = std::str::from_utf8(boundary) else {
        return;
    };
    let body = body.get(1..).unwrap_or_default().to_vec();
    let policy = Policy::default();
    let read = RUNTIME.block_on(fuzzing::parts(boundary, body, &policy, NOW));
    let Some(read) = read else {
        return;
    };
    let written: usize = read
        .pairs
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    assert!(written <= MOST_BODY.min(bytes.len()));
    check(&read, &policy);
}

fn check(read: &Read, policy: &Policy) {
    assert!(read.pairs.len() <= MOST_PAIRS);
    if let Some((from, to)) = read.span {
        assert!(
            (0..=90 * 86_400_000).contains(&(to.0 - from.0)),
            "{from} to {to}"
        );
    }
    let Some(report) = &read.report else {
        return;
    };
    assert!(report.text.chars().count() <= MOST_DESCRIPTION);
    assert_eq!(policy.check_report(&report.text, &report.details), Ok(()));
    assert!(policy.category(&report.category).is_some());
    assert!(report.place.is_none_or(|place| place.is_on_earth()));
}

/// A body in JSON, as everything that the API takes.
pub(crate) fn json(bytes: &[u8]) {
    same::<api::AccountPatch>(bytes);
    same::<api::AccountRequest>(bytes);
    same::<api::ActRequest>(bytes);
    same::<api::CountersignRequest>(bytes);
    same::<api::EraseRequest>(bytes);
    same::<api::GridRequest>(bytes);
    same::<api::HookRequest>(bytes);
    same::<api::ImportRequest>(bytes);
    same::<api::KeyRequest>(bytes);
    same::<api::LinkRequest>(bytes);
    same::<api::LoginRequest>(bytes);
    same::<api::PartsRequest>(bytes);
    same::<api::PasswordRequest>(bytes);
    same::<api::PublishRequest>(bytes);
    same::<api::ReportRequest>(bytes);
    same::<api::RevokeRequest>(bytes);
    same::<api::RolesRequest>(bytes);
    same::<api::UploadRequest>(bytes);
    same::<api::HolderRequest>(bytes);
}

/// What is taken is written as JSON that is taken as the same.
fn same<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    let Ok(read) = serde_json::from_slice::<T>(bytes) else {
        return;
    };
    let written = serde_json::to_value(&read).expect("texts and numbers");
    let again: T = serde_json::from_value(written.clone())
        .unwrap_or_else(|error| panic!("{error}: {written}"));
    assert_eq!(
        serde_json::to_value(&again).expect("texts and numbers"),
        written
    );
}
