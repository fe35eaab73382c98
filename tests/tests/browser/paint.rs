//! How soon a page is seen on a telephone of little money in a village with a weak network: measured by
//! the browser, printed, and judged by nobody, because it is a property of the machine too.
//!
//! `just paint` runs it; `docs/performance.md` says how to read it.

use serde_json::{Value, json};

use super::driver::{Browser, Demo, Look};

/// The pages that most people open first.
const PAGES: [&str; 6] = ["/", "/report", "/my", "/mailbox", "/promises", "/how"];
/// Visits of each page; the median is told.
const VISITS: usize = 5;
/// Slow 4G as Lighthouse applies it: round trips of 150 ms and 1.6 Mbit/s, with what the browser's own
/// throttling needs on top of both.
const LATENCY_MS: f64 = 562.5;
const DOWN_BYTES_PER_S: f64 = 184_320.0;
const UP_BYTES_PER_S: f64 = 86_400.0;
/// How many times slower the processor is made.
const SLOWER: u32 = 4;
/// When the first byte came to the network stack, which is before the throttling, and when the largest element was painted, after the beginning of the
/// navigation, in milliseconds; bytes of everything that was sent.
const SEEN: &str = "new Promise((told) => { let last = 0; \
    new PerformanceObserver((list) => { for (const one of list.getEntries()) last = one.startTime; }) \
        .observe({ type: 'largest-contentful-paint', buffered: true }); \
    setTimeout(() => { const went = performance.getEntriesByType('navigation')[0]; \
        const files = performance.getEntriesByType('resource'); \
        const bytes = [went, ...files].reduce((sum, one) => sum + one.transferSize, 0); \
        told({ first: went.responseStart, largest: last, bytes }); }, 500); })";

async fn throttle(browser: &Browser) {
    browser.cdp("Network.enable", json!({})).await;
    // A first visit: no file is kept, and no worker answers past the slow network.
    let bypass = json!({ "bypass": true });
    browser.cdp("Network.setBypassServiceWorker", bypass).await;
    let disabled = json!({ "cacheDisabled": true });
    browser.cdp("Network.setCacheDisabled", disabled).await;
    let network = json!({ "offline": false, "latency": LATENCY_MS,
        "downloadThroughput": DOWN_BYTES_PER_S, "uploadThroughput": UP_BYTES_PER_S });
    browser
        .cdp("Network.emulateNetworkConditions", network)
        .await;
    let processor = json!({ "rate": SLOWER });
    browser
        .cdp("Emulation.setCPUThrottlingRate", processor)
        .await;
}

fn median(of: &mut [f64]) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

fn figure(seen: &Value, name: &str) -> f64 {
    let told = seen[name].as_f64().unwrap_or_default();
    assert!(told > 0.0, "the browser does not tell `{name}`: {seen}");
    told
}

#[tokio::test]
#[ignore = "a measurement, not a test: `just paint`"]
async fn pages_are_seen_soon_on_a_slow_network_and_a_slow_telephone() {
    let demo = Demo::start().await;
    let browser = Browser::open(true).await;
    let telephone = Look {
        width: 360,
        dark: false,
        forced: false,
    };
    browser.look(telephone).await;
    throttle(&browser).await;
    println!("page          first byte   largest paint   bytes   (medians of {VISITS})");
    for page in PAGES {
        let (mut first, mut largest, mut bytes) = (vec![], vec![], vec![]);
        for _ in 0..VISITS {
            browser.go(&demo.at("330825002222", page)).await;
            let seen = browser.value(SEEN).await;
            first.push(figure(&seen, "first"));
            largest.push(figure(&seen, "largest"));
            bytes.push(figure(&seen, "bytes"));
        }
        println!(
            "{page:<12} {:>8.0} ms {:>12.0} ms {:>9.0}",
            median(&mut first),
            median(&mut largest),
            median(&mut bytes)
        );
    }
    browser.close().await;
    demo.stop().await;
}
