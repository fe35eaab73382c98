//! Pages of villagers: report, follow, ask. None needs an account or scripts.

pub(crate) mod draft;
mod mailbox;
pub(crate) mod matter;
mod needs;
mod offline;
mod own;
mod poster;
pub(crate) mod printed;
pub(crate) mod qr;
pub(crate) mod receipt;
mod report;
mod services;
mod verify;

pub(crate) use self::{needs::material, report::is_service};

use api::Media;
use axum::Router;
use domain::category::Category;
use web::state::AppState;

use crate::{form, page, visit::Visit, words::Words};

/// Adds the pages.
pub(crate) fn routes(router: Router<AppState>) -> Router<AppState> {
    router
        .route(
            "/report",
            page(report::begin)
                .merge(form(report::go_on))
                .layer(draft::limit()),
        )
        .route("/report/photo/{upload}", page(draft::thumb))
        .route("/my", page(own::list).merge(form(matter::open)))
        .route("/my/m/{id}", page(own::open).merge(form(own::open)))
        .route("/my/m/{id}/photo/{no}", page(own::photo))
        .route("/my/m/{id}/file/{no}", page(own::file))
        .route("/verify", page(verify::form).merge(form(verify::check)))
        .route("/v", page(verify::form))
        .route("/my/photo/{pass}/{no}", page(matter::photo))
        .route("/my/file/{pass}/{no}", page(matter::file))
        .route("/public/{id}", page(matter::public))
        .route("/mailbox", page(mailbox::show))
        .route("/mailbox/write", page(report::begin_letter))
        .route("/services", page(services::show))
        .route("/services/apply", page(report::begin_application))
        .route("/poster", page(poster::show))
        .route("/offline", page(offline::show))
        .route("/manifest.webmanifest", page(offline::manifest))
}

impl Words {
    /// Returns what people call the type of a file.
    pub(crate) fn file_kind(self, media: &Media) -> &'static str {
        match media {
            Media::Pdf => "PDF",
            media => self.of(media.chinese(), media.english()),
        }
    }

    /// Returns what people call a category: its name in the language, else its code.
    pub(crate) fn category(self, code: &str, chinese: Option<&str>) -> String {
        let known = code.parse::<Category>().ok();
        let english = known.as_ref().and_then(Category::english);
        let own = known.as_ref().and_then(Category::chinese);
        let chinese = chinese.or(own).unwrap_or(code);
        self.of(chinese, english.unwrap_or(chinese)).to_owned()
    }
}

impl Visit {
    /// Returns the address of a page for people who read it elsewhere: printed, or in a picture.
    pub(crate) fn address(&self, path: &str) -> String {
        let text = |name: &str| self.headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(origin) = text("origin").filter(|origin| origin.starts_with("http")) {
            return format!("{origin}{path}");
        }
        let host = text("host").unwrap_or_default();
        // Behind a proxy that ends TLS the node hears plain HTTP; only its own machine is open.
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let is_here = name.ends_with("localhost") || name.starts_with("127.");
        let scheme = if is_here { "http" } else { "https" };
        format!("{scheme}://{host}{path}")
    }
}
