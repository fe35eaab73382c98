//! `wujitong log audit`: reads a whole log and computes everything again.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    hash::{BuildHasher, RandomState},
    path::{Path, PathBuf},
};

use api::{ChildLog, ChildLogs, HeldLog, PublicLog, PublicLogs};
use data_encoding::HEXLOWER;
use log::{
    Checkpoint, Entry, EntryKind, Frontier, Hash, Node, Tile, TileLevel, Vkey, WitnessKey, bundle,
    check_consistency, consistency, fold, leaf_hash,
};
use serde::Serialize;
use topology::DivisionCode;

use super::{
    none,
    source::{Address, Logs, PATIENCE, Source},
};
use crate::{Failure, Output, client::Client, site::Asked, tables::pairs};

/// Reads the whole log of the node and computes every hash again
///
/// Checks that the signed head is the root of the entries, that every tile is the hashes of what is below
/// it, that the log begins with an opening of this division, and that each countersignature is of a head of this tree. With
/// --since, also that the log begins with what an older checkpoint signed: a file that `wujitong log checkpoint` printed. With
/// --held, also that the store holds what each entry says. Heads of the logs of children, of which there is one for each child
/// and day, are compared with each other, and those that contradict each other are counted.
///
/// With --children or --child the logs of divisions below are read as well, whole, and each must begin with the head that is
/// recorded here. Those whose nodes are in this process are read there, others at the address of their pages: the name in
/// `pages.hosts`, else CODE in `pages.zone`. Where that is not so, give the address with --at, which may be repeated. Exits with 0 if everything holds and 7 if something does not.
///
/// Examples:
///   wujitong log audit
///   wujitong log audit --since head.txt
///   wujitong log audit --held
///   wujitong log audit --node 330825002 --children 5
///   wujitong log audit --child 330825002222 --at 330825002222=https://zhangwang.example
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Audit {
    /// File with an older checkpoint of one of the logs
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
    /// Compares each entry with what the store holds
    #[arg(long)]
    held: bool,
    /// Reads the logs of so many divisions below, chosen at random
    #[arg(long, value_name = "COUNT", conflicts_with = "since")]
    children: Option<usize>,
    /// Reads the log of this division below; may be repeated
    #[arg(long, value_name = "CODE", conflicts_with = "since")]
    child: Vec<DivisionCode>,
    /// Address of the pages of a division: CODE=https://host[:port]; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    at: Vec<Address>,
}

/// What was found in the logs of a node.
#[derive(Serialize)]
struct Audited {
    logs: Vec<AuditedLog>,
    /// Logs of divisions below.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    children: Vec<AuditedChild>,
}

/// What was found of the log of a division below.
#[derive(Serialize)]
struct AuditedChild {
    division: DivisionCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<AuditedLog>,
    /// Why it was not read; nothing is known of it then.
    #[serde(skip_serializing_if = "Option::is_none")]
    unread: Option<String>,
    /// What does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong: Option<String>,
}

/// A head that a log had before: so many entries, the root then, and who has it.
type Mark = (u64, Hash, String);

/// What was found in one log.
#[derive(Serialize)]
struct AuditedLog {
    origin: String,
    size: u64,
    tiles: u64,
    /// How many entries there are of each kind.
    entries: BTreeMap<&'static str, u64>,
    /// Entries of a kind that this program does not know.
    unknown: u64,
    /// Logs of children whose heads stand in it.
    children: usize,
    /// Heads of children that have fewer entries than an earlier one of the same log, or another root at the same
    /// number.
    contradictions: u64,
    /// The last head of each log of a child, by the digest of its name.
    #[serde(skip)]
    last: BTreeMap<Hash, (u64, Hash)>,
    /// Size of the older checkpoint, if it is one of this log.
    since: Option<u64>,
    /// Heads that others have and that are heads of this tree: how many entries, and who has them.
    others: Vec<(u64, String)>,
    /// What the comparison with the store found.
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<HeldLog>,
}

impl Audit {
    pub(super) async fn run(
        self,
        asked: &Asked,
        logs: &PublicLogs,
        output: &mut Output<'_>,
    ) -> Result<(), Failure> {
        let older = self.since.as_deref().map(read).transpose()?;
        if logs.logs.is_empty() {
            return Err(none());
        }
        if let Some((older, _)) = &older
            && !logs.logs.iter().any(|log| log.origin == older.origin())
        {
            let wrong = format!(
                "the node has no log {}, of which the older checkpoint is",
                older.origin()
            );
            return Err(Failure::Log(wrong));
        }
        let own = Logs {
            division: asked.node,
            source: Source::Here(&asked.client),
        };
        let mut audited = Audited {
            logs: vec![],
            children: vec![],
        };
        for log in &logs.logs {
            let older = older
                .as_ref()
                .filter(|(older, _)| older.origin() == log.origin);
            let older = older.map(|(older, text)| (older, &text[..]));
            let mut found = audit(&own, log, older, vec![]).await?;
            if self.held {
                found.held = Some(held(asked, log).await?);
            }
            audited.logs.push(found);
        }
        audited.children = self.below(asked).await?;
        output.facts(&audited, || {
            let own = audited.logs.iter().map(for_people);
            let below = audited.children.iter().map(child_for_people);
            own.chain(below).collect::<Vec<_>>().join("\n")
        })?;
        audited.verdict()
    }

    /// Reads the logs of the divisions below that were asked for.
    async fn below(&self, asked: &Asked) -> Result<Vec<AuditedChild>, Failure> {
        if self.children.is_none() && self.child.is_empty() {
            return Ok(vec![]);
        }
        let known: ChildLogs = asked.client.get(&asked.path("log/children")).await?;
        let below = |log: &&ChildLog| log.division.tier() > asked.node.tier();
        let all: BTreeSet<_> = known
            .logs
            .iter()
            .filter(below)
            .map(|log| log.division)
            .collect();
        let mut chosen: BTreeSet<_> = self.child.iter().copied().collect();
        let mut rest: Vec<_> = all.difference(&chosen).copied().collect();
        // Nobody who rewrites a log knows which ones are read.
        let seed = RandomState::new();
        rest.sort_by_key(|division| seed.hash_one(division));
        chosen.extend(rest.into_iter().take(self.children.unwrap_or_default()));
        let hosted = asked.client.nodes().await?.nodes;
        let outside = Logs::outside();
        let mut audited = vec![];
        for division in chosen {
            let address = self.at.iter().find(|at| at.division == division);
            let mut guessed = false;
            let source = match address {
                Some(address) => Source::There(&outside, address.base.clone()),
                None if hosted.iter().any(|node| node.division == division) => {
                    Source::Here(&asked.client)
                }
                None => match pages_of(division, &known.logs) {
                    Some(base) => {
                        guessed = true;
                        Source::There(&outside, base)
                    }
                    None => {
                        let why =
                            "its node is not in this process, and no zone of pages is set here";
                        audited.push(AuditedChild::unread(division, &with_address(why, division)));
                        continue;
                    }
                },
            };
            let logs = Logs { division, source };
            let mut found = one_below(&logs, &known.logs).await;
            if let (true, Some(why)) = (guessed, &mut found.unread) {
                *why = with_address(why, division);
            }
            audited.push(found);
        }
        Ok(audited)
    }
}

/// Returns where the pages of a division are by the names that the node knows.
fn pages_of(division: DivisionCode, known: &[ChildLog]) -> Option<String> {
    let mut known = known.iter().filter(|log| log.division == division);
    known.find_map(|log| log.pages.clone())
}

/// Adds how to give the address of a division.
fn with_address(why: &str, division: DivisionCode) -> String {
    let division = division.short();
    format!("{why}; if its pages are elsewhere, add --at {division}=https://HOST[:PORT]")
}

impl AuditedChild {
    fn unread(division: DivisionCode, why: &str) -> Self {
        Self {
            division,
            log: None,
            unread: Some(why.to_owned()),
            wrong: None,
        }
    }
}

impl Audited {
    /// Fails if something does not hold.
    fn verdict(&self) -> Result<(), Failure> {
        let held = self.logs.iter().filter_map(|log| log.held.as_ref());
        let differs: usize = held.map(|held| held.differs.len()).sum();
        if differs > 0 {
            let what = format!("{differs} entries or heads do not match what the store holds");
            return Err(Failure::Log(what));
        }
        let wrong = self.children.iter().find_map(|child| child.wrong.clone());
        match wrong {
            Some(wrong) => Err(Failure::Log(wrong)),
            None => Ok(()),
        }
    }
}

/// Compares a log of the node with its store.
async fn held(asked: &Asked, log: &PublicLog) -> Result<HeldLog, Failure> {
    let client = Client::new(asked.client.socket()).with_patience(PATIENCE);
    let client = client.with_token(asked.client.token());
    let path = asked.path(&format!("log/{}/held", log.epoch));
    Ok(client.get(&path).await?)
}

/// Reads the log of a division below of which this node has recorded a head last.
async fn one_below(logs: &Logs<'_>, known: &[ChildLog]) -> AuditedChild {
    let division = logs.division;
    let recorded = known.iter().filter(|log| log.division == division);
    let Some(known) = recorded.max_by_key(|log| log.at_ms) else {
        return AuditedChild::unread(division, "no head of it is recorded here");
    };
    let listed = match logs.list().await {
        Ok(listed) => listed,
        Err(error) => return AuditedChild::unread(division, &error.to_string()),
    };
    let mut one = AuditedChild {
        division,
        log: None,
        unread: None,
        wrong: None,
    };
    match listed.logs.iter().find(|log| log.epoch == known.epoch) {
        None => {
            let why = format!("{division} does not show the log that is recorded here");
            one.wrong = Some(why);
        }
        Some(log) if log.key != known.key => {
            let (shown, recorded) = (&log.key, &known.key);
            one.wrong = Some(format!(
                "{division} shows its log with another key than was recorded: {shown}, not {recorded}"
            ));
        }
        Some(log) => {
            let mark = mark(known.size, &known.root, "this node");
            match audit(logs, log, None, mark.into_iter().collect()).await {
                Ok(found) => one.log = Some(found),
                Err(Failure::Log(wrong)) => one.wrong = Some(wrong),
                Err(error) => one.unread = Some(error.to_string()),
            }
        }
    }
    one
}

fn mark(size: u64, root: &str, who: &str) -> Option<Mark> {
    let root = HEXLOWER.decode(root.as_bytes()).ok()?;
    Some((size, root.try_into().ok()?, who.to_owned()))
}

/// Reads the greatest countersigned head, and checks each countersignature that the list names.
async fn countersigned(logs: &Logs<'_>, log: &PublicLog, key: &Vkey) -> Result<Vec<Mark>, Failure> {
    let Some(listed) = &log.countersigned else {
        return Ok(vec![]);
    };
    let wrong = |why: String| Failure::Log(format!("{}: {why}", log.origin));
    let note = logs
        .file(&format!("log/{}/countersigned", log.epoch))
        .await?;
    let head = Checkpoint::open(&note, key).map_err(|error| wrong(error.to_string()))?;
    let mut marks = vec![];
    for by in &listed.by {
        let key: WitnessKey = by
            .key
            .parse()
            .map_err(|error| wrong(format!("the key of {}: {error}", by.division)))?;
        let found = key.find(&note);
        if found.is_none() {
            let by = by.division;
            return Err(wrong(format!("the countersignature of {by} does not hold")));
        }
        marks.push((head.size(), *head.root(), by.division.short()));
    }
    Ok(marks)
}

/// Reads an older checkpoint, with its text.
fn read(file: &Path) -> Result<(Checkpoint, Vec<u8>), Failure> {
    let text = fs::read(file).map_err(|error| Failure::File(file.to_owned(), error))?;
    let hint = "name a file that `wujitong log checkpoint` printed";
    let wrong = |error| Failure::Usage(format!("{}: {error}; {hint}", file.display()));
    Ok((Checkpoint::read(&text).map_err(wrong)?, text))
}

/// Reads and checks one log. Each mark must be a head of its tree.
async fn audit(
    logs: &Logs<'_>,
    log: &PublicLog,
    older: Option<(&Checkpoint, &[u8])>,
    mut marks: Vec<Mark>,
) -> Result<AuditedLog, Failure> {
    let wrong = |why: String| Failure::Log(format!("{}: {why}", log.origin));
    let key: Vkey = log
        .key
        .parse()
        .map_err(|error| wrong(format!("its key: {error}")))?;
    // Those countersigned a head that the log had before the present one.
    marks.extend(countersigned(logs, log, &key).await?);
    let note = fetch(logs, log, "checkpoint").await?;
    let head = Checkpoint::open(&note, &key).map_err(|error| wrong(error.to_string()))?;
    let mut found = AuditedLog::unread(log, &head);
    if let Some((size, _, who)) = marks.iter().find(|(size, ..)| *size > head.size()) {
        let have = head.size();
        return Err(wrong(format!(
            "{who} has a head of {size} entries, and it has only {have}"
        )));
    }
    let (mut tree, mut level) = (Frontier::default(), vec![]);
    for tile in Tile::all(head.size()).take_while(|tile| tile.level == TileLevel::Entries) {
        let bytes = fetch(logs, log, &format!("tile/{tile}")).await?;
        let entries = bundle::entries(&bytes, tile.width.into());
        let entries = entries.filter(|entries| entries.len() == usize::from(tile.width));
        for entry in entries
            .ok_or_else(|| wrong(format!("{tile} is no bundle of {} entries", tile.width)))?
        {
            found
                .count(entry, tree.size(), logs.division)
                .map_err(wrong)?;
            level.push(leaf_hash(entry));
            tree.push(leaf_hash(entry));
            for (size, root, who) in marks.iter().filter(|(size, ..)| *size == tree.size()) {
                if *root != tree.root() {
                    let why = format!(
                        "{who} has another head of {size} entries; keep both, they prove it"
                    );
                    return Err(wrong(why));
                }
                found.others.push((*size, who.clone()));
            }
        }
    }
    if tree.root() != *head.root() {
        return Err(wrong(
            "the entries do not lead to the root that was signed".to_owned(),
        ));
    }
    if let Some((older, text)) = older {
        Checkpoint::open(text, &key)
            .map_err(|error| wrong(format!("the older checkpoint: {error}")))?;
        goes_on(older, &head, &level).map_err(wrong)?;
        found.since = Some(older.size());
    }
    found.tiles = check_tiles(logs, log, &head, level).await?;
    Ok(found)
}

impl AuditedLog {
    /// Returns a log of which nothing was read but its head.
    fn unread(log: &PublicLog, head: &Checkpoint) -> Self {
        Self {
            origin: log.origin.clone(),
            size: head.size(),
            tiles: 0,
            entries: BTreeMap::new(),
            unknown: 0,
            children: 0,
            contradictions: 0,
            last: BTreeMap::new(),
            since: None,
            others: vec![],
            held: None,
        }
    }
}

/// Checks the tiles of hashes against those of the entries, level by level. Returns how many there are.
async fn check_tiles(
    logs: &Logs<'_>,
    log: &PublicLog,
    head: &Checkpoint,
    mut level: Vec<Hash>,
) -> Result<u64, Failure> {
    let (mut tiles, mut above) = (0, 0);
    while !level.is_empty() {
        let all = Tile::all(head.size()).filter(|tile| tile.level == TileLevel::Hashes(above));
        for tile in all {
            let bytes = fetch(logs, log, &format!("tile/{tile}")).await?;
            let own = &level[tile.begin() as usize..tile.end() as usize];
            if bytes != own.concat() {
                return Err(Failure::Log(format!(
                    "{}: {tile} does not hold the hashes of what is below it",
                    log.origin
                )));
            }
            tiles += 1;
        }
        level = level.chunks_exact(Tile::FULL.into()).map(root).collect();
        above += 1;
    }
    Ok(tiles)
}

async fn fetch(logs: &Logs<'_>, log: &PublicLog, what: &str) -> Result<Vec<u8>, Failure> {
    logs.file(&format!("log/{}/{what}", log.epoch)).await
}

fn root(hashes: &[Hash]) -> Hash {
    let mut tree = Frontier::default();
    hashes.iter().for_each(|hash| tree.push(*hash));
    tree.root()
}

/// Checks that a log begins with what an older head of it signed.
fn goes_on(older: &Checkpoint, head: &Checkpoint, leaves: &[Hash]) -> Result<(), String> {
    let rewritten = |why: String| {
        format!(
            "the log does not begin with the {} entries that were signed before: {why}; keep both checkpoints, they prove it",
            older.size()
        )
    };
    let parts = consistency(older.size(), head.size());
    let parts = parts.map_err(|_| rewritten(format!("it has only {} now", head.size())))?;
    let node = |node: &Node| {
        let begin = (node.index << node.level) as usize;
        root(&leaves[begin..begin + (1 << node.level)])
    };
    let hashes = |part: Vec<Node>| fold(&part.iter().map(node).collect::<Vec<_>>());
    let proof: Option<Vec<Hash>> = parts.into_iter().map(hashes).collect();
    let (old, new) = ((older.size(), older.root()), (head.size(), head.root()));
    check_consistency(old, new, &proof.unwrap_or_default())
        .map_err(|why| rewritten(why.to_string()))
}

impl AuditedLog {
    /// Counts an entry; the first must be the opening of this log.
    fn count(&mut self, entry: &[u8], index: u64, division: DivisionCode) -> Result<(), String> {
        let read = Entry::decode(entry);
        if index == 0 {
            let opens = matches!(&read, Ok(Entry::Opening(opening)) if opening.division == division.as_u64());
            if !opens {
                return Err("it does not begin with an opening of this division".to_owned());
            }
        }
        match read {
            Ok(Entry::Opening(_)) if index > 0 => Err(format!("entry {index} is a second opening")),
            Ok(entry) => {
                if let Entry::ChildHead { log, size, root } = entry {
                    self.compare(log, (size, root));
                }
                *self.entries.entry(entry.kind().code()).or_default() += 1;
                Ok(())
            }
            Err(log::BadEntry::Form(_) | log::BadEntry::Kind(_)) => {
                self.unknown += 1;
                Ok(())
            }
            Err(error) => Err(format!("entry {index}: {error}")),
        }
    }
}

impl AuditedLog {
    /// Compares the head of a log of a child with the one before it.
    fn compare(&mut self, log: Hash, (size, root): (u64, Hash)) {
        if let Some((before, old)) = self.last.insert(log, (size, root))
            && (size < before || (size == before && root != old))
        {
            self.contradictions += 1;
        }
        self.children = self.last.len();
    }
}

fn for_people(log: &AuditedLog) -> String {
    let count = |kind: EntryKind| {
        let count = log.entries.get(kind.code())?;
        Some((
            kind.code(),
            format!("{count}, {} {}", kind.english(), kind.chinese()),
        ))
    };
    let kinds = EntryKind::ALL.into_iter().filter_map(count);
    let before = |size| format!("begins with the {size} entries signed before");
    let since = log.since.map(|size| ("since", before(size)));
    let of_children = || {
        let (children, wrong) = (log.children, log.contradictions);
        (
            "children",
            format!("heads of {children} logs; {wrong} contradict an earlier one"),
        )
    };
    let children = (log.children > 0).then(of_children);
    let newer = || ("unknown", format!("{} of a newer program", log.unknown));
    let unknown = (log.unknown > 0).then(newer);
    let (size, tiles) = (log.size, log.tiles);
    let rows = [
        ("log", log.origin.clone()),
        (
            "holds",
            format!("有效: head, {size} entries and {tiles} tiles agree"),
        ),
    ];
    let others = log.others.iter().map(|(size, who)| {
        (
            "known",
            format!("{who} has the head of {size} entries 已记下"),
        )
    });
    let held = log.held.as_ref().map(|held| {
        let (same, aside, unheld) = (held.same, held.set_aside, held.unheld);
        let (heads, differs) = (held.heads, held.differs.len());
        (
            "store",
            format!(
                "{same} entries match 相符, {aside} set aside 搁置, {unheld} not held 已无内容; {heads} countersigned heads; {differs} differ 不符"
            ),
        )
    });
    let differs = log.held.iter().flat_map(|held| &held.differs);
    let differs = differs.map(|one| ("DIFFERS", format!("{}: {}", one.index, one.about)));
    let more = since
        .into_iter()
        .chain(others)
        .chain(held)
        .chain(differs)
        .chain(kinds)
        .chain(children)
        .chain(unknown);
    pairs(rows.into_iter().chain(more))
}

fn child_for_people(child: &AuditedChild) -> String {
    let division = child.division.short();
    match (&child.log, &child.unread, &child.wrong) {
        (_, _, Some(wrong)) => pairs([("below", division), ("DOES NOT HOLD 无效", wrong.clone())]),
        (_, Some(unread), _) => pairs([("below", division), ("not read 未读", unread.clone())]),
        (Some(log), ..) => format!("{}{}", pairs([("below", division)]), for_people(log)),
        (None, None, None) => String::new(),
    }
}
