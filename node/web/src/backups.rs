//! The records of the process, for a backup.

use std::convert::Infallible;

use api::RECORDS_FILE;
use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use backup::{Header, RecordStream, Source};
use futures::stream;
use http::header;
use office::{Fault, life_in};

use super::problem::Rejection;
use crate::state::AppState;

/// Stream the records of all nodes of the process
///
/// Everything that the nodes keep, at one moment, as the frames of a backup without files. Only whoever owns the directory may
/// ask, over the control socket; `wujitong backup` does. The node goes on working meanwhile. An answer that does not end with
/// the frame of the end is not whole.
#[utoipa::path(get, path = "/v1/records", tag = "about",
    responses((status = 200, body = Vec<u8>, content_type = "application/vnd.wujitong.records")))]
pub(super) async fn records(State(app_state): State<AppState>) -> Result<Response, Rejection> {
    let mut divisions = vec![];
    let mut one = None;
    for (division, node) in app_state.nodes.iter() {
        let office = &node.office;
        let life = life_in(office.store(), *division).await?;
        divisions.push(Source::of(*division, life));
        one.get_or_insert(office);
    }
    let office = one.ok_or_else(Rejection::no_such_path)?;
    let header = Header {
        format: backup::FORMAT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        network: app_state.network.id_hex(),
        zone: app_state.network.zone.to_string(),
        made_ms: office.now().0,
        running: true,
        divisions,
    };
    let export = office.store().export().map_err(Fault::from)?;
    let records = RecordStream::of(export, &header);
    tracing::info!(
        nodes = header.divisions.len(),
        "records are read for a backup"
    );
    let body = stream::unfold(records, |mut records| async {
        let bytes = records.next().await?;
        Some((Ok::<_, Infallible>(bytes), records))
    });
    let kind = [(header::CONTENT_TYPE, RECORDS_FILE)];
    Ok((kind, Body::from_stream(body)).into_response())
}
