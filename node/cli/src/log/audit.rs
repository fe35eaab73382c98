//! `wujitong log audit`: reads a whole log and computes everything again.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use api::{PublicLog, PublicLogs};
use log::{
    Checkpoint, Entry, EntryKind, Frontier, Hash, Node, Tile, TileLevel, Vkey, bundle,
    check_consistency, consistency, fold, leaf_hash,
};
use serde::Serialize;

use super::none;
use crate::{Failure, Output, site::Asked, tables::pairs};

/// Reads the whole log of the node and computes every hash again
///
/// Checks that the signed head is the root of the entries, that every tile is the hashes of what is below
/// it, and that the log begins with an opening of this division. With --since, also that the log begins
/// with what an older checkpoint signed: a file that `wujitong log checkpoint` printed. Exits with 0 if everything
/// holds and 7 if something does not. Heads of the logs of children, of which there is one for each child and day, are
/// compared with each other, and those that contradict each other are counted.
///
/// Examples:
///   wujitong log audit
///   wujitong log audit --since head.txt
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Audit {
    /// File with an older checkpoint of one of the logs
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
}

/// What was found in the logs of a node.
#[derive(Serialize)]
struct Audited {
    logs: Vec<AuditedLog>,
}

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
        let mut audited = Audited { logs: vec![] };
        for log in &logs.logs {
            let older = older
                .as_ref()
                .filter(|(older, _)| older.origin() == log.origin);
            let found = audit(
                asked,
                logs,
                log,
                older.map(|(older, text)| (older, &text[..])),
            );
            audited.logs.push(found.await?);
        }
        output.facts(&audited, || {
            audited
                .logs
                .iter()
                .map(for_people)
                .collect::<Vec<_>>()
                .join("\n")
        })
    }
}

/// Reads an older checkpoint, with its text.
fn read(file: &Path) -> Result<(Checkpoint, Vec<u8>), Failure> {
    let text = fs::read(file).map_err(|error| Failure::File(file.to_owned(), error))?;
    let hint = "name a file that `wujitong log checkpoint` printed";
    let wrong = |error| Failure::Usage(format!("{}: {error}; {hint}", file.display()));
    Ok((Checkpoint::read(&text).map_err(wrong)?, text))
}

/// Reads and checks one log.
async fn audit(
    asked: &Asked,
    logs: &PublicLogs,
    log: &PublicLog,
    older: Option<(&Checkpoint, &[u8])>,
) -> Result<AuditedLog, Failure> {
    let wrong = |why: String| Failure::Log(format!("{}: {why}", log.origin));
    let key: Vkey = log
        .key
        .parse()
        .map_err(|error| wrong(format!("its key: {error}")))?;
    let note = fetch(asked, log, "checkpoint").await?;
    let head = Checkpoint::open(&note, &key).map_err(|error| wrong(error.to_string()))?;
    let mut found = AuditedLog {
        origin: log.origin.clone(),
        size: head.size(),
        tiles: 0,
        entries: BTreeMap::new(),
        unknown: 0,
        children: 0,
        contradictions: 0,
        last: BTreeMap::new(),
        since: None,
    };
    let (mut tree, mut level) = (Frontier::default(), vec![]);
    for tile in Tile::all(head.size()).take_while(|tile| tile.level == TileLevel::Entries) {
        let bytes = fetch(asked, log, &format!("tile/{tile}")).await?;
        let entries = bundle::entries(&bytes, tile.width.into());
        let entries = entries.filter(|entries| entries.len() == usize::from(tile.width));
        for entry in entries
            .ok_or_else(|| wrong(format!("{tile} is no bundle of {} entries", tile.width)))?
        {
            found.count(entry, tree.size(), logs).map_err(wrong)?;
            level.push(leaf_hash(entry));
            tree.push(leaf_hash(entry));
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
    let mut above = 0;
    while !level.is_empty() {
        let tiles = Tile::all(head.size()).filter(|tile| tile.level == TileLevel::Hashes(above));
        for tile in tiles {
            let bytes = fetch(asked, log, &format!("tile/{tile}")).await?;
            let own = &level[tile.begin() as usize..tile.end() as usize];
            if bytes != own.concat() {
                return Err(wrong(format!(
                    "{tile} does not hold the hashes of what is below it"
                )));
            }
            found.tiles += 1;
        }
        level = level.chunks_exact(Tile::FULL.into()).map(root).collect();
        above += 1;
    }
    Ok(found)
}

async fn fetch(asked: &Asked, log: &PublicLog, what: &str) -> Result<Vec<u8>, Failure> {
    let path = asked.path(&format!("log/{}/{what}", log.epoch));
    Ok(asked.client.file(&path).await?.to_vec())
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
    fn count(&mut self, entry: &[u8], index: u64, logs: &PublicLogs) -> Result<(), String> {
        let read = Entry::decode(entry);
        if index == 0 {
            let opens = matches!(&read, Ok(Entry::Opening(opening)) if opening.division == logs.division.as_u64());
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
    let more = since
        .into_iter()
        .chain(kinds)
        .chain(children)
        .chain(unknown);
    pairs(rows.into_iter().chain(more))
}
