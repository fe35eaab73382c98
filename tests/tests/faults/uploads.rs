//! A node that is killed again and again while photos are uploaded.

use std::time::Duration;

use rand::{RngExt, SeedableRng, rngs::StdRng};
use testkit::{code, pictures::photo, program::Programs};
use tokio::{fs::File, time::sleep};
use wujitong::{
    api::{Media, ReportRequest, UploadView},
    cli::client::{Client, ClientError, UploadError},
};

const KILLS: usize = 20;

/// Uploads a photo, however often the node goes away. The node must keep what it once acknowledged.
async fn hand_in(client: &Client, path: &std::path::Path) -> UploadView {
    loop {
        let mut file = File::open(path).await.unwrap();
        let mut had = 0;
        let told = |has| {
            assert!(has >= had, "{has} bytes after {had}");
            had = has;
        };
        match client.upload(code("33"), Media::Png, &mut file, told).await {
            Ok(upload) => return upload,
            // The node went away before it returned the upload's id, or too often for the client.
            Err(UploadError::Client(ClientError::Unreachable { .. })) => {
                sleep(Duration::from_millis(50)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_byte_of_a_photo_is_lost_when_the_node_is_killed() {
    let mut chance = StdRng::seed_from_u64(super::seed());
    let mut programs = Programs::down_to("33");
    programs.start().await;
    let client = programs.programs[0].client();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("photo.png");
    std::fs::write(&path, photo(600, 600, 5)).unwrap();

    let handing_in = tokio::spawn({
        let (client, path) = (Client::new(client.socket()), path.clone());
        async move {
            let mut uploads = vec![];
            for _ in 0..8 {
                uploads.push(hand_in(&client, &path).await.id);
            }
            uploads
        }
    });
    for _ in 0..KILLS {
        sleep(Duration::from_millis(chance.random_range(10..400))).await;
        programs.programs[0].kill().await;
        programs.programs[0].start().await;
        if handing_in.is_finished() {
            break;
        }
    }
    let uploads = handing_in.await.unwrap();
    let report = ReportRequest {
        attachments: uploads,
        ..ReportRequest::new("enforcement/rubbish", "见照片")
    };
    let id = client.report(code("33"), &report).await.unwrap().id;
    programs.programs[0].kill().await;
    programs.programs[0].start().await;
    for no in 0..report.attachments.len() {
        let path = format!("/v1/nodes/33/matters/{id}/attachments/{no}");
        let file = client.file(&path).await.unwrap();
        assert!(
            file.starts_with(b"\xff\xd8\xff") && file.len() > 100_000,
            "{no}"
        );
    }
}
