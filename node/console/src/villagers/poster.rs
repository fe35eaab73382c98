//! The poster for the notice board: A4, in big type and both languages, with a QR code.

use std::sync::Arc;

use askama::Template;

use super::qr::{Picture, draw};
use crate::{
    answer::Answer,
    frame::Frame,
    visit::Visit,
    words::{Language, Words},
};

#[derive(Template)]
#[template(path = "poster.html")]
struct PosterPage {
    frame: Frame,
    w: Words,
    both: [Words; 2],
    place: String,
    address: String,
    picture: Option<Picture>,
}

/// Shows the poster.
pub(crate) async fn show(visit: Arc<Visit>) -> Answer {
    let place = visit.name_of(visit.division()?);
    let address = visit.address("/report");
    visit.show(&PosterPage {
        frame: Frame::of(&visit, visit.w.poster_title()),
        w: visit.w,
        both: [Words(Language::Chinese), Words(Language::English)],
        place,
        picture: draw(&address),
        address,
    })
}
