//! A demo in a process of its own, a browser, and what tests ask of a page.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde_json::{Value, json};
use testkit::program::{free_port, program};
use thirtyfour::{ChromiumLikeCapabilities, DesiredCapabilities, WebDriver, WebElement};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::{sleep, timeout},
};

/// Time limit for the demo to tell its story, and for a page.
const PATIENCE: Duration = Duration::from_secs(180);
/// What checks the accessibility of a page (axe-core 4.14.1, MPL-2.0; see `axe/LICENSE`).
const AXE: &str = include_str!("../../browser/axe/axe.min.js");
/// Lines of a page about what its policy forbade.
const LISTEN: &str = "window.violations = []; document.addEventListener('securitypolicyviolation', \
                      (e) => window.violations.push(e.violatedDirective + ' ' + e.blockedURI));";

/// A running demo of one village and the tiers above it.
pub(super) struct Demo {
    process: Child,
    port: u16,
    _dir: tempfile::TempDir,
}

impl Demo {
    pub(super) async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let told = tempfile::NamedTempFile::new().unwrap();
        let mut command = Command::new(program());
        command
            .args(["demo", "--division", "330825002222", "--data"])
            .arg(dir.path());
        command
            .stdout(Stdio::piped())
            .stderr(told.reopen().unwrap())
            .kill_on_drop(true);
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Some((_, port)) = line.split_once("http://localhost:") {
                    return port.split('/').next().unwrap().parse().unwrap();
                }
            }
            let told = std::fs::read_to_string(told.path()).unwrap();
            let end = told.lines().rev().take(4).collect::<Vec<_>>();
            panic!("the demo prints no address; it said last: {end:#?}")
        };
        let port = timeout(PATIENCE, address).await.unwrap();
        // The demo goes on to write; somebody has to read.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self {
            process,
            port,
            _dir: dir,
        }
    }

    /// The address of a page of a division.
    pub(super) fn at(&self, division: &str, path: &str) -> String {
        let host = match division {
            "" => "localhost".to_owned(),
            division => format!("{division:0<12}.localhost"),
        };
        format!("http://{host}:{}{path}", self.port)
    }

    /// The port of all its pages.
    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    pub(super) async fn stop(mut self) {
        self.process.kill().await.unwrap();
    }
}

/// A browser with one window.
pub(super) struct Browser {
    pub(super) driver: WebDriver,
    chromedriver: Child,
    _profile: tempfile::TempDir,
}

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) width: u32,
    pub(super) dark: bool,
    pub(super) forced: bool,
}

/// A telephone in the hand.
pub(super) const PHONE: Look = Look {
    width: 320,
    dark: false,
    forced: false,
};

impl Browser {
    /// Opens a browser. Without scripts it is one of a person who switched them off.
    pub(super) async fn open(scripts: bool) -> Self {
        let port = free_port();
        let mut command = Command::new("chromedriver");
        command
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let chromedriver = command.kill_on_drop(true).spawn();
        let chromedriver = chromedriver.expect("chromedriver; tests/run installs it");
        let profile = tempfile::tempdir().unwrap();
        let mut wanted = DesiredCapabilities::chrome();
        for argument in [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--lang=zh-CN",
            "--accept-lang=zh-CN",
        ] {
            wanted.add_arg(argument).unwrap();
        }
        wanted
            .add_arg(&format!("--user-data-dir={}", profile.path().display()))
            .unwrap();
        let url = format!("http://127.0.0.1:{port}");
        let driver = loop {
            match WebDriver::new(&url, wanted.clone()).await {
                Ok(driver) => break driver,
                Err(error)
                    if tokio::net::TcpStream::connect(("127.0.0.1", port))
                        .await
                        .is_ok() =>
                {
                    panic!("{error}")
                }
                Err(_) => sleep(Duration::from_millis(100)).await,
            }
        };
        let browser = Self {
            driver,
            chromedriver,
            _profile: profile,
        };
        if !scripts {
            let off = json!({ "value": true });
            browser
                .cdp("Emulation.setScriptExecutionDisabled", off)
                .await;
        }
        browser.cdp("Page.enable", json!({})).await;
        let source = json!({ "source": LISTEN });
        browser
            .cdp("Page.addScriptToEvaluateOnNewDocument", source)
            .await;
        browser
    }

    pub(super) async fn cdp(&self, method: &str, with: Value) -> Value {
        self.driver.cdp().send_raw(method, with).await.unwrap()
    }

    pub(super) async fn look(&self, look: Look) {
        let size = json!({ "width": look.width, "height": if look.width < 600 { 640 } else { 800 },
            "deviceScaleFactor": 1, "mobile": look.width < 600 });
        self.cdp("Emulation.setDeviceMetricsOverride", size).await;
        let scheme = if look.dark { "dark" } else { "light" };
        let forced = if look.forced { "active" } else { "none" };
        let media = json!({ "media": "", "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "forced-colors", "value": forced },
            // Otherwise colours are measured while they fade from those of the look before.
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        self.cdp("Emulation.setEmulatedMedia", media).await;
    }

    pub(super) async fn go(&self, url: &str) {
        self.driver.goto(url).await.unwrap();
    }

    /// Value of an expression in the page.
    pub(super) async fn value(&self, expression: &str) -> Value {
        let asked =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let told = self.cdp("Runtime.evaluate", asked).await;
        assert!(told["exceptionDetails"].is_null(), "{told}");
        told["result"]["value"].clone()
    }

    pub(super) async fn text(&self) -> String {
        let body = self.driver.find(thirtyfour::By::Css("body")).await.unwrap();
        body.text().await.unwrap()
    }

    async fn find(&self, css: &str) -> WebElement {
        let one = self.driver.find(thirtyfour::By::Css(css)).await;
        one.unwrap_or_else(|_| panic!("nothing at {css}"))
    }

    /// Clicks on something; if it is a link or sends a form, waits for the page that comes.
    pub(super) async fn click(&self, css: &str) {
        let one = self.find(css).await;
        let here = self.document().await;
        let kind = one.attr("type").await.unwrap().unwrap_or_default();
        let leads = match &*one.tag_name().await.unwrap() {
            "a" => one.attr("href").await.unwrap().is_some(),
            "button" => matches!(&*kind, "" | "submit"),
            _ => false,
        };
        one.scroll_into_view().await.unwrap();
        one.click().await.unwrap();
        if leads {
            self.arrive(&here).await;
        }
    }

    /// Clicks on something that leads nowhere, although it is a link or a button of a form.
    pub(super) async fn click_in_place(&self, css: &str) {
        let one = self.find(css).await;
        one.scroll_into_view().await.unwrap();
        one.click().await.unwrap();
    }

    /// Which document is shown. A browser says that a form was sent before the next page is there.
    async fn document(&self) -> Option<Value> {
        let tools = self.driver.cdp();
        let tree = tools.send_raw("Page.getFrameTree", json!({})).await.ok()?;
        Some(tree["frameTree"]["frame"]["loaderId"].clone())
    }

    /// Waits until another document than this is shown, whole.
    async fn arrive(&self, before: &Option<Value>) {
        for _ in 0..300 {
            let now = self.document().await;
            if now.is_some() && now != *before {
                return self.until_true("document.readyState === 'complete'").await;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("the click leads nowhere: {}", self.text().await);
    }

    pub(super) async fn fill(&self, css: &str, text: &str) {
        let one = self.find(css).await;
        one.clear().await.unwrap();
        one.send_keys(text).await.unwrap();
    }

    pub(super) async fn path(&self) -> String {
        let url = self.driver.current_url().await.unwrap();
        url.path().to_owned()
    }

    /// Waits until the page is at a path that fits.
    pub(super) async fn until(&self, fits: impl Fn(&str) -> bool) {
        for _ in 0..200 {
            if fits(&self.path().await) {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("the page stays at {}", self.path().await);
    }

    /// Waits until an expression in the page is true. A page may be on its way meanwhile.
    pub(super) async fn until_true(&self, expression: &str) {
        let asked =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        for _ in 0..300 {
            let told = self
                .driver
                .cdp()
                .send_raw("Runtime.evaluate", asked.clone())
                .await;
            if told.is_ok_and(|told| told["result"]["value"] == true) {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("it stays false: {expression}\n{}", self.text().await);
    }

    /// R-A2, R-A3, R-A4, R-A22: what axe finds, what does not fit, what the policy forbade, and what others
    /// were asked for.
    pub(super) async fn faults(&self) -> Vec<String> {
        let mut faults = vec![];
        let wide = self
            .value("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        let wide = wide.await;
        if wide.as_i64().unwrap() > 0 {
            let who = self.value(
                "[...document.querySelectorAll('main *, header *, footer *')].filter(e => e.getBoundingClientRect().right > \
                 document.documentElement.clientWidth + 1).slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join(' | ')",
            );
            faults.push(format!("{wide} px too wide: {}", who.await));
        }
        let violations = self.value("(window.violations || []).join(', ')").await;
        if violations != "" {
            faults.push(format!("policy: {violations}"));
        }
        let foreign = self
            .value(
                "performance.getEntriesByType('resource').map(e => e.name)\
                 .filter(name => !name.startsWith(location.origin + '/') && !name.startsWith('blob:')).join(', ')",
            )
            .await;
        if foreign != "" {
            faults.push(format!("of others: {foreign}"));
        }
        self.value(&format!("{AXE}; true")).await;
        let found = self.value(
            "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }).then(r => \
             r.violations.map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + ' ' + \
             n.failureSummary.slice(0, 200)).join(' | ')))",
        );
        let found = found.await;
        faults.extend(
            found
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one.as_str().unwrap().to_owned()),
        );
        faults
    }

    /// Prints the page as it asks for, with its structure; returns the file.
    pub(super) async fn printed(&self) -> Printed {
        let page = json!({ "preferCSSPageSize": true, "generateTaggedPDF": true });
        let printed = self.cdp("Page.printToPDF", page).await;
        let bytes = data_encoding(printed["data"].as_str().unwrap());
        assert!(bytes.starts_with(b"%PDF"));
        Printed(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Looks at the page as it is printed.
    pub(super) async fn as_paper(&self) {
        let paper = json!({ "media": "print" });
        self.cdp("Emulation.setEmulatedMedia", paper).await;
    }

    /// Keeps a picture of the whole page, if `SCREENSHOTS` names a directory.
    pub(super) async fn picture(&self, name: &str) {
        let Some(dir) = std::env::var_os("SCREENSHOTS").map(PathBuf::from) else {
            return;
        };
        std::fs::create_dir_all(&dir).unwrap();
        let size = self
            .value("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
            .await;
        let [width, height] = [0, 1].map(|at| u32::try_from(size[at].as_u64().unwrap()).unwrap());
        let bytes = self.screenshot(width, height.min(4_000)).await;
        std::fs::write(Path::new(&dir).join(format!("{name}.png")), bytes).unwrap();
    }

    /// Reads the QR code on the page from a picture of it, with zbar.
    pub(super) async fn read_codes(&self) -> String {
        let picture = tempfile::Builder::new().suffix(".png").tempfile().unwrap();
        // Two pixels for each of the page: a large code has modules of less than three.
        let bytes = self.screenshot_at(2, (1_000, 2_000)).await;
        std::fs::write(picture.path(), bytes).unwrap();
        let read = tokio::process::Command::new("zbarimg")
            .args(["--quiet", "--raw"])
            .arg(picture.path())
            .output();
        let read = read.await.expect("zbar-tools is installed");
        String::from_utf8(read.stdout).unwrap().trim().to_owned()
    }

    /// Takes a picture of the top of the page, in pixels, as PNG.
    pub(super) async fn screenshot(&self, width: u32, height: u32) -> Vec<u8> {
        self.screenshot_at(1, (width, height)).await
    }

    async fn screenshot_at(&self, scale: u32, (width, height): (u32, u32)) -> Vec<u8> {
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": scale });
        let taken = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let taken = self.cdp("Page.captureScreenshot", taken).await;
        data_encoding(taken["data"].as_str().unwrap())
    }

    pub(super) async fn close(mut self) {
        self.driver.quit().await.unwrap();
        self.chromedriver.kill().await.unwrap();
    }
}

/// A page on paper, as PDF.
pub(super) struct Printed(String);

impl Printed {
    pub(super) fn pages(&self) -> usize {
        self.0.matches("/Type /Page\n").count()
    }

    /// How often the structure of the document has a mark, such as `TR` or `LI`.
    pub(super) fn parts(&self, mark: &str) -> usize {
        let mark = format!("/S /{mark}");
        let after = self.0.split(&mark).skip(1);
        let whole = |rest: &&str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric());
        after.filter(whole).count()
    }
}

fn data_encoding(text: &str) -> Vec<u8> {
    data_encoding::BASE64.decode(text.as_bytes()).unwrap()
}
