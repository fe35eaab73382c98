//! Photos of matters on their way through the tiers.

mod damage;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use testkit::{
    CITY, CLERK, COUNTY, Network, Options, PATH, TOWNSHIP, VILLAGE,
    clock::ShiftedClock,
    code, direct, eventually,
    peer::Peer,
    pictures::{CANARY, photo},
    rubbish,
};
use wujitong::{
    api::{FileLines, Named},
    cli::client::{Client, ClientError},
    domain::{
        attachment::{FileNo, Media, Part, UploadId},
        fetch::{FETCH_BYTES, Fetch, Fetched},
        ids::MatterId,
        matter::Erasure,
    },
    office::{Looked, NewReport, Reader, Serve, Wanted},
    wire::frame::Frame,
};

const FIRST: FileNo = FileNo { step: 0, index: 0 };

fn client(network: &Network, division: &str) -> Client {
    Client::new(network.host(division).socket())
}

/// Uploads a file at a node.
async fn upload(network: &Network, at: &str, media: Media, file: &[u8]) -> UploadId {
    let office = network.office(at);
    let begun = office
        .files()
        .begin_upload(media, file.len() as u64, CLERK)
        .await;
    let id = begun.unwrap().id;
    let file = Bytes::copy_from_slice(file);
    let done = office.files().continue_upload(id, 0, file, &CLERK).await;
    assert!(done.unwrap().ready.is_some());
    id
}

async fn report(network: &Network, at: &str, new: NewReport, to: Option<&str>) -> MatterId {
    let office = network.office(at);
    let reported = match to {
        Some(to) => {
            office
                .matters()
                .report_and_escalate(new, code(to), CLERK)
                .await
        }
        None => office.matters().report(new, CLERK).await,
    };
    reported.unwrap()
}

/// Returns a matter held by the county with a photo taken in the village.
async fn photo_for_the_county(network: &Network) -> MatterId {
    let id = upload(network, VILLAGE, Media::Png, &photo(400, 300, 7)).await;
    let new = NewReport {
        attachments: vec![id],
        ..rubbish("see the photo")
    };
    let id = report(network, VILLAGE, new, Some(COUNTY)).await;
    network.held(COUNTY, id).await;
    id
}

async fn file(network: &Network, at: &str, id: MatterId, no: &str) -> Result<Bytes, ClientError> {
    let path = format!("/v1/nodes/{at}/matters/{id}/attachments/{no}");
    client(network, at).file(&path).await
}

fn status(refused: Result<Bytes, ClientError>) -> u16 {
    match refused {
        Err(ClientError::Problem(problem)) => {
            assert!(problem.known().is_some(), "{problem:?}");
            problem.status
        }
        other => panic!("a problem was expected, not {other:?}"),
    }
}

async fn wanted(network: &Network, at: &str, id: MatterId) -> Wanted {
    let office = network.office(at);
    let looked = office
        .files()
        .attachment(id, FIRST, Part::Whole, Reader::Clerk)
        .await;
    match looked.unwrap() {
        Looked::Elsewhere(wanted) => wanted,
        Looked::Here(_) => panic!("{at} has the file already"),
    }
}

/// Returns every file below a directory.
fn below(dir: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in std::fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(below(&path)),
            false => found.push(path),
        }
    }
    found
}

/// Counts the files of uploads and matters on a node's disk.
fn kept(network: &Network, at: &str) -> usize {
    below(&network.home(at).join("store/files")).len()
}

fn nowhere(needle: &[u8], dir: &Path) {
    for path in below(dir) {
        // A socket has no bytes to read.
        let bytes = std::fs::read(&path).unwrap_or_default();
        let found = bytes.windows(needle.len()).any(|window| window == needle);
        assert!(!found, "{}", path.display());
    }
}

#[tokio::test]
async fn a_photo_from_the_village_is_fetched_by_the_county_that_holds_the_matter() {
    let network = Network::of(&[VILLAGE]).await;
    let id = photo_for_the_county(&network).await;
    assert_eq!(
        kept(&network, COUNTY),
        0,
        "nothing travels before it is asked for"
    );
    let whole = file(&network, COUNTY, id, "0").await.unwrap();
    assert!(whole.starts_with(b"\xff\xd8\xff") && whole.len() > 2 * FETCH_BYTES);
    let thumb = file(&network, COUNTY, id, "0/thumb").await.unwrap();
    assert!(thumb.starts_with(b"\xff\xd8\xff") && thumb.len() < whole.len());
    assert_eq!(
        kept(&network, TOWNSHIP),
        0,
        "who only carries keeps nothing"
    );

    // Only the holder sees it, as with the text.
    for division in [VILLAGE, TOWNSHIP, CITY] {
        assert_eq!(
            status(file(&network, division, id, "0").await),
            404,
            "{division}"
        );
    }
    assert_eq!(status(file(&network, COUNTY, id, "1").await), 404);
    let path = format!("/v1/nodes/{COUNTY}/matters/{id}/attachments");
    let listed: Named<FileLines> = client(&network, COUNTY).get(&path).await.unwrap();
    assert_eq!(listed.facts.files[0].file.held_by, code(VILLAGE));

    nowhere(CANARY, network.dir());
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn what_was_fetched_once_is_there_when_the_village_is_not() {
    let mut network = Network::of(&[VILLAGE]).await;
    let id = photo_for_the_county(&network).await;
    let whole = file(&network, COUNTY, id, "0").await.unwrap();
    network.stop(VILLAGE).await;
    assert_eq!(file(&network, COUNTY, id, "0").await.unwrap(), whole);
    // Further up, the copy on the way is used.
    network.escalate(COUNTY, id, CITY).await;
    network.held(CITY, id).await;
    assert_eq!(file(&network, CITY, id, "0").await.unwrap(), whole);
    network.shut_down().await;
}

#[tokio::test]
async fn a_fetch_that_was_cut_off_goes_on_where_it_was() {
    let mut network = Network::of(&[VILLAGE]).await;
    let id = photo_for_the_county(&network).await;
    let first = wanted(&network, COUNTY, id).await.fetch;
    // The first part came; then the county's machine went down.
    let given = network
        .office(VILLAGE)
        .files()
        .asked_for_file(code(TOWNSHIP), &first)
        .await;
    let Ok(Serve::Answer(Fetched::Bytes(bytes))) = given else {
        panic!("{given:?}");
    };
    assert_eq!(bytes.len(), FETCH_BYTES);
    let county = network.office(COUNTY);
    let mut fetching = county
        .files()
        .begin_fetch(wanted(&network, COUNTY, id).await)
        .await
        .unwrap();
    county
        .files()
        .go_on_fetching(&mut fetching, bytes)
        .await
        .unwrap();
    drop((fetching, county));
    network.stop(VILLAGE).await;
    network.stop(COUNTY).await;
    network.restart(COUNTY).await;
    let township = network.node(TOWNSHIP).links;
    eventually("the township is linked again", || async {
        township.is_up(code(COUNTY))
    })
    .await;
    assert_eq!(
        status(file(&network, COUNTY, id, "0").await),
        504,
        "the village is away"
    );

    let fetching = network
        .office(COUNTY)
        .files()
        .begin_fetch(wanted(&network, COUNTY, id).await)
        .await;
    assert_eq!(fetching.unwrap().next().unwrap().at, FETCH_BYTES as u64);
    network.restart(VILLAGE).await;
    network.linked().await;
    assert!(file(&network, COUNTY, id, "0").await.unwrap().len() > FETCH_BYTES);
    network.shut_down().await;
}

#[tokio::test]
async fn bytes_that_are_not_the_file_are_thrown_away_and_fetched_anew() {
    let network = Network::of(&[VILLAGE]).await;
    let id = photo_for_the_county(&network).await;
    let county = network.office(COUNTY);
    let mut fetching = county
        .files()
        .begin_fetch(wanted(&network, COUNTY, id).await)
        .await
        .unwrap();
    let forged = Bytes::from(vec![7; fetching.sealed_bytes() as usize]);
    let refused = county
        .files()
        .go_on_fetching(&mut fetching, forged)
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("are not the file"),
        "{refused}"
    );
    drop(fetching);
    assert_eq!(kept(&network, COUNTY), 0);
    assert!(
        file(&network, COUNTY, id, "0")
            .await
            .unwrap()
            .starts_with(b"\xff\xd8\xff")
    );
    drop(county);
    network.shut_down().await;
}

#[tokio::test]
async fn what_is_erased_takes_its_files_along_wherever_they_are() {
    let network = Network::of(&[VILLAGE]).await;
    let id = photo_for_the_county(&network).await;
    file(&network, COUNTY, id, "0").await.unwrap();
    let county = network.office(COUNTY);
    let erased = county.matters().erase(id, Erasure::Consent, CLERK).await;
    erased.unwrap();
    network.quiet().await;
    assert_eq!(status(file(&network, COUNTY, id, "0").await), 404);
    for division in [COUNTY, TOWNSHIP, VILLAGE] {
        network.office(division).files().sweep().await.unwrap();
        assert_eq!(kept(&network, division), 0, "{division}");
    }
    drop(county);
    network.shut_down().await;
}

#[tokio::test]
async fn files_of_a_remark_are_for_everybody_who_acted() {
    let network = Network::of(&[VILLAGE]).await;
    let id = report(&network, VILLAGE, rubbish("at the bridge"), Some(COUNTY)).await;
    network.held(COUNTY, id).await;
    let done = upload(&network, COUNTY, Media::Png, &photo(200, 200, 9)).await;
    let work = wujitong::office::Work::Do(wujitong::domain::matter::Act::Handle);
    let note = Some("two lorries sent".to_owned());
    let county = network.office(COUNTY);
    county
        .matters()
        .work_with(id, work, note, &[done], CLERK, None)
        .await
        .unwrap();
    drop(county);
    network.quiet().await;
    let path = format!("/v1/nodes/{VILLAGE}/matters/{id}/attachments");
    let listed: Named<FileLines> = client(&network, VILLAGE).get(&path).await.unwrap();
    let no = &listed.facts.files[0].no;
    let there = file(&network, COUNTY, id, no).await.unwrap();
    assert_eq!(
        file(&network, VILLAGE, id, no).await.unwrap(),
        there,
        "{no}"
    );
    network.shut_down().await;
}

#[tokio::test]
async fn files_go_when_their_time_is_over_and_not_before() {
    const DAY_MS: i64 = 86_400_000;
    let clock = Arc::new(ShiftedClock::default());
    let options = Options {
        clock: Arc::<ShiftedClock>::clone(&clock),
        ..Options::default()
    };
    let network = Network::with(&[VILLAGE], options).await;
    let id = photo_for_the_county(&network).await;
    let open = photo_for_the_county(&network).await;
    file(&network, COUNTY, id, "0").await.unwrap();
    let unused = upload(&network, VILLAGE, Media::Png, &photo(20, 20, 3)).await;
    network.close(COUNTY, id).await;
    network.closed(VILLAGE, id).await;
    let village = network.office(VILLAGE);

    clock.set_shift_ms(2 * DAY_MS);
    let swept = village.files().sweep().await.unwrap();
    assert_eq!((swept.stale, swept.over, swept.orphans), (1, 0, 0));
    assert!(village.files().upload(unused, &CLERK).await.is_err());
    assert_eq!(
        kept(&network, VILLAGE),
        4,
        "two photos and their thumbnails"
    );
    assert!(file(&network, COUNTY, id, "0").await.is_ok());

    let retention = i64::from(
        village
            .files()
            .attachment_limits()
            .await
            .unwrap()
            .retention_days,
    );
    clock.set_shift_ms((retention + 2) * DAY_MS);
    assert_eq!(village.files().sweep().await.unwrap().over, 2);
    assert_eq!(
        network.office(COUNTY).files().sweep().await.unwrap().over,
        1
    );
    assert_eq!(status(file(&network, COUNTY, id, "0").await), 410);
    assert_eq!(kept(&network, VILLAGE), 2);
    // The open one is overdue after so long: the county's clock may have sent it up meanwhile.
    eventually("whoever holds the open one reads its file", || async {
        let mut reads = false;
        for at in [COUNTY, CITY, "33"] {
            reads |= file(&network, at, open, "0").await.is_ok();
        }
        reads
    })
    .await;
    drop(village);
    network.shut_down().await;
}

#[tokio::test]
async fn what_a_crash_left_behind_is_swept_and_nothing_else() {
    let mut network = Network::of(&[VILLAGE]).await;
    let id = photo_for_the_county(&network).await;
    let ready = upload(&network, VILLAGE, Media::Png, &photo(20, 20, 3)).await;
    let half = network
        .office(VILLAGE)
        .files()
        .begin_upload(Media::Pdf, 9, CLERK)
        .await
        .unwrap()
        .id;
    let chunk = Bytes::from_static(b"abc");
    network
        .office(VILLAGE)
        .files()
        .continue_upload(half, 0, chunk, &CLERK)
        .await
        .unwrap();
    let before = kept(&network, VILLAGE);
    network.stop(VILLAGE).await;
    let files = network
        .home(VILLAGE)
        .join("store/files")
        .join(code(VILLAGE).to_string());
    std::fs::write(files.join("parts").join("ab".repeat(16)), "half a file").unwrap();
    std::fs::write(
        files
            .join("parts")
            .join(format!("draft-{}", "cd".repeat(32))),
        "x",
    )
    .unwrap();
    std::fs::create_dir_all(files.join("kept/ef")).unwrap();
    std::fs::write(files.join("kept/ef").join("ef".repeat(32)), "nobody's").unwrap();
    network.restart(VILLAGE).await;
    // It deletes expired files when it starts.
    eventually("the rest is swept", || async {
        kept(&network, VILLAGE) == before
    })
    .await;
    let village = network.office(VILLAGE);
    assert!(
        village
            .files()
            .upload(ready, &CLERK)
            .await
            .unwrap()
            .ready
            .is_some()
    );
    assert_eq!(
        village.files().upload(half, &CLERK).await.unwrap().offset,
        3
    );
    drop(village);
    network.linked().await;
    assert!(file(&network, COUNTY, id, "0").await.is_ok());
    network.shut_down().await;
}

async fn told(peer: &mut Peer, fetch: Fetch) -> Fetched {
    peer.say(Frame::Fetch(7, fetch)).await;
    loop {
        match peer.hear().await.unwrap() {
            Frame::Fetched(7, fetched) => return fetched,
            Frame::Goodbye(goodbye) => panic!("{goodbye:?}"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_neighbour_gets_no_bytes_but_those_of_matters_that_come_to_its_side() {
    let mut network = Network::founded(&[VILLAGE], Options::default()).await;
    for division in &PATH[2..] {
        network.restart(division).await;
    }
    let mut matters = vec![];
    for new in [
        rubbish("own"),
        direct("about the township", TOWNSHIP),
        rubbish("given"),
    ] {
        let id = upload(&network, COUNTY, Media::Png, &photo(200, 300, 4)).await;
        let new = NewReport {
            attachments: vec![id],
            ..new
        };
        matters.push(report(&network, COUNTY, new, None).await);
    }
    network.assign(COUNTY, matters[2], TOWNSHIP).await;
    let county = network.office(COUNTY);
    let mut peer = Peer::dial(&network, TOWNSHIP).await;
    let mut fetches = vec![];
    for id in &matters {
        let looked = county
            .files()
            .attachment(*id, FIRST, Part::Whole, Reader::Reporter(None))
            .await;
        let Ok(Looked::Here(file)) = looked else {
            panic!("it was handed in here");
        };
        fetches.push(Fetch {
            matter: *id,
            no: FIRST,
            part: Part::Whole,
            digest: file.digest(),
            at: 0,
            asker: code(TOWNSHIP),
            held_by: code(COUNTY),
        });
    }
    for (fetch, why) in [
        (fetches[0], "held by the county"),
        (fetches[1], "about the township"),
        (
            Fetch {
                asker: code(VILLAGE),
                ..fetches[1]
            },
            "about the one above",
        ),
        (
            Fetch {
                asker: code(VILLAGE),
                ..fetches[2]
            },
            "bound for another",
        ),
        (
            Fetch {
                asker: code(CITY),
                ..fetches[2]
            },
            "from the wrong side",
        ),
        (
            Fetch {
                digest: [0; 32],
                ..fetches[2]
            },
            "another file",
        ),
        (
            Fetch {
                matter: MatterId {
                    number: 99,
                    ..matters[0]
                },
                ..fetches[0]
            },
            "unknown",
        ),
    ] {
        assert_eq!(told(&mut peer, fetch).await, Fetched::NotEntitled, "{why}");
    }
    let given = told(&mut peer, fetches[2]).await;
    let Fetched::Bytes(bytes) = given else {
        panic!("{given:?}");
    };
    assert_eq!(bytes.len(), FETCH_BYTES);
    let not_there = Fetch {
        no: FileNo { step: 0, index: 1 },
        ..fetches[2]
    };
    assert_eq!(told(&mut peer, not_there).await, Fetched::Gone);

    // It sends request after request and reads no answer.
    for id in 0..64 {
        peer.say(Frame::Fetch(id, fetches[2])).await;
    }
    let links = network.node(COUNTY).links;
    eventually("its link is ended", || async {
        !links.is_up(code(TOWNSHIP))
    })
    .await;
    let states = links.states();
    let (_, state) = states
        .iter()
        .find(|(peer, _)| *peer == code(TOWNSHIP))
        .unwrap();
    let why = state.last_end.as_deref().unwrap();
    assert!(why.contains("more files at a time"), "{why}");
    drop(county);
    network.shut_down().await;
}
