//! Keys of a node's records. The first byte names the kind; `outbox::queue` has those of the outbox.

use bytes::Bytes;
use domain::{
    alarm::AlarmKind,
    attachment::{FileNo, Part, UploadId},
    category::Category,
    envelope::{Destination, Lane},
    hook::HookId,
    ids::{EpochId, KeyId, MatterId},
    import::Source,
    people::{AccountId, GridId},
    request::AskId,
    rollup::CellKey,
    suite::Digest,
    template::TemplateKey,
    time::{Day, Timestamp},
};
use records::outbox::queue::{destination_bytes, destination_from_bytes};
use topology::DivisionCode;

use super::shelves::Shelf;

/// Counts of this life.
pub(super) const LEDGER: &[u8] = b"c";
/// The lives of this store.
pub(super) const LIVES: &[u8] = b"V";
/// What was issued in this life between starts.
pub(super) const RUNS: &[u8] = b"e";
/// The time at which this node was last known to run.
pub(super) const LAST_TIME: &[u8] = b"e-time";
/// What dockets begin with.
pub(super) const DOCKETS: &[u8] = b"m";
/// What journal entries begin with.
pub(super) const JOURNAL: &[u8] = b"j";
/// What sums of figures begin with.
pub(super) const SUMS: &[u8] = b"q";
/// What sums as the parent counts them begin with, where the parent counts more coarsely.
pub(super) const UPWARD: &[u8] = b"u";
/// What the latest versions of templates begin with.
pub(super) const TEMPLATES: &[u8] = b"t";
/// What templates in force begin with.
pub(super) const IN_FORCE: &[u8] = b"i";
/// What key statements of other divisions begin with.
pub(super) const KEYS: &[u8] = b"k";
/// There while the node runs; left behind by a process that died.
pub(super) const RUNNING: &[u8] = b"L";
/// What marks of envelopes in hand at a crash begin with.
pub(super) const CRASHES: &[u8] = b"X";
/// By whom everything was told, through when.
pub(super) const HEARD: &[u8] = b"H";
/// What revocations begin with.
pub(super) const REVOCATIONS: &[u8] = b"R";

/// What standing alarms begin with.
pub(super) const STANDING_ALARMS: &[u8] = b"K";

/// A standing alarm.
pub(super) fn standing_alarm(kind: AlarmKind, about: Option<DivisionCode>) -> Bytes {
    let about = about.map_or([0; 8], code);
    key(STANDING_ALARMS, &[&about, kind.code().as_bytes()])
}

/// Whom this node waits for, since its store went back in time.
pub(super) const AWAITED: &[u8] = b"Za";
/// What matters begin with that are gone on with when nobody is waited for any more.
pub(super) const LEARNT: &[u8] = b"Zl";
/// What matters begin with that no lost life can have had as they are.
pub(super) const SURE: &[u8] = b"Zs";
/// That the parent refused this machine because another one has its identity.
pub(super) const STANDS_ASIDE: &[u8] = b"Zr";
/// What neighbours begin with that are being shown what this node knows.
pub(super) const SHOWS: &[u8] = b"Zn";

/// A matter that is gone on with.
pub(super) fn learnt(id: MatterId) -> Bytes {
    key(LEARNT, &[&id.to_bytes()])
}

/// A matter that no lost life can have had as it is.
pub(super) fn sure(id: MatterId) -> Bytes {
    key(SURE, &[&id.to_bytes()])
}

/// How far a neighbour was shown what this node knows.
pub(super) fn shows(neighbour: DivisionCode) -> Bytes {
    key(SHOWS, &[&code(neighbour)])
}

/// States of a matter that do not count, because others contradict them.
pub(super) fn aside(id: MatterId) -> Bytes {
    key(b"Zx", &[&id.to_bytes()])
}

/// Counts of people.
pub(super) const CENSUS: &[u8] = b"Pc";
/// What accounts begin with.
pub(super) const ACCOUNTS: &[u8] = b"Pa";
/// What grids begin with.
pub(super) const GRIDS: &[u8] = b"Pg";
/// What API keys begin with.
pub(super) const API_KEYS: &[u8] = b"Pk";
/// What points to what is to be deleted at a time begins with.
pub(super) const DUE: &[u8] = b"Pd";
/// What entries of the audit trail begin with.
pub(super) const AUDIT: &[u8] = b"A";
/// The end of the audit trail.
pub(super) const AUDIT_HEAD: &[u8] = b"Pt";
/// What uploads begin with.
pub(super) const UPLOADS: &[u8] = b"Fu";
/// What files that are being fetched begin with.
pub(super) const FETCHES: &[u8] = b"Ff";
/// What files of matters begin with.
pub(super) const FILES: &[u8] = b"Fm";
/// Bytes that uploads and files take together.
pub(super) const FILE_BYTES: &[u8] = b"Fs";
/// What owners of kept files begin with.
const OWNERS: &[u8] = b"Fo";

/// What matters begin with that an official published, by the moment of their report.
pub(super) const PUBLISHED: &[u8] = b"Op";
/// What matters begin with that a program filed, by its key and the moment of the report.
pub(super) const FILED: &[u8] = b"Of";
/// Counts of the changes that are told.
pub(super) const CHANGE_COUNTS: &[u8] = b"Ec";
/// What changes that are told begin with.
pub(super) const CHANGES: &[u8] = b"El";
/// What webhooks begin with.
pub(super) const HOOKS: &[u8] = b"Eh";

fn key(kind: &[u8], parts: &[&[u8]]) -> Bytes {
    [kind, &parts.concat()].concat().into()
}

fn code(division: DivisionCode) -> [u8; 8] {
    division.as_u64().to_be_bytes()
}

/// A docket.
pub(super) fn docket(id: MatterId) -> Bytes {
    key(DOCKETS, &[&id.to_bytes()])
}

/// That this node erased its copies of a matter that another holds.
pub(super) fn erased_here(id: MatterId) -> Bytes {
    key(b"Se", &[&id.to_bytes()])
}

/// Who of this node's people worked on a matter.
pub(super) fn handlers(id: MatterId) -> Bytes {
    key(b"Sh", &[&id.to_bytes()])
}

/// The highest custody version of a matter this node refused to take from a giver.
pub(super) fn refused_give(giver: DivisionCode, id: MatterId) -> Bytes {
    key(b"g", &[&code(giver), &id.to_bytes()])
}

/// A request of this node about a matter that it knows nothing of.
pub(super) fn ask(id: AskId) -> Bytes {
    key(b"a", &[&id.epoch.to_be_bytes(), &id.number.to_be_bytes()])
}

/// That this node asked to see a matter that never came here.
pub(super) fn asked_to_see(id: MatterId) -> Bytes {
    key(b"Sw", &[&id.to_bytes()])
}

/// What alarms begin with.
pub(super) const ALARMS: &[u8] = b"w";

/// When to look at the clocks of a matter again; sorts by that moment.
pub(super) fn alarm(at: Timestamp, id: MatterId) -> Bytes {
    key(ALARMS, &[&at.0.max(0).to_be_bytes(), &id.to_bytes()])
}

/// What comes after every alarm up to a moment.
pub(super) fn alarms_until(now: Timestamp) -> Bytes {
    key(ALARMS, &[&(now.0.max(0) + 1).to_be_bytes()])
}

/// The matter of an alarm.
pub(super) fn alarmed(key: &[u8]) -> Option<MatterId> {
    MatterId::from_bytes(key.get(9..)?)
}

/// A matter that a program filed; sorts by the moment it was reported.
pub(super) fn on_rack(rack: &[u8], reported: Timestamp, id: MatterId) -> Bytes {
    key(rack, &[&reported.0.max(0).to_be_bytes(), &id.to_bytes()])
}

/// Where the matters of a program begin that were reported at a moment or later.
pub(super) fn rack_from(rack: &[u8], from: Timestamp) -> Bytes {
    key(rack, &[&from.0.max(0).to_be_bytes()])
}

/// When a matter of a program was reported, and its number.
pub(super) fn racked(rest: &[u8]) -> Option<(Timestamp, MatterId)> {
    let (at, id) = rest.split_at_checked(8)?;
    let at = i64::from_be_bytes(at.try_into().ok()?);
    Some((Timestamp(at), MatterId::from_bytes(id)?))
}

/// What lines of matters on one shelf begin with.
pub(super) fn shelf(shelf: Shelf) -> Bytes {
    key(b"Is", &[&[shelf as u8]])
}

/// The line of a matter; sorts by when it was reported.
pub(super) fn shelved(on: Shelf, reported: Timestamp, id: MatterId) -> Bytes {
    key(&shelf(on), &[&position(reported, id)])
}

/// What moments open matters are due begin with.
pub(super) const DUE_AT: &[u8] = b"Id";

/// When an open matter is due first; sorts by that moment.
pub(super) fn due_at(at: Timestamp, id: MatterId) -> Bytes {
    key(DUE_AT, &[&position(at, id)])
}

/// A moment and a matter, as they sort.
pub(super) fn position(at: Timestamp, id: MatterId) -> Bytes {
    key(&at.0.max(0).to_be_bytes(), &[&id.to_bytes()])
}

/// What matters with an answer for everybody begin with.
pub(super) const ANSWERED: &[u8] = b"Q";

/// A matter with an answer for everybody.
pub(super) fn answered(id: MatterId) -> Bytes {
    key(ANSWERED, &[&id.to_bytes()])
}

/// The trace a matter is part of.
pub(super) fn trace(id: MatterId) -> Bytes {
    key(b"z", &[&id.to_bytes()])
}

/// A journal entry.
pub(super) fn journal(n: u64) -> Bytes {
    key(JOURNAL, &[&n.to_be_bytes()])
}

/// Which envelopes of a flow were seen.
pub(super) fn flow(author: DivisionCode, epoch: EpochId, to: Destination, lane: Lane) -> Bytes {
    key(
        b"f",
        &[
            &code(author),
            &epoch.0,
            &destination_bytes(to),
            &[lane.index() as u8],
        ],
    )
}

/// What all records of what was seen begin with: flows, and refusals in them. The author follows.
pub(super) const SEEN: [&[u8]; 2] = [b"f", b"x"];

/// The author of such a record.
pub(super) fn author_of_seen(key: &[u8]) -> Option<DivisionCode> {
    let author = key.get(1..)?.first_chunk::<8>()?;
    DivisionCode::from_u64(u64::from_be_bytes(*author))
}

/// What all flows of an author begin with.
pub(super) fn flows_of(author: DivisionCode) -> Bytes {
    key(b"f", &[&code(author)])
}

/// The life, destination and lane of a flow, from what follows its author in the key.
pub(super) fn flow_parts(key: &[u8]) -> Option<(EpochId, Destination, Lane)> {
    let (epoch, rest) = key.split_first_chunk::<16>()?;
    let (destination, rest) = rest.split_first_chunk::<11>()?;
    let [lane] = *rest else {
        return None;
    };
    Some((
        EpochId(*epoch),
        destination_from_bytes(destination)?,
        Lane::from_index(lane.into())?,
    ))
}

/// Why one envelope of a flow was refused.
pub(super) fn refused_envelope(flow: &[u8], sequence: u64) -> Bytes {
    key(b"x", &[&flow[1..], &sequence.to_be_bytes()])
}

/// The last sequence number this node used in a flow of its own.
pub(super) fn own_flow(epoch: EpochId, to: Destination, lane: Lane) -> Bytes {
    key(
        b"s",
        &[&epoch.0, &destination_bytes(to), &[lane.index() as u8]],
    )
}

/// What is remembered of a neighbour.
pub(super) fn peer(neighbour: DivisionCode) -> Bytes {
    key(b"p", &[&code(neighbour)])
}

/// A sum of figures.
pub(super) fn sum(cell: &CellKey) -> Bytes {
    key(SUMS, &[&cell.to_bytes()])
}

/// A sum as the parent counts it.
pub(super) fn upward(cell: &CellKey) -> Bytes {
    key(UPWARD, &[&cell.to_bytes()])
}

/// What everything children said of cells begins with.
pub(super) const HEARD_CELLS: &[u8] = b"h";

/// What a child last said of a cell.
pub(super) fn heard(child: DivisionCode, cell: &CellKey) -> Bytes {
    key(b"h", &[&code(child), &cell.to_bytes()])
}

/// What everything a child said of cells begins with.
pub(super) fn heard_prefix(child: DivisionCode) -> Bytes {
    key(b"h", &[&code(child)])
}

/// What the state of each child's figures begins with.
pub(super) const FIGURES_OF: &[u8] = b"Gf";
/// What cells begin with that are kept apart.
pub(super) const APART: &[u8] = b"Ga";

/// How the figures of a child stand.
pub(super) fn figures_of(child: DivisionCode) -> Bytes {
    key(FIGURES_OF, &[&code(child)])
}

/// A cell of a child that is kept apart.
pub(super) fn apart(child: DivisionCode, cell: &CellKey) -> Bytes {
    key(APART, &[&code(child), &cell.to_bytes()])
}

/// What everything of a child that is kept apart begins with.
pub(super) fn apart_prefix(child: DivisionCode) -> Bytes {
    key(APART, &[&code(child)])
}

/// How many cells a child has on a day.
pub(super) fn cells_on(child: DivisionCode, day: Day) -> Bytes {
    key(b"Gd", &[&code(child), &day.0.to_be_bytes()])
}

/// What a division has of one origin and category over all days, by the word of a child.
pub(super) fn balance(child: DivisionCode, cell: &CellKey) -> Bytes {
    let category = cell.category.as_str().as_bytes();
    key(
        b"Gb",
        &[
            &code(child),
            &code(cell.acting),
            &code(cell.origin),
            category,
        ],
    )
}

/// What a child did with matters of one origin, by their steps and by its own word.
pub(super) fn dealings(child: DivisionCode, origin: DivisionCode) -> Bytes {
    key(b"Gt", &[&code(child), &code(origin)])
}

/// That a category was once listed by a policy in force here.
pub(super) fn known_category(category: &Category) -> Bytes {
    key(b"Gc", &[category.as_str().as_bytes()])
}

/// What a child said of a cell in an epoch whose set is not complete yet.
pub(super) fn staged(child: DivisionCode, cell: &CellKey) -> Bytes {
    key(b"n", &[&code(child), &cell.to_bytes()])
}

/// What everything staged for a child begins with.
pub(super) fn staged_prefix(child: DivisionCode) -> Bytes {
    key(b"n", &[&code(child)])
}

/// The latest version of a template this node heard of.
pub(super) fn template(template: &TemplateKey) -> Bytes {
    key(TEMPLATES, &[&template.to_bytes()])
}

/// The highest version that others have of a template of this node's own, which its store has lost.
pub(super) fn lost_version(template: &TemplateKey) -> Bytes {
    key(b"v", &[&template.to_bytes()])
}

/// Which lives of a child's store its cells are of.
pub(super) fn lives(child: DivisionCode) -> Bytes {
    key(b"l", &[&code(child)])
}

/// A template in force.
pub(super) fn in_force(template: &TemplateKey) -> Bytes {
    key(IN_FORCE, &[&template.to_bytes()])
}

/// What a child said became of a template.
pub(super) fn adoption(template: &TemplateKey, child: DivisionCode) -> Bytes {
    key(b"y", &[&template.to_bytes(), &[0], &code(child)])
}

/// What everything children said of a template begins with.
pub(super) fn adoption_prefix(template: &TemplateKey) -> Bytes {
    key(b"y", &[&template.to_bytes(), &[0]])
}

/// A key statement.
pub(super) fn key_statement(division: DivisionCode, id: KeyId) -> Bytes {
    key(KEYS, &[&code(division), &id.0])
}

/// What key statements begin with that concern this node, whether they count or not.
pub(super) const STATED: &[u8] = b"Js";

/// A key statement that concerns this node.
pub(super) fn stated(division: DivisionCode, id: KeyId) -> Bytes {
    key(STATED, &[&code(division), &id.0])
}

/// What all of those about one division begin with.
pub(super) fn stated_of(division: DivisionCode) -> Bytes {
    key(STATED, &[&code(division)])
}

/// An upload.
pub(super) fn upload(id: UploadId) -> Bytes {
    key(UPLOADS, &[&id.0])
}

/// A file that is being fetched.
pub(super) fn fetch(digest: &Digest) -> Bytes {
    key(FETCHES, &[digest])
}

/// A file of a matter that is kept here.
pub(super) fn file(id: MatterId, no: FileNo, part: Part) -> Bytes {
    key(FILES, &[&id.to_bytes(), &no.to_bytes(), &[part as u8]])
}

/// What all files of a matter begin with.
pub(super) fn files_of(id: MatterId) -> Bytes {
    key(FILES, &[&id.to_bytes()])
}

/// The step that a file of a matter belongs to.
pub(super) fn step_of_file(key: &[u8]) -> Option<u16> {
    let no = key.get(FILES.len() + 20..)?;
    no.first_chunk().map(|step| u16::from_be_bytes(*step))
}

/// That a kept file belongs to what stands behind another key.
pub(super) fn owner(digest: &Digest, owner: &[u8]) -> Bytes {
    key(OWNERS, &[digest, owner])
}

/// What all owners of a kept file begin with.
pub(super) fn owners(digest: &Digest) -> Bytes {
    key(OWNERS, &[digest])
}

/// An account.
pub(super) fn account(id: AccountId) -> Bytes {
    key(ACCOUNTS, &[&id.0.to_be_bytes()])
}

/// Whose a login is.
pub(super) fn login(login: &str) -> Bytes {
    key(b"Pl", &[login.as_bytes()])
}

/// The hash of an account's password.
pub(super) fn password(id: AccountId) -> Bytes {
    key(b"Ph", &[&id.0.to_be_bytes()])
}

/// What wrong passwords for an account begin with, from wherever they came.
pub(super) fn failures_of(id: AccountId) -> Bytes {
    key(b"Pf", &[&id.0.to_be_bytes()])
}

/// Wrong passwords for an account from one network.
pub(super) fn failures(id: AccountId, network: &Digest) -> Bytes {
    key(&failures_of(id), &[network])
}

/// Wrong passwords for an account from anywhere.
pub(super) fn guesses(id: AccountId) -> Bytes {
    key(b"Px", &[&id.0.to_be_bytes()])
}

/// Whose a name at a provider is.
pub(super) fn passport(digest: &Digest) -> Bytes {
    key(b"Pp", &[digest])
}

/// The name a provider has for an account's person.
pub(super) fn passport_of(id: AccountId) -> Bytes {
    key(b"Pi", &[&id.0.to_be_bytes()])
}

/// A session, by the digest of its token.
pub(super) fn session(digest: &Digest) -> Bytes {
    key(b"Ps", &[digest])
}

/// An API key, by the digest of its token.
pub(super) fn api_key(digest: &Digest) -> Bytes {
    key(API_KEYS, &[digest])
}

/// A grid.
pub(super) fn grid(id: GridId) -> Bytes {
    key(GRIDS, &[&id.0.to_be_bytes()])
}

/// A slip of a matter, by the digest of its token.
pub(super) fn slip(id: MatterId, digest: &Digest) -> Bytes {
    key(b"Pr", &[&id.to_bytes(), digest])
}

/// Which account reported a matter.
pub(super) fn reporter(id: MatterId) -> Bytes {
    key(b"Pm", &[&id.to_bytes()])
}

/// What was done under a key of repetition.
pub(super) fn once(digest: &Digest) -> Bytes {
    key(b"Po", &[digest])
}

/// That something is to be deleted at a time.
pub(super) fn due(at: Timestamp, target: &[u8]) -> Bytes {
    key(DUE, &[&at.0.max(0).to_be_bytes(), target])
}

/// An entry of the audit trail.
pub(super) fn audit(n: u64) -> Bytes {
    key(AUDIT, &[&n.to_be_bytes()])
}

/// The mark of an envelope in hand at a crash.
pub(super) fn crash(name: &Digest) -> Bytes {
    key(CRASHES, &[name])
}

/// What signed words on a matter begin with.
pub(super) fn words(id: MatterId) -> Bytes {
    key(b"W", &[&id.to_bytes()])
}

/// A division's latest signed word on a matter.
pub(super) fn latest_word(id: MatterId, author: DivisionCode) -> Bytes {
    key(b"W", &[&id.to_bytes(), &code(author), &[0]])
}

/// Its last one of before the matter was opened again.
pub(super) fn ended_word(id: MatterId, author: DivisionCode) -> Bytes {
    key(b"W", &[&id.to_bytes(), &code(author), &[1]])
}

/// The author in the key of a word.
pub(super) fn word_author(key: &[u8]) -> Option<DivisionCode> {
    let author = key.get(21..29)?.try_into().ok()?;
    DivisionCode::from_u64(u64::from_be_bytes(author))
}

/// A revocation.
pub(super) fn revocation(division: DivisionCode, id: KeyId) -> Bytes {
    key(REVOCATIONS, &[&code(division), &id.0])
}

/// A webhook.
pub(super) fn hook(id: HookId) -> Bytes {
    key(HOOKS, &[&id.0])
}

/// How far a webhook has come.
pub(super) fn hook_course(id: HookId) -> Bytes {
    key(b"Ep", &[&id.0])
}

/// What a webhook signs with.
pub(super) fn hook_secret(id: HookId) -> Bytes {
    key(b"Es", &[&id.0])
}

/// Which matter a number of another system became here.
pub(super) fn imported(source: &Source, id: &str) -> Bytes {
    key(b"Ei", &[source.as_str().as_bytes(), &[0], id.as_bytes()])
}

/// Changes that one unit told, by the number of the last.
pub(super) fn change(last: u64) -> Bytes {
    key(CHANGES, &[&last.to_be_bytes()])
}

/// The number in the key of changes.
pub(super) fn change_number(key: &[u8]) -> Option<u64> {
    let number = key.strip_prefix(CHANGES)?.try_into().ok()?;
    Some(u64::from_be_bytes(number))
}

#[cfg(test)]
mod golden;

#[cfg(test)]
mod tests {
    use super::*;
    use domain::template::Scope;

    #[test]
    fn the_parts_of_a_flow_are_read_back_from_its_key() {
        let author: DivisionCode = "330825002222".parse().unwrap();
        let above = "3308".parse().unwrap();
        let epoch = EpochId([9; 16]);
        for to in [
            Destination::Division(above),
            Destination::Scope(Scope::new(above, &[], &[])),
        ] {
            let key = flow(author, epoch, to, Lane::Notice);
            let rest = key.strip_prefix(&flows_of(author)[..]).unwrap();
            assert_eq!(flow_parts(rest), Some((epoch, to, Lane::Notice)));
            assert_eq!(flow_parts(&rest[1..]), None);
        }
    }
}
