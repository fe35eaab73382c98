//! `wujitong join`

use std::{
    fs::DirBuilder,
    io::{self, IsTerminal, Read, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use api::Language;
use app::SystemClock;
use domain::invitation::{InvitationText, check_number, machine_number};
use identity::{CheckedGrant, IdentityError, InvitationSigner, Joining, Surroundings, files};
use office::Clock;
use peer::join::{Answered, AskError, Responded, ask};
use rustls_pki_types::UnixTime;
use serde::Serialize;
use tokio::time::{Instant, sleep};
use topology::{DivisionCode, Tree};

use super::{
    Failure, Output,
    init::named,
    labels::moment,
    language,
    node_file::{CONFIG, NodeFile},
    site::{data_directory, read, tree},
    tables::pairs,
};

/// The longest invitation that is read from standard input, in bytes.
const MOST_BYTES: u64 = 16 * 1024;

/// How often a machine that waits to be admitted asks.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// Clocks that differ by less are not mentioned further, in milliseconds.
const MOST_SKEW_MS: i64 = 2 * 60_000;

/// Joins a network (入网) with the invitation that the parent's operator made
///
/// Makes the keys of the division here, asks the parent, checks what it grants, and writes the
/// configuration beside the keys; start the node with `wujitong run --data DIR`. The keys never
/// leave this machine. Nothing is sent before the check number is shown: compare it with the
/// parent's operator if the invitation came over a way that others can write to. If it is cut off,
/// run the same command again: it goes on with the same keys.
///
/// The invitation may be typed with or without spaces. As an argument it is visible to other users
/// of this machine while the command runs: use --file, or - for standard input, where that
/// matters. A file holds the text alone, or invitation = "WJT1…".
///
/// Examples:
///   wujitong join WJT1Q9X2... --data /srv/township
///   wujitong join --file invitation.toml --data /srv/township --listen 0.0.0.0:7450 --yes
///   wujitong join --file - --data /srv/township --http off
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Join {
    /// The invitation, from WJT1 to its last group
    #[arg(
        value_name = "TEXT",
        required_unless_present = "file",
        conflicts_with = "file"
    )]
    text: Vec<String>,
    /// File with the invitation, or - for standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Directory for keys, configuration and store [default: ./wujitong-data if it exists, else
    /// /var/lib/wujitong]
    #[arg(long, value_name = "DIR", env = "WUJITONG_DATA")]
    data: Option<PathBuf>,
    /// CSV file of divisions, for other provinces than Zhejiang
    #[arg(long, value_name = "FILE")]
    topology: Option<PathBuf>,
    /// Written to the configuration: address for neighbours
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Written to the configuration: address for HTTP, or `off`
    #[arg(long, value_name = "ADDRESS")]
    http: Option<String>,
    /// Does not ask whether to go on
    #[arg(long)]
    yes: bool,
    /// Minutes to wait until the parent's operator admits the machine, if they have to
    #[arg(long, value_name = "MINUTES", default_value_t = 10)]
    wait: u64,
}

/// What is printed once the division has joined.
#[derive(Debug, Serialize)]
struct Joined {
    data: PathBuf,
    division: DivisionCode,
    name: String,
    parent: DivisionCode,
    network: String,
    zone: String,
    demo: bool,
    root_sha256: String,
    key: String,
    check_number: String,
    certificate_until_ms: i64,
    may_enrol: usize,
    /// How far this machine's clock is ahead of the parent's, in milliseconds.
    clock_ahead_ms: i64,
    same_edition: bool,
    waits_for: Option<DivisionCode>,
    config: PathBuf,
}

impl Join {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let data = data_directory(self.data.as_deref());
        let tree = tree(self.topology.as_deref())?;
        let text = InvitationText::read(&self.invitation()?);
        let text = text.map_err(|bad| Failure::Usage(bad.to_string()))?;
        check(&text, &tree)?;
        let number = number_of(&text);
        self.confirm(&text, &tree, &number).await?;
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&data);
        made.map_err(|error| Failure::File(data.clone(), error))?;
        let joining = Joining::begin(&data, text.clone(), &tree, now());
        let joining = joining.map_err(|error| not_begun(error, &data))?;
        say(&format!("Keys are in {} (0600).", data.display()));
        let surroundings = Surroundings::default();
        let responded = self.ask(&joining, &tree, &surroundings).await?;
        let Answered::Grant(grant) = responded.answered else {
            return Err(Failure::NotDone(
                "the parent's operator did not admit this machine yet; run the same command again"
                    .to_owned(),
            ));
        };
        let checked = joining.check(*grant, &tree, &surroundings)?;
        let joined = Joined {
            division: text.division,
            name: tree.require(text.division)?.short_name().into_owned(),
            parent: text.parent,
            network: text.network.to_string(),
            zone: checked.zone().to_owned(),
            demo: checked.demo(),
            root_sha256: checked.root_sha256(),
            key: joining.key().to_string(),
            check_number: number,
            certificate_until_ms: checked.certificate_ends.saturating_mul(1000),
            may_enrol: tree
                .children(text.division)
                .filter(|it| tree.has_node(*it))
                .count(),
            clock_ahead_ms: SystemClock.now().0 - responded.now_ms,
            same_edition: responded.same_edition,
            waits_for: checked.waits_for,
            config: data.join(CONFIG),
            data,
        };
        self.write_config(&joined, &checked, &text, &tree)?;
        joining.finish(checked)?;
        output.facts(&joined, || joined.for_people(&tree))
    }

    /// Returns the invitation as it was typed, or as it stands in the file.
    fn invitation(&self) -> Result<String, Failure> {
        let Some(file) = &self.file else {
            return Ok(self.text.concat());
        };
        let text = if file == Path::new("-") {
            let mut text = String::new();
            let read = io::stdin().take(MOST_BYTES).read_to_string(&mut text);
            read.map_err(|error| Failure::File(file.clone(), error))?;
            text
        } else {
            read(file)?
        };
        Ok(in_file(&text))
    }

    /// Shows the check number and asks whether to go on, if somebody is there to answer.
    async fn confirm(
        &self,
        text: &InvitationText,
        tree: &Tree,
        number: &str,
    ) -> Result<(), Failure> {
        say(&format!(
            "Invitation for {} under {}, good until {}.\nCheck number {number}",
            named(tree, text.division),
            named(tree, text.parent),
            moment(text.expires_at.0),
        ));
        if self.yes || !io::stdin().is_terminal() {
            return Ok(());
        }
        let mut told = io::stderr();
        let _nobody_reads = write!(told, "Go on? [Y/n] ").and_then(|()| told.flush());
        let answer = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            io::stdin().read_line(&mut line).map(|_| line)
        });
        let answer = answer
            .await
            .map_err(|error| Failure::Failed(error.to_string()))?;
        let answer = answer.map_err(|error| Failure::Failed(error.to_string()))?;
        match answer.trim().to_ascii_lowercase().as_str() {
            "" | "y" | "yes" => Ok(()),
            _ => Err(Failure::NotDone(
                "nothing was made and nothing was sent".to_owned(),
            )),
        }
    }

    /// Asks until there is a grant, or the time to wait for an operator is over.
    async fn ask(
        &self,
        joining: &Joining,
        tree: &Arc<Tree>,
        surroundings: &Surroundings,
    ) -> Result<Responded, Failure> {
        let until = Instant::now() + Duration::from_secs(self.wait.saturating_mul(60));
        let mut waits = false;
        loop {
            let responded = ask(joining, tree, surroundings)
                .await
                .map_err(not_answered)?;
            let text = joining.invitation();
            let parent = named(tree, text.parent);
            let is_pending = matches!(responded.answered, Answered::Pending);
            if !is_pending || Instant::now() >= until {
                let took = responded.took.as_millis();
                say(&format!(
                    "{parent} at {} answered in {took} ms.",
                    responded.address
                ));
                return Ok(responded);
            }
            if !waits {
                let number = machine_number(text.network, &text.pin, text.division, joining.key());
                say(&format!(
                    "{parent} compares the number of this machine first. Read it out to its operator: {number}\nThere: \
                     wujitong admit {} NUMBER",
                    text.division.short(),
                ));
                waits = true;
            }
            sleep(ASK_EVERY).await;
        }
    }

    /// Writes the configuration, unless there is one.
    fn write_config(
        &self,
        joined: &Joined,
        checked: &CheckedGrant,
        text: &InvitationText,
        tree: &Tree,
    ) -> Result<(), Failure> {
        if joined.config.exists() {
            return Ok(());
        }
        let file = NodeFile {
            division: joined.division,
            with_branch: false,
            topology: self.topology.as_deref(),
            listen: self.listen.as_deref(),
            http: self.http.as_deref(),
            parent: &text.addresses,
        };
        let zone = checked.zone();
        let config = file.checked((tree, zone), Some(&joined.network), &joined.data)?;
        files::write(&joined.config, config.as_bytes()).map_err(IdentityError::from)?;
        Ok(())
    }
}

/// Tells the operator something on the way. Standard output is for the result alone.
fn say(text: &str) {
    let _nobody_reads = writeln!(io::stderr(), "{text}");
}

fn now() -> UnixTime {
    let now = u64::try_from(SystemClock.now().0).unwrap_or_default();
    UnixTime::since_unix_epoch(Duration::from_millis(now))
}

fn number_of(text: &InvitationText) -> String {
    let key = InvitationSigner::of(text).public();
    check_number(text.network, &text.pin, text.division, &key)
}

/// Returns the invitation in a file: the text alone, or a TOML file with `invitation = "…"`.
fn in_file(text: &str) -> String {
    let named = toml::from_str::<toml::Table>(text).ok();
    let named = named.and_then(|table| Some(table.get("invitation")?.as_str()?.to_owned()));
    named.unwrap_or_else(|| text.to_owned())
}

/// Checks what this machine can tell without asking anybody. The parent's clock decides when an
/// invitation ends.
fn check(text: &InvitationText, tree: &Tree) -> Result<(), Failure> {
    tree.require(text.division)?;
    if !tree.has_node(text.division) {
        return Err(Failure::NoNode(text.division));
    }
    match tree.parent(text.division) {
        Some(parent) if parent == text.parent => Ok(()),
        Some(parent) => Err(Failure::NotDone(format!(
            "{} stands under {} in this list of divisions, not under {}; ask there, or name the parent's list with --topology",
            named(tree, text.division),
            named(tree, parent),
            named(tree, text.parent),
        ))),
        None => Err(Failure::NoNode(text.division)),
    }
}

fn not_begun(error: IdentityError, data: &Path) -> Failure {
    match error {
        IdentityError::AlreadyEnrolled(_) => Failure::NotDone(format!(
            "the division is enrolled in {0} already; start it: wujitong run --data {0}",
            data.display()
        )),
        IdentityError::OtherNetwork(_) => Failure::NotDone(error.to_string()),
        other => other.into(),
    }
}

fn not_answered(error: AskError) -> Failure {
    match error {
        AskError::Refused(refused) => {
            let said = &refused.said;
            let told = match language::of_terminal() {
                Language::Chinese => &said.chinese,
                Language::English => &said.english,
            };
            Failure::NotDone(told.clone())
        }
        AskError::NotTheParent(..) => Failure::NotDone(error.to_string()),
        AskError::Unreachable(..) => Failure::Away(error.to_string()),
        AskError::Identity(error) => error.into(),
        AskError::Unreadable => Failure::Failed(error.to_string()),
    }
}

impl Joined {
    fn for_people(&self, tree: &Tree) -> String {
        let demo = if self.demo { " (demo)" } else { "" };
        let facts = pairs([
            ("division", format!("{} {}", self.division, self.name)),
            ("parent", named(tree, self.parent)),
            ("network", format!("{}{demo}", self.network)),
            ("zone", self.zone.clone()),
            ("root SHA-256", self.root_sha256.clone()),
            ("key", self.key.clone()),
            ("certificate until", moment(self.certificate_until_ms)),
            ("may enrol", format!("{} divisions", self.may_enrol)),
            ("configuration", self.config.display().to_string()),
        ]);
        let mut text = facts;
        let ahead = self.clock_ahead_ms;
        if ahead.abs() > MOST_SKEW_MS {
            let side = if ahead > 0 { "ahead of" } else { "behind" };
            let seconds = ahead.abs() / 1000;
            text.push_str(&format!(
                "This machine's clock is {seconds} s {side} the parent's; set the one that is wrong.\n"
            ));
        }
        if !self.same_edition {
            text.push_str(
                "The parent has another edition of the list of divisions; compare them.\n",
            );
        }
        if let Some(above) = self.waits_for {
            text.push_str(&format!(
                "The new key counts once {} has countersigned it; tell its operator the key, who then runs: wujitong \
                 key countersign {} --key {}\n",
                named(tree, above),
                self.division.short(),
                self.key,
            ));
        }
        text.push_str(&format!(
            "Start: wujitong run --data {}\n",
            self.data.display()
        ));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_the_text_alone_or_names_it() {
        assert_eq!(in_file("invitation = \"WJT1 ABC\"\n"), "WJT1 ABC");
        assert_eq!(in_file("WJT1 ABCD\nEFGH\n"), "WJT1 ABCD\nEFGH\n");
        assert_eq!(in_file("other = 1\n"), "other = 1\n");
    }
}
