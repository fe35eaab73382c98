//! Loads a tree from CSV. Every fault is reported, and nothing is half loaded.

use super::{LoadErrors, Mark, RowError, RowFault, Tree, build::build};
use crate::{DivisionCode, Tier, UnitKind};

/// Largest file in bytes, so that every index and offset fits in 32 bits.
const LARGEST: usize = 16 << 20;
const LONGEST_NAME: usize = 100;

/// One row that was read. `mark` holds what its columns state, or the defaults.
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) code: DivisionCode,
    pub(super) name: String,
    pub(super) mark: Mark,
}

impl Tree {
    /// Loads the divisions of one province from CSV of at most 16 MiB with a header:
    /// `code,name[,kind][,node]`, columns and rows in any order, codes short or padded.
    ///
    /// - `kind` is `village`, `community` or `park`, only at the village tier; empty means the kind
    ///   implied by the ending of the name ([`UnitKind::of_name`]).
    /// - `node` is `yes` or `no`. Empty means yes, except above the village tier for a name by which
    ///   statistics fill a tier that a place does not have: …直辖村级区划, …直辖县级行政区划, 市辖区, 县.
    ///   Development zones and farms at the township tier are administered and do have a node; if
    ///   one is not, its row says `no` and the county is the parent of its units.
    ///
    /// # Errors
    ///
    /// Every bad row with its line; then nothing is loaded.
    pub fn load(csv: &str) -> Result<Self, LoadErrors> {
        if csv.len() > LARGEST {
            return Err(LoadErrors {
                rows: vec![RowFault::TooLarge.on(1)],
            });
        }
        let mut faults = Vec::new();
        let mut rows = read(csv.strip_prefix('\u{feff}').unwrap_or(csv), &mut faults);
        rows.sort_by_key(|row| (row.code, row.line));
        check(&rows, &mut faults);
        if faults.is_empty() {
            Ok(build(&rows))
        } else {
            faults.sort_by_key(|fault| fault.line);
            Err(LoadErrors { rows: faults })
        }
    }
}

/// Positions of the columns in the file.
struct Columns {
    code: usize,
    name: usize,
    kind: Option<usize>,
    node: Option<usize>,
    count: usize,
}

impl Columns {
    fn of(header: &csv::StringRecord) -> Result<Self, Vec<RowFault>> {
        let mut faults = Vec::new();
        let mut places = [None; 4];
        for (place, column) in header.iter().enumerate() {
            let known = ["code", "name", "kind", "node"]
                .iter()
                .position(|name| *name == column);
            match known.map(|known| &mut places[known]) {
                Some(free @ None) => *free = Some(place),
                _ => faults.push(RowFault::Column(shown(column))),
            }
        }
        let [code, name, kind, node] = places;
        for (place, column) in [(code, "code"), (name, "name")] {
            if place.is_none() {
                faults.push(RowFault::MissingColumn(column));
            }
        }
        match (code, name) {
            (Some(code), Some(name)) if faults.is_empty() => Ok(Self {
                code,
                name,
                kind,
                node,
                count: header.len(),
            }),
            _ => Err(faults),
        }
    }

    /// Reads one record. A row with a good code is returned even if it has other faults, so that
    /// the divisions below it are not reported as orphans.
    fn row(
        &self,
        line: u64,
        record: &csv::StringRecord,
        faults: &mut Vec<RowError>,
    ) -> Option<Row> {
        if record.len() != self.count {
            faults.push(
                RowFault::Fields {
                    found: record.len(),
                    expected: self.count,
                }
                .on(line),
            );
        }
        let field = |place: Option<usize>| place.and_then(|place| record.get(place)).unwrap_or("");
        let name = field(Some(self.name));
        if name.is_empty() && record.len() > self.name {
            faults.push(RowFault::EmptyName.on(line));
        } else if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            faults.push(RowFault::Name.on(line));
        }
        let code = match field(Some(self.code)).parse::<DivisionCode>() {
            Ok(code) => Some(code),
            Err(error) => {
                faults.push(RowFault::Code(error).on(line));
                None
            }
        };
        let tier = code.map(DivisionCode::tier);
        let kind = kind(field(self.kind), name, tier).unwrap_or_else(|fault| {
            faults.push(fault.on(line));
            None
        });
        let has_node = has_node(field(self.node), name, tier).unwrap_or_else(|fault| {
            faults.push(fault.on(line));
            true
        });
        code.map(|code| Row {
            line,
            code,
            name: name.to_owned(),
            mark: Mark { kind, has_node },
        })
    }
}

fn kind(text: &str, name: &str, tier: Option<Tier>) -> Result<Option<UnitKind>, RowFault> {
    let at_village = tier == Some(Tier::Village);
    if text.is_empty() {
        return Ok(at_village.then(|| UnitKind::of_name(name)));
    }
    let kind = text.parse().map_err(|_| RowFault::Kind(shown(text)))?;
    match tier {
        Some(tier) if tier != Tier::Village => Err(RowFault::KindTier(tier)),
        _ => Ok(Some(kind)),
    }
}

fn has_node(text: &str, name: &str, tier: Option<Tier>) -> Result<bool, RowFault> {
    match text {
        "" => Ok(matches!(tier, Some(Tier::Province | Tier::Village)) || !fills_a_tier(name)),
        "yes" => Ok(true),
        "no" if tier == Some(Tier::Province) => Err(RowFault::RootWithoutNode),
        "no" => Ok(false),
        _ => Err(RowFault::Node(shown(text))),
    }
}

/// Returns whether statistics use this name to fill a tier that a place does not have.
fn fills_a_tier(name: &str) -> bool {
    matches!(name, "市辖区" | "县")
        || [
            "直辖村级区划",
            "直辖乡级区划",
            "直辖县级行政区划",
            "直辖县级行政单位",
        ]
        .iter()
        .any(|ending| name.ends_with(ending))
}

fn read(csv: &str, faults: &mut Vec<RowError>) -> Vec<Row> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(csv.as_bytes());
    let mut lines = Lines {
        text: csv.as_bytes(),
        seen: 0,
        line: 1,
    };
    let mut columns: Option<Columns> = None;
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                faults.push(RowFault::Csv(error.to_string()).on(lines.line));
                break;
            }
        }
        let line = lines.of(&record);
        match &columns {
            Some(columns) => rows.extend(columns.row(line, &record, faults)),
            None => match Columns::of(&record) {
                Ok(found) => columns = Some(found),
                Err(found) => {
                    faults.extend(found.into_iter().map(|fault| fault.on(line)));
                    return rows;
                }
            },
        }
    }
    if rows.is_empty() && faults.is_empty() {
        faults.push(RowFault::Empty.on(1));
    }
    rows
}

/// Counts lines by byte offset, because the reader's own count is wrong after CRLF and blank lines.
struct Lines<'a> {
    text: &'a [u8],
    seen: usize,
    line: u64,
}

impl Lines<'_> {
    fn of(&mut self, record: &csv::StringRecord) -> u64 {
        let offset = record.position().map_or(0, csv::Position::byte);
        let mut start = usize::try_from(offset)
            .unwrap_or(self.seen)
            .min(self.text.len());
        while self
            .text
            .get(start)
            .is_some_and(|byte| matches!(byte, b'\r' | b'\n'))
        {
            start += 1;
        }
        let passed = self.text.get(self.seen..start).unwrap_or_default();
        self.line += passed
            .iter()
            .map(|&byte| u64::from(byte == b'\n'))
            .sum::<u64>();
        self.seen = start;
        self.line
    }
}

/// Checks for faults that involve several rows: duplicates, orphans, and a second province.
fn check(rows: &[Row], faults: &mut Vec<RowError>) {
    let mut province = None;
    let mut first: Option<&Row> = None;
    for row in rows {
        let code = row.code;
        if let Some(first) = first
            && first.code == code
        {
            faults.push(
                RowFault::Duplicate {
                    code,
                    first: first.line,
                }
                .on(row.line),
            );
            continue;
        }
        first = Some(row);
        if code.tier() == Tier::Province {
            match province {
                None => province = Some(row.line),
                Some(first) => {
                    faults.push(RowFault::SecondProvince { code, first }.on(row.line));
                }
            }
        } else if !code.enclosing().any(|above| find(rows, above).is_some()) {
            faults.push(RowFault::Orphan(code).on(row.line));
        }
    }
}

/// Returns the index of a code in sorted rows.
pub(super) fn find(rows: &[Row], code: DivisionCode) -> Option<usize> {
    rows.binary_search_by_key(&code, |row| row.code).ok()
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(24).collect()
}
